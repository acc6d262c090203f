"""A Python in the place of Pyodide: it reads orders from standard input, a line of JSON each, and answers in lines.

`{"new": [page, language]}`, `{"receive": text}` and `{"work": null}` are what worker.js does with a session; `{"post": text}` is what the
session has for the page, and `{"return": value}` the end of an answer.
"""

import json
import os
import sys

from minillm.web.session import Session

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
session = None


def answer(**line):
    print(json.dumps(line), file=answers, flush=True)


for order in sys.stdin:
    match json.loads(order):
        case {"new": [page, language]}:
            session = Session(page, language, lambda text: answer(post=text))
            answer(**{"return": None})
        case {"receive": text}:
            session.receive(text)
            answer(**{"return": None})
        case {"work": _}:
            answer(**{"return": session.work()})
