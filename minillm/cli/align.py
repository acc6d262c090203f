"""python -m minillm align: teach a pretrained GPT what people prefer."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from minillm.alignment import (
    REWARD_MODEL,
    AlignmentRun,
    PairData,
    PolicyData,
    PolicyTrainer,
    RewardData,
    hold_out,
    judge_pairs,
    judge_policy,
    learned_reward,
    new_reward_model,
    offline_objective,
    prompts_from,
    read_pairs,
    reference_of_pairs,
    reference_of_weights,
    reward_accuracy,
    tokenize_pairs,
)
from minillm.alignment.on_policy import METHODS as ON_POLICY
from minillm.backend import Device, choose_device
from minillm.cli.align_options import WAYS, add_align_arguments, method_of, settings
from minillm.cli.finetune import absolute
from minillm.cli.results import per_cent
from minillm.cli.session import carry_out, changes, check_end, draw_curve
from minillm.cli.terminal import count, duration, program, say, shell_word, visible
from minillm.errors import InputError
from minillm.models import GPT, GPTWithValue, Model, build, copy_parameters
from minillm.preferences import Reward, reward_again, reward_of
from minillm.pretraining import task_from_record
from minillm.text import Tokenizer, read_text
from minillm.training import Run, Trainer, TrainOptions, default_workers, load
from minillm.training.checkpoint import load_model
from minillm.training.run import OPTIONS

DESCRIPTION = """example: python -m minillm align --checkpoint runs/first --pairs pairs.jsonl --out runs/aligned

