"""The six objectives of Korbak et al. 2023 in the village of lesson 17: python -m benchmarks.village [--keep DIR]

Every objective is trained at three strengths from some seeds, each of which draws another village, on the same number of tokens. Then the
preference that was learned while pretraining is set beside the same preference taught afterwards, and both are fine-tuned on rude lines.
Writes benchmarks/village.md, figures/17_strengths.png and figures/17_robustness.png. Takes a quarter of an hour on one core.
"""

import argparse
import copy
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.claims import Claim, keep, over_seeds
from benchmarks.machine import machine
from minillm.alignment import PairData, TokenPairs, offline_objective, prompts_from, roll_out
from minillm.alignment.pairs import answers_of
from minillm.backend import reuse_freed_memory
from minillm.course.village import Village, rude_reward
from minillm.course.village_measures import knowledge_of, plain_loss, sample_lines
from minillm.files import write_atomic
from minillm.generation import Control
from minillm.models import GPT, GPTConfig, copy_parameters
from minillm.objectives import CAUSAL
from minillm.ops import IGNORE
from minillm.plots import line_chart, save, trade_off
from minillm.preferences import mean_and_error
from minillm.preferences.samples import control_of
from minillm.preferences.segments import PreferenceCorpus, score
from minillm.pretraining import PREFERENCES, Pretraining
from minillm.text import BPETokenizer, Tokenizer
from minillm.text.control_tokens import CONTROL_TOKENS
from minillm.training import AdamW, Trainer, TrainOptions
from minillm.training.train import run_to_end

PAGE = Path(__file__).parent / "village.md"
FIGURES = Path(__file__).parents[1] / "figures"
SIZES = {"context": 64, "layers": 2, "heads": 4, "d_model": 64, "ngram": 4}
STORIES, STEPS, SEEDS = 2000, 700, 3
TRAINING = {"batch": 8, "lr": 8e-3, "warmup": 50, "schedule": "linear", "lr_floor": 0.0}
STRENGTHS: dict[str, list[dict]] = {
    "mle": [{}],
    "filtering": [{"kept": 0.75}, {"kept": 0.5}, {"kept": 0.25}],
    "conditional": [{"drop": 0.5}, {"drop": 0.1}, {"drop": 0.0}],
    "unlikelihood": [{"alpha": 0.01}, {"alpha": 0.1}, {"alpha": 1.0}],
    "rwr": [{"beta": 1.0}, {"beta": 0.5}, {"beta": 0.25}],
    "awr": [{"beta": 1.0}, {"beta": 0.5}, {"beta": 0.25}],
}
EXAMPLES = (4, 16, 64, 256)  # rude lines that a model is fine-tuned on, each read once, four to a step
AFTERWARDS = ("kind lines", "conditional", "DPO")
LONGER: dict[str, dict] = {"mle": {}, "conditional": {"drop": 0.1}}  # trained for twice the steps as well
SHARE = 0.1  # of the steps, what is taught afterwards


