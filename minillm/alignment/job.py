"""From a pretrained GPT, and what people prefer, to an aligned one."""

import dataclasses
import math
from collections.abc import Iterable

import numpy as np

from minillm.alignment.memory import check_memory_for_answers, check_memory_for_pairs
from minillm.alignment.methods import METHOD_SETTINGS, ON_POLICY, lengths_for, method_for, settings_for
from minillm.alignment.offline import PairData, offline_objective
from minillm.alignment.pairs import Pair, TokenPairs, as_pair, check_enough, split_pairs
from minillm.alignment.policy_data import PolicyData
from minillm.alignment.policy_trainer import PolicyTrainer
from minillm.alignment.reward_model import REWARD_MODEL, RewardData, load_reward, new_reward_model
from minillm.alignment.rollout import prompts_from
from minillm.errors import InputError, check_known
from minillm.models import GPT, GPTWithValue, SequenceClassifier, build, copy_parameters
from minillm.preferences import Reward
from minillm.text import Tokenizer
from minillm.text.characters import check_text
from minillm.training import Trainer, TrainOptions
from minillm.training.train import run_to_end


def without_dropout(model: GPT) -> GPT:
    """A copy that drops nothing: what it says of an answer must not depend on chance."""
    copy = build(dataclasses.replace(model.config, dropout=0.0), seed=None, device=model.vector.device)
    copy_parameters(model, copy)
    copy.eos_token_id = model.eos_token_id
    return copy


def options_from(settings: dict) -> TrainOptions:
    """What of the settings is the trainer's: label smoothing, here, is of pairs and not of tokens."""
    return TrainOptions.from_settings({name: value for name, value in settings.items() if name != "label_smoothing"})


def trainer_on_pairs(
    method: str, base: GPT, training: TokenPairs, held_out: TokenPairs, options: TrainOptions, settings: dict
) -> Trainer:
    """A trainer of a reward model, or of the base itself. What a reference says of the pairs is not asked here: see `PairData`."""
    check_memory_for_pairs(base.config, options, (training, held_out), rows=3 if method == "kto" else 2)
    if method == "reward":
        model = new_reward_model(base, seed=options.seed)
        return Trainer(model, RewardData(training, held_out, context=base.config.context), options, REWARD_MODEL)
    own = {name: settings[name] for name in ("beta", "gamma", "label_smoothing") if name in settings}
    data = PairData(training, held_out, mismatched=method == "kto", context=base.config.context)
    return Trainer(base, data, options, offline_objective(method, **own))


def prompts_for(text: str, tokenizer: Tokenizer, context: int, settings: dict, seed: int = 0) -> np.ndarray:
    """`prompts_from`, of the settings' length; InputError if the model can't see a prompt and an answer at once."""
    check_text(text)
    prompt, answer = settings["prompt_tokens"], settings["answer_tokens"]
    if len(tokenizer.start_tokens) + prompt + answer > context + 1:
        raise InputError(
            f"A prompt of {prompt} tokens and an answer of {answer} are more than the {context} tokens that the model sees at once.",
            "Try " + " ".join(f"`{name}` {tokens}" for name, tokens in lengths_for(context).items()) + ".",
        )
    return prompts_from(text, tokenizer, prompt, seed=seed)


def trainer_on_rewards(
    method: str,
    base: GPT,
    tokenizer: Tokenizer,
    prompts: np.ndarray,
    reward: Reward,
    options: TrainOptions,
    settings: dict,
) -> PolicyTrainer:
    """A trainer on the base's own answers to prompts (N, T). A copy of the base, as it is now, is the reference."""
    updates, width = settings.get("updates", 1), prompts.shape[1] + settings["answer_tokens"] - 1
    check_memory_for_answers(base.config, options, width, updates)
    reference = without_dropout(base)
    model = GPTWithValue(base) if method == "ppo" else base
    sizes = {"tokens": settings["answer_tokens"], "group": settings["group"]}
    data = PolicyData(model, tokenizer, prompts, reward, method, **sizes)
    budget = math.inf if settings["kl_budget"] is None else settings["kl_budget"]  # JSON knows no infinity
    choices = {"updates": updates, "kl_weight": settings["kl_weight"], "kl_budget": budget}
    return PolicyTrainer(model, data, options, method, reference, **choices)


def align(
    model: GPT,
    tokenizer: Tokenizer,
    pairs: Iterable[Pair | tuple[str, str, str] | dict] | None = None,
    *,
    reward: Reward | str | None = None,
    prompts: str | None = None,
    method: str | None = None,
    progress: bool = True,
    **settings,
) -> GPT | SequenceClassifier:
    """A copy of a GPT that has learned what people prefer, with the weights of its lowest validation loss; or a reward model.

    Either from `pairs`, tuples (prompt, chosen, rejected) or dictionaries with these names, of texts or of lists of messages, by the method
    dpo (default), robust, hinge, ipo, kto, orpo, simpo or reward; or from a `reward` of its own answers to the line ends of the text
    `prompts`, by grpo (default), ppo or reinforce. The reward is a `Reward` or its form for `load_reward`. `settings` are those of the
    method and the fields of `TrainOptions`.
    """
    method = method_for(method, pairs=pairs, reward=reward, prompts=prompts)
    check_known(settings, [*sorted(METHOD_SETTINGS), *TrainOptions.names()])
    if not isinstance(model, GPT):
        raise InputError(f"This is {model.config.name}, and what learns preferences is a GPT.", "Give a GPT.")
    settings = settings_for(method, settings, model.config.context)
    options, base = options_from(settings), without_dropout(model)
    if method in ON_POLICY:
        if prompts is None:
            raise InputError("There are no prompts to answer.", "Give a text: `prompts`.")
        reward = load_reward(reward, trusted=True) if isinstance(reward, str) else reward
        rows = prompts_for(prompts, tokenizer, base.config.context, settings, options.seed)
        trainer: Trainer = trainer_on_rewards(method, base, tokenizer, rows, reward, options, settings)
    else:
        pairs = [as_pair(pair) for pair in pairs]
        check_enough(pairs, "The list of pairs")
        parts = split_pairs(pairs, tokenizer, base.config.context, method, options.seed)
        trainer = trainer_on_pairs(method, base, *parts, options, settings)
        if isinstance(trainer.data, PairData):
            trainer.data.ask_reference(base, options.batch)
    run_to_end(trainer, best=True, progress=progress)
    return trainer.model.body if isinstance(trainer.model, GPTWithValue) else trainer.model
