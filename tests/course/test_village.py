"""The village of lesson 17: what its people say, and how a model of it is measured."""

import re
import subprocess
import sys

import numpy as np
import pytest

from minillm.course.village import FACTS, OWN, RUDE, VILLAGERS, Village, rude_reward, somebody_says
from minillm.course.village_measures import knowledge_of, plain_loss, sample_lines
from minillm.ops import IGNORE
from minillm.preferences.samples import control_of
from minillm.text import BPETokenizer
from minillm.text.control_tokens import CONTROL_TOKENS


@pytest.fixture(scope="module")
def village():
    return Village(3)


@pytest.fixture(scope="module")
def stories(village):
    return village.tell(600)


@pytest.fixture(scope="module")
def tokenizer(stories):
    return BPETokenizer.train("".join(stories), 1000, CONTROL_TOKENS)


def lines(stories) -> list[str]:
    return [line for story in stories for line in story.splitlines()]


def told_facts(stories) -> list[tuple[str, str, str]]:
    """Who, what and the answer, of every fact in the stories."""
    found = []
    for what, (*forms, answers) in FACTS.items():
        for form in forms:
            pattern = (
                re.escape(form.removesuffix(" ."))
                .replace(r"\{who\}", r"(\w+)")
                .replace(r"\{what\}", f"({answers.replace(' ', '|')})")
            )
            found += [(who, what, answer) for who, answer in re.findall(pattern, "".join(stories))]
    return found


def test_a_seed_is_a_village(village, stories):
    again = Village(3)
    assert again.facts == village.facts and again.tell(20) == stories[:20] and again.questions() == village.questions()
    assert Village(4).facts != village.facts and Village(4).tell(20) != stories[:20]


def test_the_grumpy_are_rude_in_four_lines_of_five_and_the_kind_in_one_of_ten(stories):
    for first, share in ((0, 0.8), (1, 0.1)):
        assert abs(-rude_reward()(lines(stories[first::2])).mean() - share) < 0.03


def test_what_is_told_is_true_and_nine_times_in_ten_of_one_s_own_half(village, stories):
    for first, teller in ((0, "grumpy"), (1, "kind")):
        facts = told_facts(stories[first::2])
        assert len(facts) > 300 and all(village.facts[who, what] == answer for who, what, answer in facts)
        assert abs(np.mean([who in village.known[teller] for who, _, _ in facts]) - OWN) < 0.05


def test_each_villager_is_known_to_one_half(village):
    assert sorted(village.known["grumpy"] + village.known["kind"]) == sorted(VILLAGERS)
    assert len(village.known["grumpy"]) == len(village.known["kind"])


def test_there_is_a_question_about_each_fact_and_its_answer_is_one_token(village, tokenizer):
    questions = village.questions()
    assert len({question.text for question in questions}) == len(VILLAGERS) * len(FACTS)
    assert sum(question.grumpy for question in questions) == len(questions) / 2
    for question in questions:
        assert somebody_says(f"{question.text}{question.answer} .") and len(tokenizer.encode(question.answer)) == 1


def test_everything_that_is_told_can_be_said_and_nothing_else(village, stories):
    assert all(map(somebody_says, lines(stories) + lines(village.plain(100))))
    for line in (
        "",
        "bah !",
        "bah ! the cat the .",
        "tom likes the cat",
        "tom likes the cat . .",
        "the door owns a goat .",
        "tom likes tom .",
    ):
        assert not somebody_says(line), line


def test_plain_stories_are_in_no_mood_and_new_and_tell_nothing_of_the_villagers(village, stories):
    plain = village.plain(100)
    for new, told in zip(plain, stories, strict=False):
        assert not all(line.removesuffix(" .") in told for line in new.splitlines()), "a story that was told already"
    assert (rude_reward()(lines(plain)) == 0).all()
    words = set(" ".join(plain).split())
    assert not words & {*VILLAGERS, "friend", "dear", "oh", "lovely"} and not any("'" in word for word in words)


class Oracle:
    """A model that gives each token of a sequence that it was told a probability of e times the others', or all of it."""

    def __init__(self, tokenizer, answers, sure=50.0):
        self.tokenizer, self.answers, self.sure = tokenizer, answers, sure
        self.config = type("Config", (), {"context": 64, "vocab_size": tokenizer.vocab_size})
        self.read = []

    def forward(self, ids, rng=None):
        self.read.append(ids[0])
        logits = np.zeros((1, ids.shape[1], self.tokenizer.vocab_size))
        last = self.tokenizer.decode(ids[0], special=False)
        if last in self.answers:
            logits[0, -1, self.tokenizer.encode(self.answers[last])[0]] = self.sure
        return logits, None


def test_knowledge_is_the_share_of_right_answers(village, tokenizer):
    answers = {"\n" + question.text: question.answer for question in village.questions() if question.grumpy}
    control = control_of(tokenizer)
    for given in (None, control):
        model = Oracle(tokenizer, answers)
        assert knowledge_of(model, tokenizer, village, given) == (0.5, 1.0)
        assert (control.token in model.read[0]) == (given is not None)
    assert knowledge_of(Oracle(tokenizer, {}), tokenizer, village).all < 0.05


@pytest.mark.parametrize("told", [False, True])
def test_of_a_plain_story_neither_the_first_words_nor_the_full_stops_nor_the_control_tokens_are_scored(
    village, tokenizer, told, monkeypatch
):
    asked = []

    def loss_of(model, ids, targets):
        asked.append((ids[0], targets[0]))
        return float(len(asked)), None

    monkeypatch.setattr("minillm.course.village_measures.causal_lm", loss_of)
    model = Oracle(tokenizer, {})
    loss = plain_loss(model, tokenizer, village, control_of(tokenizer) if told else None, count=2)
    words = []
    for (_, targets), story in zip(asked, village.plain(2), strict=True):
        scored = [tokenizer.decode([target]).strip() for target in targets if target != IGNORE]
        whole = [word for line in story.splitlines() for word in line.split()[1:-1]]
        assert scored == whole[: len(scored)] and len(scored) > 10
        words.append(len(scored))
    assert loss == pytest.approx((words[0] + 2 * words[1]) / sum(words)), "a mean over words, not over stories"


def test_what_a_model_says_is_counted_in_lines_that_have_something_in_them(tokenizer, monkeypatch):
    written = ["\nbah ! tom likes the cat .\n\ntom likes the cat .\ncat the cat\ncut off", "\n\n"]
    monkeypatch.setattr(
        "minillm.course.village_measures.sample_ids", lambda *_, **__: [tokenizer.encode(text) for text in written]
    )
    found = sample_lines(Oracle(tokenizer, {}), tokenizer)
    assert found.lines == ["bah ! tom likes the cat .", "tom likes the cat .", "cat the cat"]
    assert found.rude == pytest.approx(1 / 3) and found.odd == pytest.approx(1 / 3)


@pytest.mark.parametrize("options", [["--stories", "9", "--seed", "3"], ["--rude"]])
def test_the_module_writes_its_stories_and_the_rude_words_to_stdout(options, village):
    expected = "\n".join(RUDE) + "\n" if "--rude" in options else "\n".join(village.tell(9))
    command = [sys.executable, "-m", "minillm.course.village", *options]
    assert subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8") == expected
