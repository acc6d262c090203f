"""From questions about passages to a model that points at their answers."""

from minillm.finetuning.questions.data import QuestionBatch
from minillm.finetuning.questions.evaluation import evaluate_questions
from minillm.finetuning.questions.examples import (
    Questions,
    QuestionSplit,
    read_question_split,
    read_questions,
    split_questions,
)
from minillm.finetuning.questions.job import (
    HeldOutQuestions,
    QuestionLearner,
    begin_questions,
    learn_questions,
    resume_questions,
)
from minillm.finetuning.questions.record import QUESTIONS, QuestionChoices
from minillm.finetuning.questions.scores import BLIND, LIKE

__all__ = [
    "BLIND",
    "LIKE",
    "QUESTIONS",
    "HeldOutQuestions",
    "QuestionBatch",
    "QuestionChoices",
    "QuestionLearner",
    "QuestionSplit",
    "Questions",
    "begin_questions",
    "evaluate_questions",
    "learn_questions",
    "read_question_split",
    "read_questions",
    "resume_questions",
    "split_questions",
]
