"""minillm where modules are missing: what Pyodide lacks can't be imported here either, and what a page needs works all the same."""

import os
import subprocess
import sys

import pytest

# Not in Pyodide, or of no use there: it starts neither processes nor threads. faulthandler's watchdog is a thread.
MISSING = [
    "multiprocessing", "_multiprocessing", "subprocess", "_posixsubprocess", "_posixshmem", "fcntl", "resource", "termios", "faulthandler",
    "pydoc_data", "tqdm", "threadpoolctl", "matplotlib", "safetensors", "cupy", "torch", "tokenizers", "socketserver",
]  # fmt: skip

BEGINNING = f"""
import json, os, sys
os.devnull = "/nowhere/null"
missing = {MISSING!r}

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

for name in [each for each in sys.modules if each.partition(".")[0] in missing]:
    del sys.modules[name]
sys.meta_path.insert(0, Missing())

def session(page):
    from minillm.web.session import Session
    heard = []
    return Session(page, "en", lambda text: heard.append(json.loads(text))), heard

def ask(what, **more):
    return json.dumps({{"do": what, **more}})
"""

PROGRAMS = {
    "train, look, and download the run": """
session, heard = session("train")
session.receive(ask("start", ours="tales", text="", size="small", steps=3, prompt="The"))
while session.work(): pass
session.receive(ask("viewer", text="The fox"))
session.receive(ask("download"))
kinds = [each["kind"] for each in heard]
assert kinds[0] == "ready" and kinds[-3:] == ["finished", "viewer", "file"], heard[-1]
""",
    "write with tales": """
session, heard = session("write")
session.receive(ask("write", prompt="Once", max_tokens=3, temperature=0.7, seed=0))
while session.work(): pass
assert heard[-1]["kind"] == "finished", heard[-1]
""",
    "check an exercise": """
session, heard = session("exercises")
from minillm.course.desk import solution_of
from minillm.course.outline import find
source, name = solution_of(find(5)), "causal_weights"
session.receive(ask("attempt", number=5, source=source, name=name))
lines = [each["text"] for each in heard if each["kind"] == "line"]
session.receive(ask("judge", number=5, source=source, name=name, lines=lines, printed="", line=None, ended=None, mend=True))
assert heard[-1]["passed"], heard[-1]
""",
    "the door": """
import minillm
model = minillm.GPT(vocab_size=5, context=4, layers=1, heads=1, d_model=8)
minillm.train(model, minillm.Corpus([0, 1, 2, 3, 4] * 20, context=4), steps=2, progress=False)
""",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_works_without_the_modules_that_a_browser_lacks(program, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", BEGINNING + PROGRAMS[program]]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
