"""How good answers to questions are, and what they have to beat."""

from collections.abc import Sequence

from minillm.finetuning.nearest import NearestText
from minillm.finetuning.questions.examples import Questions
from minillm.generation.answering import find_answers
from minillm.metrics import AnswerF1, ExactMatch
from minillm.models import QuestionAnswering
from minillm.text import Tokenizer
from minillm.text.sentences import is_chinese, sentences_of

LIKE, BLIND = "the sentence most like the question", "the same model without the question"


def answer_metrics(questions: Questions) -> tuple[AnswerF1, ExactMatch]:
    """Where most answers are Chinese, each character is a word."""
    language = "zh" if is_chinese([each[0] for each in questions.answers]) else "en"
    return AnswerF1(language), ExactMatch(language)


def sentence_like(question: str, passage: str) -> str:
    """The sentence of a passage that is nearest to a question by its words."""
    sentences = sentences_of(passage)
    return sentences[NearestText(sentences).place(question)]


def sentences_like(questions: Questions) -> list[str]:
    return [*map(sentence_like, questions.questions, questions.passages)]


def blind_answers(model: QuestionAnswering, tokenizer: Tokenizer, questions: Questions) -> list[str]:
    """What the model answers to an empty question: it shows how much of an answer is known from the passage alone."""
    passages = [*dict.fromkeys(questions.passages)]
    found = find_answers(model, tokenizer, [""] * len(passages), passages, may_be_missing=questions.may_be_missing)
    by_passage = dict(zip(passages, found, strict=True))
    return [by_passage[passage] for passage in questions.passages]


def answer_scores(answers: Sequence[str], questions: Questions) -> dict[str, float]:
    """F1 and exact match, from 0 to 100."""
    return {metric.name: metric.corpus_score(answers, questions.answers) for metric in answer_metrics(questions)}
