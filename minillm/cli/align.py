"""python -m minillm align: teach a pretrained GPT what people prefer."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from minillm.alignment import (
    AlignmentRun,
    PairData,
    PolicyData,
    PolicyTrainer,
    Report,
    RewardData,
    evaluate_pairs,
    evaluate_policy,
    hold_out,
    load_reward_model,
    prompts_from,
    read_pairs,
    reference_of_pairs,
    reference_of_weights,
    reward_accuracy,
    tokenize_pairs,
)
from minillm.alignment.job import options_from, trainer_on_pairs, trainer_on_rewards, without_dropout
from minillm.alignment.methods import METHODS, ON_POLICY, settings_for
from minillm.alignment.record import Choices
from minillm.backend import Device
from minillm.cli import session
from minillm.cli.align_options import add_align_arguments, method_of
from minillm.cli.job import Job, SavedRun, absolute, named_options, origin, source_again
from minillm.cli.results import per_cent
from minillm.cli.run_options import checkpoint_of
from minillm.cli.terminal import count, program, say, shell_word, visible
from minillm.errors import InputError
from minillm.files import reading
from minillm.models import GPT, GPTConfig, Model, ModelConfig, build
from minillm.preferences import Reward, parse_reward, resumed_reward
from minillm.pretraining import task_from_record
from minillm.text import Tokenizer, read_text
from minillm.training import Run, Trainer, TrainOptions, default_workers, load
from minillm.training.checkpoint import RETRAIN, load_model
from minillm.training.record import Facts
from minillm.training.run import OPTIONS
from minillm.weights import find

DESCRIPTION = """example: python -m minillm align --checkpoint runs/first --pairs pairs.jsonl --out runs/aligned

