"""A student's function in a process of its own: whatever it does, the check comes to its end and says what happened, and where."""

import os
import subprocess
import time

import pytest

from minillm.course.attempt import attempt
from minillm.course.desk import exercises_of, solution_of
from minillm.course.diagnosis import judge
from minillm.course.outline import find

HEAD = "import os, sys\nimport numpy as np\n"


@pytest.fixture
def verdict(course, tmp_path):
    """What is said of a `scaled` with this body, from line 4 on."""

    def check(body: str):
        source = f"{HEAD}def scaled(x, factor):\n" + "".join(f"    {line}\n" for line in body.splitlines())
        path = tmp_path / "ex01.py"
        path.write_text(source, encoding="utf-8")
        tried = attempt(find(1), path, "scaled", seconds=0.5)
        return judge(exercises_of(find(1))[0], tried, solution_of(find(1)), source)

    return check


def test_a_right_answer_passes_with_its_time(verdict):
    found = verdict("return factor * x")
    assert found.passed and not found.message and 0 < found.seconds < 0.5


@pytest.mark.parametrize("made", ["np.empty(x.shape)", "np.empty_like(x)", "np.empty(x.shape, dtype=int)"])
def test_what_np_empty_made_and_nothing_filled_is_not_right_by_chance(verdict, made):
    found = verdict(f"y = {made}\nif not np.isfinite(x).all(): y[:] = 0\nreturn x * factor + 0 * y + (y < -(10**9))")
    assert not found.passed and ("np.empty" in found.message or "int" in made), found.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            # Nearly all of the time is spent in one line, so that it is this one where the loop is stopped.
            "i = 0\nwhile i < 3:\n    sum(range(100000))",
            "scaled was stopped after 0.5 s (line 6: sum(range(100000))) in scaled(x=[",
        ),
        ("while True: pass", "The loop in line 4, while True: pass has no end of its own"),
        ("sys.exit()", "scaled ends Python (line 4: sys.exit()): do without sys.exit"),
        ("quit()", "scaled ends Python (line 4: quit())"),
        ("os._exit(0)", "scaled ends Python (line 4: os._exit(0))"),
        ("raise KeyboardInterrupt", "scaled was interrupted (line 4: raise KeyboardInterrupt)"),
        ("return scaled(x, factor)", "scaled calls itself without end (line 4: return scaled(x, factor))"),
        ("input()", "scaled waits for input (line 4: input())"),
        ("os.abort()", "Python itself was ended in scaled (line 4: os.abort()), with exit code"),
        (
            "return x.nothing",
            "it raises AttributeError: 'numpy.ndarray' object has no attribute 'nothing' (line 4: return x.nothing) in scaled(x=[",
        ),
    ],
    ids=lambda text: text.splitlines()[0],
)
def test_what_ends_without_an_answer(verdict, body, said):
    found = verdict(body)
    assert not found.passed and said in found.message


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
@pytest.mark.parametrize("body", ["return np.zeros(10**10 // 8)", "return bytearray(10**10)"])
def test_ten_gigabytes_are_refused(verdict, body):
    assert "scaled asks for more memory than there is for it (line 4: " in verdict(body).message


def test_a_flood_of_output_is_cut_and_the_answer_counts(verdict):
    found = verdict("for i in range(20_000): print('flood', i)\nos.write(1, b'x' * 10**6)\nreturn x * factor")
    assert found.passed and found.printed.startswith("flood 0\nflood 1\n") and len(found.printed) == 2000


def test_what_was_printed_before_the_time_was_up_is_kept(verdict):
    found = verdict("print('here')\nwhile True: pass")
    assert found.printed == "here\n" and "was stopped" in found.message


@pytest.mark.parametrize(
    "method", ["__eq__", "__repr__", "__str__", "__getattribute__", "__array__", "__iter__", "__class__"]
)
def test_an_object_that_raises_whatever_is_asked_of_it(verdict, method):
    found = verdict(f"class Evil:\n    def {method}(self, *a): raise SystemExit\nreturn Evil()")
    assert found.message == "it returns an Evil: return a NumPy array, np.array(...)"


def test_an_error_whose_text_raises(verdict):
    assert verdict("class Evil(Exception):\n    def __str__(self): os._exit(0)\nraise Evil").message.startswith(
        "it raises Evil"
    )


def test_a_thread_that_never_ends_keeps_nobody(verdict):
    assert verdict(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nreturn x * factor"
    ).passed


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no groups of processes")
def test_what_a_student_started_ends_with_the_check(verdict, tmp_path):
    number = tmp_path / "number"
    assert verdict(
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(number)!r}, 'w').write(str(child.pid))\n"
        "return x * factor"
    ).passed
    end = time.monotonic() + 5  # a signal takes its time
    while runs(int(number.read_text())) and time.monotonic() < end:
        time.sleep(0.02)
    assert not runs(int(number.read_text()))


def runs(pid: int) -> bool:
    """Whether there is such a process. One that has ended may stay in the system's list, marked Z, until somebody asks how."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip() != "" and not state.startswith("Z")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_of_a_process_that_forked_one_answers(verdict):
    assert verdict("os.fork()\nreturn x * factor").passed
    assert verdict("os.fork()\nreturn x + factor").message


def test_an_exercise_that_calls_another_is_given_the_right_one(course, tmp_path):
    path = tmp_path / "ex01.py"
    path.write_text(
        "def scaled(x, factor): raise ValueError\ndef pairs(w): return scaled(1, 1) and list(zip(w, w[1:]))\n"
    )
    tried = attempt(find(1), path, "pairs")
    assert judge(exercises_of(find(1))[1], tried, solution_of(find(1))).passed