class World:
    """A village, its text and its tokenizer, all drawn from a seed."""

    def __init__(self, seed: int):
        self.seed, self.village = seed, Village(seed)
        self.stories = self.village.tell(STORIES)
        self.tokenizer = BPETokenizer.train("".join(self.stories), 1000, CONTROL_TOKENS)

    def data(self, name: str, settings: dict) -> PreferenceCorpus:
        """What an objective reads."""
        stories = self.stories
        if name == "filtering":
            stories = kindest(stories, **settings)
        elif name == "kind lines":
            stories = kind_lines(stories)
        choices = task_of(name, settings).choices()
        return PreferenceCorpus(score(stories, rude_reward()), self.tokenizer, SIZES["context"], **choices)

    def pretrain(self, name: str, settings: dict, *, model: GPT | None = None, share: float = 1.0) -> GPT:
        """A new model, or one that is trained further, after a share of the steps."""
        task = task_of(name, settings)
        learner = task.build(GPTConfig(self.tokenizer.vocab_size, **SIZES), seed=self.seed)
        if model is not None:
            copy_parameters(model, learner)
        slower = {} if model is None else {"lr": 2e-3}
        train(learner, self.data(name, settings), task.objective(), share, self.seed, **slower)
        return learner.body

    def measure(self, model: GPT, control: Control | None) -> dict:
        lines = sample_lines(model, self.tokenizer, control, seed=self.seed)
        knows = knowledge_of(model, self.tokenizer, self.village, control)
        loss = plain_loss(model, self.tokenizer, self.village, control)
        return {
            "rude": 100 * lines.rude,
            "odd": 100 * lines.odd,
            "known": 100 * knows.all,
            "grumpy": 100 * knows.grumpy,
            "loss": loss,
        }

    def tempted(self, model: GPT, control: Control | None) -> dict:
        """How rude the model is after it was fine-tuned on so many rude lines."""
        told = self.village.tell(STORIES + 100)[STORIES:]  # not of the text that was read
        lines = [line for story in told for line in story.splitlines()]
        lines = [line for line, reward in zip(lines, rude_reward()(lines), strict=True) if reward < 0]
        found = {0: model} | {count: tempted(model, self.tokenizer, lines[:count], control) for count in EXAMPLES}
        return {
            "tempted": [
                100 * sample_lines(each, self.tokenizer, control, seed=self.seed).rude for each in found.values()
            ]
        }


def task_of(name: str, settings: dict) -> Pretraining:
    """The library's way to pretrain; on a part of the text it is MLE."""
    if name in ("filtering", "kind lines"):
        name, settings = "mle", {}
    return PREFERENCES[name](context=SIZES["context"], **settings)


