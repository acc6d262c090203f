"""python -m minillm align: teach a pretrained GPT what people prefer."""

import dataclasses
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
    load_reward,
    reference_of_pairs,
    reference_of_weights,
    reward_accuracy,
)
from minillm.alignment.job import options_from, without_dropout
from minillm.alignment.methods import METHODS, ON_POLICY, beginning_loss, method_for, settings_for
from minillm.alignment.prepare import prepare_pairs, prepare_rewards
from minillm.alignment.record import TASK, Choices
from minillm.backend import Device
from minillm.cli import session
from minillm.cli.align_options import add_align_arguments
from minillm.cli.job import Job, named_options
from minillm.cli.run_options import checkpoint_of
from minillm.cli.terminal import program, say, shell_word
from minillm.errors import InputError
from minillm.models import GPT, GPTConfig, Model, ModelConfig, build
from minillm.preferences import resumed_reward
from minillm.text import Tokenizer
from minillm.text.chat import has_chat_tokens
from minillm.training import SavedRun, Trainer, default_workers, load
from minillm.training.checkpoint import load_model
from minillm.training.record import Facts, absolute, origin
from minillm.units import count, per_cent

DESCRIPTION = """example: python -m minillm align --checkpoint runs/first --pairs pairs.jsonl --out runs/aligned

Teach a pretrained GPT what people prefer: from pairs of answers, or with --reward from scores of what it writes itself. A pair is a
line {"prompt": "...", "chosen": "...", "rejected": "..."} of JSON; after finetune --task chat also one whose parts are lists of
messages, as [{"role": "user", "content": "..."}]. Ctrl-C stops and saves; --resume goes on as if nothing had happened."""


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
        checkpoint = checkpoint_of(args, example="tales")
        method = method_for(args.method, pairs=args.pairs, reward=args.reward, prompts=args.prompts)
        pretrained, tokenizer = load(checkpoint, device)
        if not isinstance(pretrained, GPT):
            raise InputError(
                f"{checkpoint} holds {pretrained.config.name}, which writes no text.",
                "Use a model of pretrain --objective causal.",
            )
        settings = settings_for(method, named_options(args), pretrained.config.context)
        settings.setdefault("workers", default_workers(settings["batch"], device))
        base, options = without_dropout(pretrained), options_from(settings)
        reward = None if args.reward is None else load_reward(args.reward, trusted=True)
        choices = Choices.from_settings(method, settings, origin(checkpoint), absolute(args.prompts), reward).to_dict()
        if reward is None:
            trainer, facts = prepare_pairs(choices, args.pairs, base, tokenizer, options)
        else:
            trainer, facts = prepare_rewards(choices, reward, base, tokenizer, options, report=say)
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
        method, tokenizer = choices["method"], saved.tokenizer
        base = build(getattr(saved.config, "body", saved.config), seed=None, device=device)
        if method in ON_POLICY:
            form, sha256 = choices["reward"], choices.get("reward_sha256")
            reward = resumed_reward(form, sha256, named.pop("reward", None), make=load_reward)
            choices = choices | {"reward": reward.name, "reward_sha256": reward.sha256}
            facts = dataclasses.replace(facts, settings=choices)
            folder.load_reference_of_weights(base, facts.reference)
            options, prompts = saved.altered(named), saved.source(args.prompts, "prompts", choices["prompts"])
            chosen = choices | {"prompts": prompts}
            trainer, found = prepare_rewards(chosen, reward, base, tokenizer, options, report=say)
        else:
            options, pairs = saved.altered(named), saved.source(args.pairs, "pairs", facts.source)
            trainer, found = prepare_pairs(choices, pairs, base, tokenizer, options)
        saved.check_same(found.name, found.sha256)
        if isinstance(trainer.data, PairData):
            folder.load_reference_of_pairs(trainer.data, facts.reference)
        return cls(folder, trainer, tokenizer, method, facts)

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
            yield f"        a model that has learned nothing has a loss of {beginning_loss(self.method, settings)}"

    def tokens(self) -> float:
        config = self.trainer.model.config
        return self.trainer.options.batch * min(getattr(config, "context", 0) or config.body.context, 64)

    def validation_batches(self) -> int:
        return 1 if self.method in ON_POLICY else super().validation_batches()

    def sample(self) -> str:
        report = self.report(self.trainer.model)
        groups = self.trainer.describe_groups() if isinstance(self.trainer, PolicyTrainer) else None
        return report if groups is None else f"{report}\n{groups}"

    def report(self, model: Model) -> str:
        """How well a model does on what is held out."""
        data, options = self.trainer.data, self.trainer.options
        if isinstance(data, RewardData):
            return f"held-out pairs: {per_cent(reward_accuracy(model, data.held_out))} right"
        if isinstance(data, PairData):
            return evaluate_pairs(model, data, options.batch).describe(self.facts.settings["beta"])
        return evaluate_policy(model.body, self.trainer.reference, data, options.seed).describe()

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
        elif has_chat_tokens(self.tokenizer):
            say(f"next    {program()} chat --checkpoint {here}")
        else:
            say(f"next    {program()} generate --checkpoint {here} --prompt {shell_word(self.facts.prompt)}")