Teach a pretrained GPT what people prefer: from pairs of answers, or with --reward from scores of what it writes itself. A pair is a
line {"prompt": "...", "chosen": "...", "rejected": "..."} of JSON. Ctrl-C stops and saves; --resume goes on as if nothing had happened."""

TASK = "alignment"


def add_arguments(parser) -> None:
    add_align_arguments(parser)


def run(args) -> int:
    return session.run(AlignmentJob, args)


@dataclass
class AlignmentJob(Job):
    command: ClassVar[str] = "align"
    choices: ClassVar[str] = "2"

    folder: AlignmentRun
    trainer: Trainer
    tokenizer: Tokenizer
    method: str
    facts: Facts

    @classmethod
    def open(cls, args) -> AlignmentRun:
        return AlignmentRun(args.out)

    @classmethod
    def inputs(cls, args) -> dict[str, str | None]:
        return {
            "the model to begin with": origin(args.checkpoint),
            "the pairs": args.pairs,
            "the text for the prompts": args.prompts,
            "the reward": args.reward and args.reward.removeprefix("words:"),
        }

    @classmethod
    def start(cls, folder: AlignmentRun, args, device: Device) -> "AlignmentJob":
        checkpoint = checkpoint_of(args)
        method = method_of(args)
        settings = settings_for(method, named_options(args))
        settings.setdefault("workers", default_workers(settings["batch"], device))
        pretrained, tokenizer = load(checkpoint, device)
        if not isinstance(pretrained, GPT):
            raise InputError(
                f"{checkpoint} holds {pretrained.config.name}, which writes no text.",
                "Use a model of pretrain --objective causal.",
            )
        base, options, reward = without_dropout(pretrained), options_from(settings), None
        own = {name: finite(settings[name]) for name in METHODS[method].own}
        if method in ON_POLICY:
            reward = reward_for(args.reward, trusted=True)
            own |= {"reward": reward.name, "reward_sha256": reward.sha256, "prompts": absolute(args.prompts)}
        remembered = Choices(TASK, method, origin(checkpoint), **own).to_dict()
        trainer, facts = trainer_for(remembered, args.pairs, reward, base, tokenizer, options)
        if isinstance(trainer.data, PairData):
            say(
                f"reference  reads {2 * (len(trainer.data.training[0]) + len(trainer.data.held_out[0])):,} answers, once ..."
            )
            folder.reference = reference_of_pairs(base, trainer.data, options.batch)
        elif isinstance(trainer, PolicyTrainer):
            folder.reference = reference_of_weights(trainer.reference)
        if folder.reference is not None:
            facts = dataclasses.replace(facts, reference=folder.reference.fingerprints["model"])
        return cls(folder, trainer, tokenizer, method, facts)

    @classmethod
    def began(cls, settings: dict) -> bool:
        return settings.get("objective") == TASK and settings.get("method") in [*METHODS]

    @classmethod
    def check(cls, settings: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        Choices.check(settings)
        is_judge = getattr(config, "classes", 0) == 1
        if not isinstance(getattr(config, "body", config), GPTConfig) or (settings["method"] == "reward") != is_judge:
            raise InputError(f"The method {settings['method']} does not train {config.name}.", "Train another model.")

    @classmethod
    def resume(cls, folder: AlignmentRun, args, saved: SavedRun, device: Device) -> "AlignmentJob":
        remembered, named, facts = saved.facts.settings, named_options(args), saved.facts
        named |= {
            name: whole(named[name]) for name, whole in (("checkpoint", origin), ("prompts", absolute)) if name in named
        }
        method, reward = remembered["method"], None
        base = build(getattr(saved.config, "body", saved.config), seed=None, device=device)
        if method in ON_POLICY:
            known = remembered["reward"], remembered.get("reward_sha256")
            reward = resumed_reward(*known, named.pop("reward", None), make=reward_for)
            remembered = remembered | {"reward": reward.name, "reward_sha256": reward.sha256}
            facts = dataclasses.replace(facts, settings=remembered)
            folder.load_reference_of_weights(base, facts.reference)
            if args.prompts is None:
                source_again(folder, remembered["prompts"], "--prompts")
        options, source = saved.altered(named), saved.source(args.pairs, "--pairs")
        trainer, read = trainer_for(remembered, source, reward, base, saved.tokenizer, options)
        saved.check_same(read.name, read.sha256)
        if isinstance(trainer.data, PairData):
            folder.load_reference_of_pairs(trainer.data, facts.reference)
        return cls(folder, trainer, saved.tokenizer, method, facts)

    @property
    def per(self) -> str:
        return "answer" if self.method in ON_POLICY else "pair"

    def describe(self) -> Iterator[str]:
        config, data, settings = self.trainer.model.config, self.trainer.data, self.facts.settings
        summary = METHODS[self.method].summary
        yield f"model   {config.name} of {config.parameter_count():,} parameters, learning by {summary}"
        if isinstance(data, PolicyData):
            yield (
                f"data    {count(len(data.prompts), 'prompt')} of {self.facts.name}, {count(len(data.held_out), 'other')} to evaluate "
                f"on; {data.group} answers to each; reward: {data.reward.name}"
            )
            return
        training, held_out = (len(part[0]) for part in (data.training, data.held_out))
        yield f"data    {self.facts.name}: {training:,} pairs to train on, {held_out:,} held out"
        if isinstance(data, PairData):
            yield f"        a model that has learned nothing has a loss of {beginning(self.method, settings)}"

    def tokens(self) -> float:
        config = self.trainer.model.config
        return self.trainer.options.batch * min(getattr(config, "context", 0) or config.body.context, 64)

    def validation_batches(self) -> int:
        return 1 if self.method in ON_POLICY else super().validation_batches()

    def sample(self) -> str:
        return self.report(self.trainer.model)

    def report(self, model: Model) -> str:
        data = self.trainer.data
        if isinstance(data, RewardData):
            return told_reward(model, data.held_out)
        if isinstance(data, PairData):
            return told_pairs(evaluate_pairs(model, data, self.trainer.options.batch), self.facts.settings["beta"])
        body, seed = model.body, self.trainer.options.seed
        return told_policy(evaluate_policy(body, self.trainer.reference, data, seed))

    @property
    def baselines(self) -> tuple[float | None, None]:
        """Of a model that can't tell the answers apart."""
        return math.log(2) if self.method in ("dpo", "robust", "reward") else None, None

    def conclude(self, device: Device) -> None:
        trainer, here = self.trainer, shell_word(self.folder.directory)
        if isinstance(trainer, PolicyTrainer) and trainer.over_budget():
            say(f"ended   the KL is above the budget of {trainer.kl_budget:g} nats; the best model inside it is kept")
        print(self.report(load_model(self.folder.directory, device)))
        if self.method == "reward":
            checkpoint = shell_word(self.facts.settings["checkpoint"])
            say(f"next    {program()} align --checkpoint {checkpoint} --reward {here} --out runs/grpo")
        else:
            say(f"next    {program()} generate --checkpoint {here} --prompt {shell_word(self.facts.prompt)}")