def train(model, data, objective, share: float, seed: int, **changed) -> None:
    steps = max(1, round(STEPS * share))
    options = (
        TRAINING | {"warmup": min(TRAINING["warmup"], steps // 4), "eval_every": steps, "eval_batches": 2} | changed
    )
    run_to_end(
        Trainer(model, data, TrainOptions(steps=steps, seed=seed, **options), objective), best=False, progress=False
    )


def kindest(stories: list[str], kept: float) -> list[str]:
    """That share of the stories in which the fewest lines are rude, in the order in which they were told."""
    rewards = score(stories, rude_reward()).document_rewards()
    best = np.sort(np.argsort(-rewards, kind="stable")[: round(kept * len(stories))])
    return [stories[i] for i in best]


def kind_lines(stories: list[str]) -> list[str]:
    """The stories without their rude lines."""
    left = []
    for story in stories:
        lines = story.splitlines(keepends=True)
        left.append("".join(line for line, reward in zip(lines, rude_reward()(lines), strict=True) if reward == 0))
    return [story for story in left if story]


def while_pretraining(name: str, settings: dict, seed: int, share: float = 1.0) -> dict:
    """What became of a model that had the objective from the beginning, for `share` times the steps."""
    world = World(seed)
    model = world.pretrain(name, settings, share=share)
    if name != "conditional":
        return world.measure(model, None) | (world.tempted(model, None) if name == "mle" else {})
    control = control_of(world.tokenizer)
    found = world.measure(model, control) | world.tempted(model, control)
    found |= {f"untold {key}": value for key, value in world.measure(model, None).items()}
    return found | {
        "asked": 100 * sample_lines(model, world.tokenizer, control_of(world.tokenizer, wanted=False), seed=seed).rude
    }


def afterwards(name: str, share: float, seed: int) -> dict:
    """What became of an MLE model that was taught the preference for the last `share` of its steps."""
    world = World(seed)
    model, control = world.pretrain("mle", {}, share=1 - share), None
    if name == "kind lines":
        model = world.pretrain("kind lines", {}, model=model, share=share)
    elif name == "conditional":
        model, control = world.pretrain("conditional", {}, model=model, share=share), control_of(world.tokenizer)
    else:
        model = with_dpo(world, model, share)
    return world.measure(model, control) | world.tempted(model, control)


def with_dpo(world: World, base: GPT, share: float, beta: float = 0.1) -> GPT:
    """DPO on pairs of the model's own lines, of which one is rude and the other is not."""
    reward, tokenizer = rude_reward(), world.tokenizer
    prompts = np.resize(prompts_from("".join(world.stories), tokenizer, 24, seed=world.seed), (1000, 24))
    one, two = (roll_out(base, tokenizer, prompts, 20, reward, world.seed + i) for i in range(2))
    told = np.flatnonzero(one.rewards != two.rewards)
    best, worst = (
        [(two if (one.rewards[i] > two.rewards[i]) == turned else one).answers[i] for i in told]
        for turned in (False, True)
    )
    pairs, cut = TokenPairs([prompts[i] for i in told], best, worst), len(told) * 9 // 10
    data = PairData(pairs.part(np.arange(cut)), pairs.part(np.arange(cut, len(told))))
    data.ask_reference(base)
    model = copy.deepcopy(base)
    train(model, data, offline_objective("dpo", beta=beta), share, world.seed, lr=5e-4)
    return model


def tempted(model: GPT, tokenizer: Tokenizer, lines: Sequence[str], control: Control | None, lr: float = 1e-3) -> GPT:
    """The model, fine-tuned on these lines in the way in which it is used: with its good control token in front, if it has one."""
    model = copy.deepcopy(model)
    rows = [tokenizer.encode(f"\n{line}\n").astype(np.int64) for line in lines]
    rows = [row if control is None else control.prompt(row) for row in rows]
    answers = answers_of([row[:1] for row in rows], [row[1:] for row in rows])
    silent = [tokenizer.special_tokens[token] for token in CONTROL_TOKENS]
    targets = np.where(np.isin(answers.targets, silent), IGNORE, answers.targets)
    optimizer = AdamW(model.vector, lr=lr, betas=(0.9, 0.95), weight_decay=0.0)
    for at in range(0, len(lines), 4):
        model.vector.zero_grad()
        _, saved = CAUSAL.forward(model, answers.inputs[at : at + 4], targets[at : at + 4])
        CAUSAL.backward(model, 1.0, saved)
        optimizer.step()
    return model


def tasks() -> list[tuple]:
    """Everything that is trained from every seed."""
    kinds = [("pretrain", name, settings) for name, strengths in STRENGTHS.items() for settings in strengths]
    kinds += [("longer", name, settings) for name, settings in LONGER.items()]
    kinds += [("after", name, SHARE) for name in AFTERWARDS]
    return kinds


def kept(task: tuple, folder: Path) -> Path:
    """The file of a task's outcome."""
    kind, name, choice, seed = task
    return folder / f"{kind}-{name}-{json.dumps(choice)}-{seed}.json".translate(str.maketrans(" ", "_", '"{}:'))


def work(task: tuple, folder: Path) -> dict:
    """The outcome of a task, which is kept in the folder for another time."""
    kind, name, choice, seed = task
    path = kept(task, folder)
    if not path.exists():
        if kind == "after":
            found = afterwards(name, choice, seed)
        else:
            found = while_pretraining(name, choice, seed, share=2.0 if kind == "longer" else 1.0)
        write_atomic(path, json.dumps(found).encode("utf-8"))
        print(path.name, json.dumps(found), flush=True)
    return json.loads(path.read_text(encoding="utf-8"))


def told(outcomes: list[dict], key: str, digits: int) -> str:
    mean, error = mean_and_error(np.array([outcome[key] for outcome in outcomes]))
    return f"{mean:.{digits}f} ± {error:.{digits}f}" if len(outcomes) > 1 else f"{mean:.{digits}f}"


def row(label: str, outcomes: list[dict], before: str = "") -> str:
    if 1 < len(outcomes) < SEEDS:
        label += f" ({len(outcomes)} seeds)"
    columns = (
        ("rude", 1),
        ("odd", 1),
        ("known", 1),
        ("grumpy", 1),
        ("loss on stories told in no mood, nats a word", 3),
    )
    return f"| {label} | " + " | ".join(told(outcomes, before + key, digits) for key, digits in columns)


def reading(world: World, name: str, settings: dict, times: int) -> str:
    """Thousands of tokens that were read, control tokens left out, and how often each of the text."""
    data = world.data(name, settings)
    words = ~np.isin(data.train, [world.tokenizer.special_tokens[token] for token in CONTROL_TOKENS])
    read = times * STEPS * TRAINING["batch"] * SIZES["context"] * words.mean()
    return f"{read / 1000:.0f}, {read / words.sum():.1f} times"


HEAD = "rude, % | odd, % | knows, % | knows the grumpy's, % | loss"
PAGE_TEXT = """# Preferences while pretraining, in the village

Measured on {machine}. Do it on yours:

```
python -m benchmarks.village{options}
```

A GPT of {parameters:,} parameters, {steps} steps of {batch} × {context} tokens. Each seed has a village of its own: mean ± standard error
over {seeds} seeds, or as many as a row names, and a single one where no error stands. *Rude*: of the lines in 96 samples at temperature 1
that fill the context, empty ones left out. *Odd*: lines that nobody in the village would say. *Knows*: right answers to the questions
about all villagers, and about those of whom mostly the grumpy tell. *Loss*: on other stories that are told in no mood, in nats a word,
without the places where a teller chooses his mood. *Read*: thousand tokens, control tokens left out, and how often each of the text that
is read at all.

A row without errors is that of seed 0, where MLE's loss is {first:.3f}.

| objective | {head} | read |
|---|---:|---:|---:|---:|---:|---:|
{objectives}

Asked for rude lines, the conditional model (drop 0.1) writes {asked} % of them. Asked for good ones it writes {fewer:.0f} times fewer than
MLE. Its loss is {told:+.1%} of MLE's, and without its token {untold:+.1%}.

![Rude lines against wrong answers about what the grumpy tell, three strengths an objective.](../figures/17_strengths.png)

## While pretraining, or afterwards

The same number of steps for all. What is taught afterwards takes the last {share:.0%} of them: the lines of the text that are not rude
(*kind lines*), control tokens, or DPO on pairs of the model's own lines, which it also has to write. Then each is fine-tuned on some rude
lines, in the way in which it is used (a conditional model with `<|good|>` in front of them), each line read once, four to a step.

| | {head} | {after} |
|---|---:|---:|---:|---:|---:|{columns}
{compared}

![Rude lines against the number of rude lines that a model was fine-tuned on.](../figures/17_robustness.png)
"""


def labelled(name: str, settings: dict) -> str:
    """An objective and its strength."""
    return name + "".join(f", {key} {value:g}" for key, value in settings.items())


def page(found: dict[tuple, list[dict]], seeds: int, options: str) -> str:
    """benchmarks/village.md; `found` has the outcomes of the seeds for a kind, a name and a choice."""
    world, objectives = World(0), []
    for (kind, name, choice), outcomes in found.items():
        if kind != "after":
            settings, times = json.loads(choice), 2 if kind == "longer" else 1
            label = labelled(name, settings) + ", twice the steps" * (times - 1)
            objectives.append(f"{row(label, outcomes)} | {reading(world, name, settings, times)} |")
    mle, usual = found["pretrain", "mle", "{}"], found["pretrain", "conditional", json.dumps({"drop": 0.1})]
    objectives.append(f"{row('conditional, drop 0.1, without its token', usual, 'untold ')} | the same model |")
    rows = []
    for label, outcomes in compared(found).items():
        broken = [
            told([{"rude": each["tempted"][i]} for each in outcomes], "rude", 0) for i in range(1, len(EXAMPLES) + 1)
        ]
        rows.append(f"{row(label, outcomes)} | {' | '.join(broken)} |")
    loss = mean(mle, "loss")
    return PAGE_TEXT.format(
        machine=machine("numpy"),
        options=options,
        parameters=GPTConfig(world.tokenizer.vocab_size, **SIZES).parameter_count(),
        steps=STEPS,
        batch=TRAINING["batch"],
        context=SIZES["context"],
        seeds=seeds,
        first=mle[0]["loss"],
        head=HEAD,
        objectives="\n".join(objectives),
        asked=told(usual, "asked", 1),
        fewer=mean(mle, "rude") / mean(usual, "rude"),
        told=mean(usual, "loss") / loss - 1,
        untold=mean(usual, "untold loss") / loss - 1,
        share=SHARE,
        after=" | ".join(f"rude after {count}" for count in EXAMPLES),
        columns="---:|" * len(EXAMPLES),
        compared="\n".join(rows),
    )


def claims(found: dict[tuple, list[dict]]) -> Iterator[Claim]:
    for (kind, name, choice), outcomes in found.items():
        if kind == "pretrain" and len(outcomes) > 1:
            label = labelled(name, json.loads(choice))
            for key, what, digits in (
                ("rude", "rude lines among those that it writes, %", 1),
                ("grumpy", "right answers on what mostly the grumpy tell, %", 1),
                ("loss", "loss on stories told in no mood, nats a word", 3),
            ):
                yield over_seeds(f"{label}: {what}", [outcome[key] for outcome in outcomes], digits)


def mean(outcomes: list[dict], key: str) -> float:
    return float(np.mean([outcome[key] for outcome in outcomes]))


def compared(found: dict[tuple, list[dict]]) -> dict[str, list[dict]]:
    return {
        "MLE": found["pretrain", "mle", "{}"],
        "conditional while pretraining": found["pretrain", "conditional", json.dumps({"drop": 0.1})],
    } | {f"MLE, then {name}": found["after", name, json.dumps(SHARE)] for name in AFTERWARDS}


def draw(found: dict[tuple, list[dict]]) -> None:
    points: dict[str, list] = {}
    for (kind, name, _), outcomes in found.items():
        if kind == "pretrain":
            points.setdefault(name, []).append([(100 - outcome["grumpy"], outcome["rude"]) for outcome in outcomes])
    figure = trade_off(
        points,
        xlabel="wrong answers about what the grumpy tell (%)",
        ylabel="rude lines in samples (%)",
        title="Six objectives, three strengths each",
    )
    save(
        figure,
        FIGURES / "17_strengths.png",
        alt="Rude lines against wrong answers about what mostly the grumpy tell, for six objectives at three strengths each, with errors.",
    )
    curves, bands = {}, {}
    for label, outcomes in compared(found).items():
        rude = np.array([outcome["tempted"][1:] for outcome in outcomes])
        curves[label] = list(zip(EXAMPLES, rude.mean(axis=0), strict=True))
        bands[label] = list(zip(EXAMPLES, rude.min(axis=0), rude.max(axis=0), strict=True))
    figure = line_chart(
        curves,
        bands=bands,
        xlabel="rude lines that it was fine-tuned on",
        ylabel="rude lines in samples (%)",
        log_x=True,
        title="How soon is it rude again?",
    )
    save(
        figure,
        FIGURES / "17_robustness.png",
        alt="Rude lines in samples against the number of rude lines that a model was fine-tuned on.",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of the middle strengths")
    parser.add_argument(
        "--other-seeds", type=int, default=SEEDS, help="of the other strengths, and of what is taught afterwards"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="a folder for the outcomes, to be used again: more of the other seeds, if they are there",
    )
    args = parser.parse_args()
    reuse_freed_memory()
    found: dict[tuple, list[dict]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for kind, name, choice in tasks():
            middle = kind == "pretrain" and choice == STRENGTHS[name][len(STRENGTHS[name]) // 2]
            seeds = args.seeds if middle else args.other_seeds
            tasks_of = [(kind, name, choice, seed) for seed in range(args.seeds)]
            found[kind, name, json.dumps(choice)] = [
                work(task, folder) for task in tasks_of if task[-1] < seeds or kept(task, folder).exists()
            ]
    options = f" --other-seeds {args.other_seeds}" if args.other_seeds != SEEDS else ""
    text = page(found, args.seeds, options)
    print(text)
    write_atomic(PAGE, text.encode("utf-8"))
    title = "Preferences while pretraining, in the village"
    keep("village", title, f"python -m benchmarks.village{options}", machine("numpy"), [*claims(found)])
    draw(found)


if __name__ == "__main__":
    main()
