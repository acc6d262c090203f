"""From a program: a question answerer learns from questions about passages, on a pretrained body or on a random one."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import learn_questions
from minillm.finetuning.questions import BLIND, LIKE, HeldOutQuestions, Questions, begin_questions, split_questions
from minillm.generation import answer
from minillm.models import (
    GPT,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
)
from minillm.text import CharTokenizer
from tests.questions import questions, tokenizer

KNOWN = tokenizer()
SIZES = {"context": 24, "layers": 2, "heads": 4, "d_model": 48, "d_ff": 64, "norm": "pre"}
QUICK = {"batch": 16, "lr": 0.005, "workers": 1, "dropout": 0.0, "eval_every": 50}


def body(seed: int = 1, **sizes) -> MaskedLM:
    return MaskedLM(EncoderConfig(len(KNOWN.vocab), **SIZES | sizes), seed=seed)


def test_it_learns_to_answer_and_beats_what_needs_no_question():
    split = split_questions(questions(60), 0, "list")
    learner = begin_questions(split, QUICK | {"steps": 150, "seed": 2}, (body(), KNOWN), random=True)
    held_out = HeldOutQuestions(learner)
    for _ in learner.trainer.run():
        pass
    model = learner.trainer.model
    reached, beaten = held_out.scores(held_out.answers(model)), held_out.beaten(model)
    assert reached["EM"] > 90 and reached["F1"] >= reached["EM"]
    assert beaten[LIKE]["F1"] < 50 and beaten[BLIND]["EM"] < 50
    found = answer(model, KNOWN, "Where went?", "in May  Eve to Oslo went. 7")
    assert (found.text, found.start, found.end) == ("Oslo", 15, 19) and 0.5 < found.probability <= 1


def test_a_body_of_one_segment_learns_as_well():
    made = learn_questions(questions(30), body(token_types=0), KNOWN, **QUICK | {"steps": 2}, progress=False)
    assert isinstance(made, QuestionAnswering) and made.config.body.token_types == 0


def test_it_leaves_the_pretrained_model_as_it_is_and_all_follows_from_the_seed():
    pretrained = body(7)
    before = pretrained.vector.data.copy()
    settings = QUICK | {"steps": 2, "warmup": 0, "lr": 1e-3, "dropout": 0.25, "progress": False}
    made, again = (learn_questions(questions(30), pretrained, KNOWN, **settings) for _ in range(2))
    assert (pretrained.vector.data == before).all() and (made.vector.data == again.vector.data).all()
    size = made.body.embedding.weight.data.size
    change = np.abs(made.body.embedding.weight.data - pretrained.body.embedding.weight.data).max()
    assert size and 0 < change < 0.01 and made.config.body.dropout == 0.25
    other = learn_questions(questions(30), pretrained, KNOWN, pretrained=False, **settings)
    assert np.abs(other.body.embedding.weight.data - pretrained.body.embedding.weight.data).max() > 0.1


def test_a_question_answerer_goes_on_with_its_head():
    config = QuestionAnsweringConfig(body().body.config)
    first = QuestionAnswering(config, seed=3)
    split = split_questions(questions(30), 0, "list")
    learner = begin_questions(split, QUICK | {"steps": 2}, (first, KNOWN))
    assert (learner.trainer.model.vector.data == first.vector.data).all()


def test_a_passage_is_held_out_with_all_of_its_questions():
    split = split_questions(questions(40), 3, "list")
    training, held_out = ({*part.passages} for part in split)
    assert len(held_out) == 4 and not training & held_out and len(split.held_out.ids) == 12
    with pytest.raises(InputError, match="list has 9 different paragraphs, too few"):
        split_questions(questions(9), 0, "list")


def test_columns_of_different_lengths_are_no_questions():
    many = questions(30)
    with pytest.raises(InputError, match="differ in length"):
        learn_questions(many._replace(answers=many.answers[1:]), body(), KNOWN, progress=False)


def test_held_out_questions_that_are_answered_are_spread_over_all_of_them():
    many = questions(1000)
    learner = begin_questions(split_questions(many, 0, "list"), QUICK | {"steps": 1}, (body(), KNOWN))
    chosen, all_of_them = HeldOutQuestions(learner).questions.ids, learner.split.held_out.ids
    assert len(chosen) == 200 and chosen[0] == all_of_them[0] and chosen[-1] == all_of_them[-1]


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"stepz": 3}, "no setting 'stepz'"),
        ({"epochs": 0}, "epochs"),
        ({"label_smoothing": 0.1}, "label_smoothing"),
        ({"seed": -1}, "seed"),
        ({"batch": 10**12, "workers": 1}, "This needs at least"),
    ],
    ids=str,
)
def test_settings_that_no_run_can_have(settings, wrong):
    with pytest.raises(InputError, match=wrong):
        learn_questions(questions(30), body(), KNOWN, progress=False, **settings)


def test_models_that_cannot_learn_it():
    gpt = GPT(GPTConfig(len(KNOWN.vocab), context=9, layers=1, heads=1, d_model=4))
    with pytest.raises(InputError, match="This is a GPT"):
        learn_questions(questions(30), gpt, KNOWN)
    with pytest.raises(InputError, match="6 tokens at once"):
        learn_questions(questions(30), body(context=6), KNOWN)
    with pytest.raises(InputError, match=r"no \[CLS\] and \[SEP\]"):
        learn_questions(questions(30), body(), CharTokenizer("abc"))
    nowhere = questions(30)
    nowhere.answers[50][0] = "nobody"
    with pytest.raises(InputError, match="'nobody' to question '16 When' is not in its paragraph"):
        learn_questions(Questions(*nowhere), body(), KNOWN)