Teach a pretrained GPT what people prefer: from pairs of answers, or with --reward from scores of what it writes itself. A pair is a
line {"prompt": "...", "chosen": "...", "rejected": "..."} of JSON. Ctrl-C stops and saves; --resume goes on as if nothing had happened."""

TASK = "alignment"


def add_arguments(parser) -> None:
    add_align_arguments(parser)


class Job(NamedTuple):
    """A run, ready to go on."""

    folder: AlignmentRun
    trainer: Trainer
    tokenizer: Tokenizer
    method: str
    facts: dict
    told: list[str]  # what there is to say of the data
    report: Callable[[Model], str]  # how well the model does now
    start: float | None  # the loss of a model that can't tell the answers apart, where that is ln 2


def run(args) -> int:
    if args.stop_at is not None and args.stop_at < 1:
        raise InputError(f"--stop-at must be at least 1, got {args.stop_at}.", "Give the number of a step.")
    folder = AlignmentRun(args.out)
    with folder.lock(resume=args.resume):
        return train_in(folder, args)


def train_in(folder: AlignmentRun, args) -> int:
    device = choose_device(args.device)
    job = (resume if args.resume else start)(folder, args, device)
    trainer = job.trainer
    options, config = trainer.options, trainer.model.config
    processes = f", {options.workers} processes that share each batch" if options.workers > 1 else ""
    say(f"device  {device.name}: {device.reason}{processes}")
    say(f"model   {config.name} of {config.parameter_count():,} parameters, learning by {WAYS[job.method].what}")
    for line in job.told:
        say(line)
    here = shell_word(folder.directory)

    def draw() -> None:
        draw_curve(folder, job.start, None, per="answer" if job.method in ON_POLICY else "pair", choices="2")

    code = carry_out(
        "align",
        folder,
        trainer,
        sample=lambda: job.report(trainer.model),
        draw=draw,
        tokens=options.batch * min(getattr(config, "context", 0) or config.body.context, 64),
        batches=1 if job.method in ON_POLICY else sum(1 for _ in trainer.data.validation_batches(options.batch)),
        stop_at=args.stop_at,
    )
    if code is not None:
        return code
    if isinstance(trainer, PolicyTrainer) and trainer.over_budget():
        say(f"ended   the KL is above the budget of {trainer.kl_budget:g} nats; the best model inside it is kept")
    say(f"done    {duration(trainer.elapsed)}, best at step {trainer.best_step:,}: {folder.directory}")
    print(job.report(load_model(folder.directory, device)))
    if job.method == "reward":
        say(
            f"next    {program()} align --checkpoint {shell_word(job.facts['chosen']['checkpoint'])} --reward {here} --out runs/grpo"
        )
    else:
        say(f"next    {program()} generate --checkpoint {here} --prompt {shell_word(job.facts['prompt'])}")
    return 0


def start(folder: AlignmentRun, args, device: Device) -> Job:
    """A new run. Everything that can be wrong is found before anything is written."""
    if args.checkpoint is None:
        raise InputError("--checkpoint is missing.", f"See {program()} align --help")
    method = method_of(args)
    needed = {
        "the model to begin with": args.checkpoint,
        "the pairs": args.pairs,
        "the text for the prompts": args.prompts,
    }
    folder.refuse_to_replace(needed | {"the reward": args.reward and args.reward.removeprefix("words:")})
    if not args.overwrite:
        folder.refuse_existing()
    chosen = settings(args, method)
    chosen.setdefault("workers", default_workers(chosen["batch"], device))
    smoothing = chosen.pop("label_smoothing", None)  # of pairs, not of tokens
    options = TrainOptions(**{f.name: chosen[f.name] for f in dataclasses.fields(TrainOptions) if f.name in chosen})
    if smoothing is not None:
        chosen["label_smoothing"] = smoothing
    pretrained, tokenizer = load(args.checkpoint, device)
    if not isinstance(pretrained, GPT):
        raise InputError(
            f"{args.checkpoint} holds {pretrained.config.name}, which writes no text.",
            "Use a model of pretrain --objective causal.",
        )
    base = without_dropout(pretrained, device)
    remembered = {"objective": TASK, "method": method, "checkpoint": absolute(args.checkpoint)}
    remembered |= {name: finite(chosen[name]) for name in WAYS[method].own}
    reward = None
    if method in ON_POLICY:
        reward = reward_for(args.reward, trusted=True)
        remembered |= remembered_reward(reward) | {"prompts": absolute(args.prompts)}
    job = prepare(method, remembered, None, args.pairs, base, tokenizer, options, folder, device, reward)
    folder.create(job.trainer, tokenizer, options, job.facts, overwrite=args.overwrite)
    return job


def resume(folder: AlignmentRun, args, device: Device) -> Job:
    """The run in --out, where it stopped."""
    options, facts = folder.read_options()
    remembered = facts["chosen"]
    if remembered.get("objective") != TASK or remembered.get("method") not in WAYS:
        raise InputError(f"{args.out} holds a run that align did not begin.", "Go on with the command that did.")
    method, config = remembered["method"], folder.config()
    tokenizer = folder.tokenizer(config)
    named = {name: value for name, value in vars(args).items() if value is not None}
    for name in ("checkpoint", "prompts"):
        if name in named:
            named[name] = absolute(named[name])
    reward = None
    if method in ON_POLICY:
        known = remembered["reward"], remembered.get("reward_sha256")
        reward = reward_again(*known, named.pop("reward", None), make=reward_for)
        remembered |= remembered_reward(reward)
    fixed = config.to_dict() | options.to_dict() | remembered
    options = dataclasses.replace(options, **changes(named, fixed))
    pairs = args.pairs if args.pairs is not None else facts["source"]
    body = getattr(config, "body", config)
    base = build(body, seed=None, device=device)
    if method in ON_POLICY:
        folder.load_reference_of_weights(base, facts.get("reference"))
    job = prepare(method, remembered, facts, pairs, base, tokenizer, options, folder, device, reward)
    folder.load(job.trainer)
    check_end(job.trainer, args.steps, args.stop_at)
    folder.write_options(options, facts)
    return job


def prepare(
    method: str,
    chosen: dict,
    began: dict | None,
    source: str | None,
    base: GPT,
    tokenizer: Tokenizer,
    options: TrainOptions,
    folder: AlignmentRun,
    device: Device,
    reward: Reward | None,
) -> Job:
    """What trains, its data and its reports. `base` is the model to begin with; a resumed run loads its own weights after this.

    `began` is what a resumed run remembers, and None for a new one, whatever lies in its folder. InputError if the data is not the same.
    """
    facts = {"chosen": chosen, "source": absolute(source)}
    if method in ON_POLICY:
        return policy_job(method, facts, began, base, tokenizer, options, folder, device, reward)
    pairs = read_pairs(source)
    tokens = tokenize_pairs(pairs, tokenizer, base.config.context)
    training, held_out = (tokens.part(which) for which in hold_out(len(pairs), options.seed))
    facts |= {
        "name": "standard input" if source == "-" else source,
        "sha256": hashlib.sha256(
            json.dumps([pair.texts() for pair in pairs], ensure_ascii=False).encode("utf-8")
        ).hexdigest(),
        "prompt": " ".join(visible(pairs[0].prompt).split())[:40] or "\\n",
    }
    check_same(facts, began)
    told = [f"data    {facts['name']}: {len(training.prompts):,} pairs to train on, {len(held_out.prompts):,} held out"]
    if method == "reward":
        model = new_reward_model(base, seed=options.seed)
        trainer = Trainer(model, RewardData(training, held_out), options, REWARD_MODEL)
        return Job(
            folder, trainer, tokenizer, method, facts, told, lambda model: told_reward(model, held_out), math.log(2)
        )
    objective = offline_objective(
        method,
        beta=chosen["beta"],
        label_smoothing=chosen.get("label_smoothing", 0.0),
        gamma=chosen.get("gamma", 0.0),
    )
    data = PairData(training, held_out, mismatched=method == "kto", context=base.config.context)
    if began is None:
        say(f"reference  reads {2 * len(pairs):,} answers, once ...")
        folder.reference = reference_of_pairs(base, data)
        facts["reference"] = folder.reference.fingerprints["model"]
    else:
        folder.load_reference_of_pairs(data, began.get("reference"))
    told.append("        a model that has learned nothing has a loss of " + beginning(method, chosen))
    trainer = Trainer(base, data, options, objective)
    return Job(
        folder,
        trainer,
        tokenizer,
        method,
        facts,
        told,
        lambda model: told_pairs(model, data, chosen["beta"]),
        math.log(2) if method in ("dpo", "robust") else None,
    )


def check_same(facts: dict, began: dict | None) -> None:
    if began is not None and began["sha256"] != facts["sha256"]:
        raise InputError(
            f"{facts['name']} does not hold what this run began with.", "Give the same again, or start another run."
        )


def beginning(method: str, chosen: dict) -> str:
    if method in ("dpo", "robust"):
        return "ln 2 = 0.693"
    return {"hinge": "1", "kto": "1/2", "ipo": f"1/(2β)² = {1 / (2 * chosen['beta']) ** 2:.3g}"}.get(
        method, "its own: there is no reference"
    )


def policy_job(
    method: str,
    facts: dict,
    began: dict | None,
    base: GPT,
    tokenizer: Tokenizer,
    options: TrainOptions,
    folder: AlignmentRun,
    device: Device,
    reward: Reward,
) -> Job:
    chosen = facts["chosen"]
    context = base.config.context
    if chosen["prompt_tokens"] + chosen["answer_tokens"] > context + 1:
        raise InputError(
            f"A prompt of {chosen['prompt_tokens']} tokens and an answer of {chosen['answer_tokens']} are more than the {context} tokens "
            "that the model sees at once.",
            f"Try --prompt-tokens {max(1, context // 3)} --answer-tokens {max(1, context - context // 3)}.",
        )
    text, name = prompt_text(chosen)
    prompts = prompts_from(text, tokenizer, chosen["prompt_tokens"], seed=options.seed)
    facts |= {"name": name, "sha256": hashlib.sha256(prompts.tobytes()).hexdigest(), "source": None}
    facts["prompt"] = visible(tokenizer.decode(prompts[0], special=False)).strip()[-40:] or "\\n"
    check_same(facts, began)
    reward([tokenizer.decode(row, special=False) for row in prompts[:4]])  # one that goes wrong does so now
    reference = without_dropout(base, device)
    if began is None:
        folder.reference = reference_of_weights(reference)
        facts["reference"] = folder.reference.fingerprints["model"]
    model = GPTWithValue(base) if method == "ppo" else base
    data = PolicyData(model, tokenizer, prompts, reward, method, tokens=chosen["answer_tokens"], group=chosen["group"])
    budget = math.inf if chosen["kl_budget"] is None else chosen["kl_budget"]
    trainer = PolicyTrainer(
        model,
        data,
        options,
        method,
        reference,
        updates=chosen.get("updates", 1),
        kl_weight=chosen["kl_weight"],
        kl_budget=budget,
    )
    told = [
        f"data    {count(len(data.prompts), 'prompt')} of {name}, {count(len(data.held_out), 'other')} to evaluate on; "
        f"{chosen['group']} answers to each; reward: {reward.name}"
    ]

    def report(model: Model) -> str:
        return told_policy(judge_policy(getattr(model, "body", model), reference, data, options.seed))

    return Job(folder, trainer, tokenizer, method, facts, told, report, None)


def prompt_text(chosen: dict) -> tuple[str, str]:
    """The text for the prompts and its name: a file, or what the model was pretrained on."""
    if chosen["prompts"] is not None:
        return read_text(chosen["prompts"]), chosen["prompts"]
    name_one = "Name a text for the prompts: --prompts FILE."
    run = Run(chosen["checkpoint"])
    if not run.path(OPTIONS).exists():
        raise InputError(f"{chosen['checkpoint']} does not say what it was pretrained on.", name_one)
    _, facts = run.read_options()
    began = facts["chosen"]
    if began.get("objective") != "causal" or facts["source"] == "-":
        raise InputError(f"The text that {chosen['checkpoint']} was pretrained on can't be read again.", name_one)
    return task_from_record(began).read(facts["source"]), facts["name"]


def reward_for(form: str, *, trusted: bool, sha256: str | None = None) -> Reward:
    """As `reward_of`, and of a folder the reward model in it."""
    if Path(form).is_dir():
        return learned_reward(absolute(form), sha256)
    return reward_of(form, trusted=trusted, sha256=sha256)


def remembered_reward(reward: Reward) -> dict:
    return {"reward": reward.name, "reward_sha256": reward.sha256}


def without_dropout(model: GPT, device: Device) -> GPT:
    """A copy that drops nothing: what it says of an answer must not depend on chance."""
    copy = build(dataclasses.replace(model.config, dropout=0.0), seed=None, device=device)
    copy_parameters(model, copy)
    copy.eos_token_id = model.eos_token_id
    return copy


def finite(value: float | int) -> float | int | None:
    """For JSON, which knows no infinity."""
    return None if value == math.inf else value


def told_reward(model: Model, held_out) -> str:
    return f"held-out pairs: {per_cent(reward_accuracy(model, held_out))} right"


def told_pairs(model: Model, data: PairData, beta: float) -> str:
    report = judge_pairs(model, data)
    return (
        f"held-out pairs: {per_cent(report.accuracy)} right, margin {beta * report.margin:+.3f} (β times {report.margin:+.2f} nats); "
        f"chosen answers {report.chosen:+.2f} nats, rejected {report.rejected:+.2f}"
    )


def told_policy(report) -> str:
    return (
        f"answers to held-out prompts: reward {report.reward:.3f}, KL {report.kl:.2f} nats an answer of {report.length:.0f} tokens; "
        f"one of them: {visible(report.sample.rstrip(chr(10)))}"
    )
