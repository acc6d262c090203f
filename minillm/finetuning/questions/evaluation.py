"""How good a question answerer is on questions about passages, beside what it has to beat."""

from minillm.finetuning.evaluation import Answered
from minillm.finetuning.questions.examples import Questions
from minillm.finetuning.questions.scores import BLIND, LIKE, answer_metrics, blind_answers, sentences_like
from minillm.generation.answering import find_answers
from minillm.metrics import Case
from minillm.metrics.evaluation import count_answers, evaluation_of, worst_places
from minillm.models import QuestionAnswering
from minillm.text import Tokenizer


def evaluate_questions(model: QuestionAnswering, tokenizer: Tokenizer, questions: Questions) -> Answered:
    """F1 and exact match of a question answerer, and the answers with the lowest F1. Where most answers are Chinese, they are measured by
    character.

    To be beaten are the sentence of the passage that shares the rarest words with the question, and what the model answers to an empty
    question.
    """
    asked, references = questions.questions, questions.answers
    answers = find_answers(model, tokenizer, asked, questions.passages, may_be_missing=questions.may_be_missing)
    simple = {LIKE: sentences_like(questions), BLIND: blind_answers(model, tokenizer, questions)}
    metrics = answer_metrics(questions)
    counts = [count_answers(metric, answers, references, simple) for metric in metrics]
    scores = [metrics[0].sentence_score(*each) for each in zip(answers, references, strict=True)]
    worst = [Case(scores[i], asked[i], answers[i], references[i][0]) for i in worst_places(scores)]
    return Answered(answers, evaluation_of("question", counts, worst), ids=questions.ids)
