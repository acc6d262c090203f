"""Little passages with questions about them, which can be learned within seconds: who, where to, and when?"""

import json
from pathlib import Path

import numpy as np

from minillm.finetuning.questions import Questions
from minillm.text import WordPieceTokenizer

NAMES = ["Ann", "Ben", "Cleo", "Dan", "Eve", "Finn"]
TOWNS = ["Rome", "Oslo", "Bern", "Lima", "Kyiv", "Riga"]
MONTHS = ["March", "April", "May", "June", "July", "August"]
WORDS = ["went", "to", "in", "who", "where", "when", "?", "."]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *(w.lower() for w in NAMES + TOWNS + MONTHS)]


def tokenizer() -> WordPieceTokenizer:
    return WordPieceTokenizer({token: i for i, token in enumerate(VOCABULARY)})


def questions(passages: int, seed: int = 0) -> Questions:
    """Three on each passage. The parts of a passage come in any order, so that a place tells nothing."""
    rng = np.random.default_rng(seed)
    found = Questions([], [], [], [], [])
    for number in range(passages):
        answers = [str(rng.choice(words)) for words in (NAMES, TOWNS, MONTHS)]
        parts = [answers[0], f"to {answers[1]}", f"in {answers[2]}"]
        passage = " ".join(parts[i] for i in rng.permutation(3)) + f" went. {number}"
        for word, answer in zip(("Who", "Where", "When"), answers, strict=True):
            found.ids.append(f"{number} {word}")
            found.questions.append(f"{word} went?")
            found.passages.append(passage)
            found.answers.append([answer])
            found.starts.append([passage.index(answer)])
    return found


def write_questions(path: Path, asked: Questions) -> Path:
    """In the form of SQuAD, a paragraph for each question; a start of None is left out."""
    paragraphs = [
        {
            "context": passage,
            "qas": [
                {
                    "id": identity,
                    "question": question,
                    "answers": [
                        {"text": text} | ({} if start is None else {"answer_start": start})
                        for text, start in zip(answers, starts, strict=True)
                        if text
                    ],
                }
            ],
        }
        for identity, question, passage, answers, starts in zip(*asked, strict=True)
    ]
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    return path
