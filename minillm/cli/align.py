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
    RewardData,
    evaluate_pairs,
    evaluate_policy,
    load_reward_model,
    read_pairs,
    reference_of_pairs,
    reference_of_weights,
    reward_accuracy,
)
from minillm.alignment.job import options_from, prompts_for, trainer_on_pairs, trainer_on_rewards, without_dropout
from minillm.alignment.methods import METHODS, ON_POLICY, method_for, settings_for
from minillm.alignment.pairs import split_pairs
from minillm.alignment.record import TASK, Choices
from minillm.backend import Device
from minillm.cli import session
from minillm.cli.align_options import add_align_arguments
from minillm.cli.job import Job, SavedRun, named_options, origin, source_again
from minillm.cli.results import per_cent
from minillm.cli.run_options import checkpoint_of
from minillm.cli.terminal import count, program, say, shell_word, visible
from minillm.errors import InputError
from minillm.files import reading
from minillm.models import GPT, GPTConfig, Model, ModelConfig, build
from minillm.preferences import Reward, parse_reward, resumed_reward
from minillm.pretraining import task_from_record
from minillm.text import Tokenizer, name_of, read_text
from minillm.training import Run, Trainer, TrainOptions, default_workers, load
from minillm.training.checkpoint import RETRAIN, load_model
from minillm.training.record import Facts, absolute, sha256_of
from minillm.training.run import OPTIONS
from minillm.weights import find

DESCRIPTION = """example: python -m minillm align --checkpoint runs/first --pairs pairs.jsonl --out runs/aligned

Teach a pretrained GPT what people prefer: from pairs of answers, or with --reward from scores of what it writes itself. A pair is a
line {"prompt": "...", "chosen": "...", "rejected": "..."} of JSON. Ctrl-C stops and saves; --resume goes on as if nothing had happened."""


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
        method = method_for(args.method, pairs=args.pairs, reward=args.reward, prompts=args.prompts)
        settings = settings_for(method, named_options(args))
        settings.setdefault("workers", default_workers(settings["batch"], device))
        pretrained, tokenizer = load(checkpoint, device)
        if not isinstance(pretrained, GPT):
            raise InputError(
                f"{checkpoint} holds {pretrained.config.name}, which writes no text.",
                "Use a model of pretrain --objective causal.",
            )
        base, options = without_dropout(pretrained), options_from(settings)
        reward = None if args.reward is None else reward_for(args.reward, trusted=True)
        choices = Choices.from_settings(method, settings, origin(checkpoint), absolute(args.prompts), reward).to_dict()
        trainer, facts = trainer_for(choices, args.pairs, reward, base, tokenizer, options)
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
        choices, named, facts = saved.facts.settings, named_options(args), saved.facts
        method, reward = choices["method"], None
        base = build(getattr(saved.config, "body", saved.config), seed=None, device=device)
        if method in ON_POLICY:
            form, sha256 = choices["reward"], choices.get("reward_sha256")
            reward = resumed_reward(form, sha256, named.pop("reward", None), make=reward_for)
            choices = choices | {"reward": reward.name, "reward_sha256": reward.sha256}
            facts = dataclasses.replace(facts, settings=choices)
            folder.load_reference_of_weights(base, facts.reference)
            if args.prompts is None:
                source_again(folder, choices["prompts"], "--prompts")
        options, source = saved.altered(named), saved.source(args.pairs, "--pairs")
        trainer, found = trainer_for(choices, source, reward, base, saved.tokenizer, options)
        saved.check_same(found.name, found.sha256)
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
        """How well a model does on what is held out."""
        data, options = self.trainer.data, self.trainer.options
        if isinstance(data, RewardData):
            return f"held-out pairs: {per_cent(reward_accuracy(model, data.held_out))} right"
        if isinstance(data, PairData):
            pairs, beta = evaluate_pairs(model, data, options.batch), self.facts.settings["beta"]
            return (
                f"held-out pairs: {per_cent(pairs.accuracy)} right, margin {beta * pairs.margin:+.3f} (β times {pairs.margin:+.2f} nats); "
                f"chosen answers {pairs.chosen:+.2f} nats, rejected {pairs.rejected:+.2f}"
            )
        policy = evaluate_policy(model.body, self.trainer.reference, data, options.seed)
        return (
            f"answers to held-out prompts: reward {policy.reward:.3f}, KL {policy.kl:.2f} nats an answer of {policy.length:.0f} tokens; "
            f"one of them: {visible(policy.sample.rstrip(chr(10)))}"
        )

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
        text, name = prompt_text(settings)
        prompts = prompts_for(text, tokenizer, base.config.context, settings, options.seed)
        prompt = visible(tokenizer.decode(prompts[0], special=False)).strip()[-40:] or "\\n"
        facts = Facts(name, None, hashlib.sha256(prompts.tobytes()).hexdigest(), prompt, settings)
        reward([tokenizer.decode(row, special=False) for row in prompts[:4]])  # one that goes wrong does so now
        return trainer_on_rewards(method, base, tokenizer, prompts, reward, options, settings), facts
    pairs = read_pairs(source)
    parts = split_pairs(pairs, tokenizer, base.config.context, options.seed)
    content = json.dumps([pair.texts() for pair in pairs], ensure_ascii=False)
    facts = Facts(
        name=name_of(source),
        source=absolute(source),
        sha256=sha256_of(content),
        prompt=" ".join(visible(pairs[0].prompt).split())[:40] or "\\n",
        settings=settings,
    )
    return trainer_on_pairs(method, base, *parts, options, settings), facts


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
    if sha256_of(text) != facts.sha256:
        raise InputError(f"{facts.name} is not the text that {settings['checkpoint']} was pretrained on.", name_one)
    return text, facts.name


def reward_for(form: str, *, trusted: bool, sha256: str | None = None) -> Reward:
    """As `parse_reward`, and of a folder the reward model in it."""
    if find(form).is_dir():
        return load_reward_model(origin(form), sha256)
    return parse_reward(form, trusted=trusted, sha256=sha256)