def trainer_for(
    settings: dict, source: str | None, reward: Reward | None, base: GPT, tokenizer: Tokenizer, options: TrainOptions
) -> tuple[Trainer, Facts]:
    """The trainer of the method, on pairs from `source` or on answers with a reward; and what the run must remember of its data.

    `base` is the model to begin with; a resumed run loads its own weights after this.
    """
    method = settings["method"]
    if method in ON_POLICY:
        check_lengths(settings, base.config.context)
        text, name = prompt_text(settings)
        prompts = prompts_from(text, tokenizer, settings["prompt_tokens"], seed=options.seed)
        prompt = visible(tokenizer.decode(prompts[0], special=False)).strip()[-40:] or "\\n"
        facts = Facts(name, None, hashlib.sha256(prompts.tobytes()).hexdigest(), prompt, settings)
        reward([tokenizer.decode(row, special=False) for row in prompts[:4]])  # one that goes wrong does so now
        return trainer_on_rewards(method, base, tokenizer, prompts, reward, options, settings), facts
    pairs = read_pairs(source)
    tokens = tokenize_pairs(pairs, tokenizer, base.config.context)
    content = json.dumps([pair.texts() for pair in pairs], ensure_ascii=False)
    facts = Facts(
        name="standard input" if source == "-" else source,
        source=absolute(source),
        sha256=hashlib.sha256(content.encode("utf-8")).hexdigest(),
        prompt=" ".join(visible(pairs[0].prompt).split())[:40] or "\\n",
        settings=settings,
    )
    parts = (tokens.part(which) for which in hold_out(len(pairs), options.seed))
    return trainer_on_pairs(method, base, *parts, options, settings), facts


def check_lengths(settings: dict, context: int) -> None:
    if settings["prompt_tokens"] + settings["answer_tokens"] > context + 1:
        raise InputError(
            f"A prompt of {settings['prompt_tokens']} tokens and an answer of {settings['answer_tokens']} are more than the {context} tokens "
            "that the model sees at once.",
            f"Try --prompt-tokens {max(1, context // 3)} --answer-tokens {max(1, context - context // 3)}.",
        )


def beginning(method: str, settings: dict) -> str:
    if method in ("dpo", "robust"):
        return "ln 2 = 0.693"
    return {"hinge": "1", "kto": "1/2", "ipo": f"1/(2β)² = {1 / (2 * settings['beta']) ** 2:.3g}"}.get(
        method, "its own: there is no reference"
    )


def prompt_text(settings: dict) -> tuple[str, str]:
    """The text for the prompts and its name: a file, or what the model was pretrained on, if that is still what it was."""
    if settings["prompts"] is not None:
        return read_text(settings["prompts"]), settings["prompts"]
    name_one = "Name a text for the prompts: --prompts FILE."
    run = Run(settings["checkpoint"])
    if not run.path(OPTIONS).exists():
        raise InputError(f"{settings['checkpoint']} does not say what it was pretrained on.", name_one)
    _, facts = run.read_options()
    if facts.settings.get("objective") != "causal" or facts.source == "-":
        raise InputError(f"The text that {settings['checkpoint']} was pretrained on can't be read again.", name_one)
    with reading(run.path(OPTIONS), "description of a run of pretrain", RETRAIN):
        task = task_from_record(facts.settings)
    text = task.read(source_again(run, facts.source, "--prompts"))
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != facts.sha256:
        raise InputError(f"{facts.name} is not the text that {settings['checkpoint']} was pretrained on.", name_one)
    return text, facts.name


def reward_for(form: str, *, trusted: bool, sha256: str | None = None) -> Reward:
    """As `parse_reward`, and of a folder the reward model in it."""
    if find(form).is_dir():
        return load_reward_model(origin(form), sha256)
    return parse_reward(form, trusted=trusted, sha256=sha256)


def finite(value: float | int) -> float | int | None:
    """For JSON, which knows no infinity."""
    return None if value == math.inf else value


def told_reward(model: Model, held_out) -> str:
    return f"held-out pairs: {per_cent(reward_accuracy(model, held_out))} right"


def told_pairs(report: Report, beta: float) -> str:
    return (
        f"held-out pairs: {per_cent(report.accuracy)} right, margin {beta * report.margin:+.3f} (β times {report.margin:+.2f} nats); "
        f"chosen answers {report.chosen:+.2f} nats, rejected {report.rejected:+.2f}"
    )


def told_policy(report) -> str:
    return (
        f"answers to held-out prompts: reward {report.reward:.3f}, KL {report.kl:.2f} nats an answer of {report.length:.0f} tokens; "
        f"one of them: {visible(report.sample.rstrip(chr(10)))}"
    )
