"""worker.js under node: what it says while it loads, how it hands on messages, and that it can be stopped between two slices.

In Pyodide's place stands a Python process, which imports minillm from the archive that the worker has unpacked.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import threading

import pytest

from minillm.web import save_web
from tests.npm import NODE, needs_node
from tests.web.serving import STANDIN, distribution

pytestmark = [needs_node, pytest.mark.skipif(os.name != "posix", reason="the stand-in needs named pipes")]


class Worker:
    def __init__(self, folder, page):
        self.folder, self.page, self.heard, self.messages = folder, page, [], queue.Queue()
        save_web(folder / "pages", pyodide=distribution(folder / "pyodide", "for_node.mjs"))
        (folder / "work").mkdir()
        for name in ("orders", "answers"):
            os.mkfifo(folder / "work" / name)
        program = folder / "pages" / "worker.mjs"  # node takes it for a module by its ending
        shutil.copy(folder / "pages" / "worker.js", program)
        environment = {
            **os.environ,
            "STANDIN_PYTHON": sys.executable,
            "STANDIN_FOLDER": str(folder / "work"),
            "STANDIN_SIDE": str(STANDIN / "python_side.py"),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        command = [NODE, STANDIN / "worker_in_node.mjs", program]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.messages.put(json.loads(line))
        self.messages.put(None)

    def load(self, **changed):
        archives = ["minillm.zip"]
        self.ask("load", **{"page": self.page, "language": "en", "pyodide": "./", "archives": archives} | changed)

    def ask(self, what, **more):
        print(json.dumps({"do": what, **more}), file=self.process.stdin, flush=True)

    def until(self, kind):
        """The next message of this kind; all of them are kept in `heard`."""
        while (message := self.messages.get(timeout=60)) is not None:
            self.heard.append(message)
            if message["kind"] == kind:
                return message
        raise AssertionError(self.heard[-3:])

    def kinds(self):
        return [message["kind"] for message in self.heard]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def worker(tmp_path):
    made = []

    def make(page):
        made.append(Worker(tmp_path, page))
        return made[0]

    yield make
    made[0].close()


def test_it_says_what_it_loads_counts_the_bytes_and_is_ready(worker):
    train = worker("train")
    train.load()
    ready = train.until("ready")
    assert [each["what"] for each in train.heard if each["kind"] == "loading"] == ["Pyodide", "NumPy", "minillm"]
    size = (train.folder / "pages" / "minillm.zip").stat().st_size
    assert sum(each["count"] for each in train.heard if each["kind"] == "bytes") == size
    assert ready["python"] == sys.version.split()[0]


def test_a_training_is_stopped_between_two_slices_goes_on_and_hears_other_wishes_in_between(worker):
    train = worker("train")
    train.load()
    train.until("ready")
    train.ask("start", ours="tales", text="", size="small", steps=100_000, prompt="The")
    train.until("progress")
    train.ask("viewer", text="The fox")
    train.until("viewer")
    train.until("progress")
    train.ask("stop")
    train.until("stopped")
    train.ask("hint")  # another desk's: a fault is told, and nothing else happens
    assert "hint" in train.until("fault")["text"] and train.messages.empty()
    train.ask("go_on", prompt="The")
    train.until("progress")
    steps = [step for each in train.heard if each["kind"] == "progress" for step, _ in each["losses"]]
    assert steps == list(range(1, len(steps) + 1))


def test_what_cannot_be_loaded_is_a_fault_with_its_name(worker):
    train = worker("train")
    train.load(archives=["nothing.zip"])
    assert train.until("fault")["text"] == "nothing.zip: 404"


def test_an_answer_of_a_students_code_is_out_before_the_next_call_hangs(worker):
    exercises = worker("exercises")
    exercises.load()
    exercises.until("ready")
    exercises.ask("open", number=5)
    stub = exercises.until("stub")["text"]
    source = stub.replace(
        "raise NotImplementedError", "print('here')\n    while len(scores) < 5: pass\n    raise ValueError", 1
    )
    exercises.ask("attempt", number=5, source=source, name="causal_weights")
    assert exercises.until("line")["text"] == '{"loaded": true}'
    assert "ValueError" in exercises.until("line")["text"]
    assert {"kind": "printed", "text": "here"} in exercises.heard
    line = source[: source.index("while len(scores)")].count("\n") + 1
    assert {"kind": "at", "line": line} in exercises.heard and "over" not in exercises.kinds()
