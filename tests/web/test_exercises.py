"""The exercises as the page checks them: the verdicts are the command's, letter for letter."""

import json

import pytest

from minillm.course.attempt import attempt
from minillm.course.checking import verdict_on, verdicts_on
from minillm.course.chinese import translated
from minillm.course.desk import exercises_of, solution_of, stub_of
from minillm.course.exercises import planted, solution_text
from minillm.course.outline import find, outlines
from minillm.errors import InputError
from minillm.web import Session

ENDLESS = "    i = 0\n    while i < 1:\n        sum(range(10**5))\n"


class Page:
    """What exercises.js does with its worker."""

    def __init__(self, language="en"):
        self.messages = []
        self.session = Session("exercises", language, lambda text: self.messages.append(json.loads(text)))

    def ask(self, what, **more):
        self.messages.clear()
        self.session.receive(json.dumps({"do": what, **more}))
        return self.messages[-1]

    def check(self, number, source):
        """The verdicts, or the error that came in their place."""
        verdicts, answer = [], self.ask("begin", number=number, source=source)
        for name in answer.get("names", ()):
            exercise = {"number": number, "source": source, "name": name}
            self.ask("attempt", **exercise)
            lines = [message["text"] for message in self.messages if message["kind"] == "line"]
            printed = "".join(message["text"] for message in self.messages if message["kind"] == "printed")
            answer = self.ask("judge", **exercise, lines=lines, printed=printed, line=None, ended=None, mend=True)
            if answer["kind"] != "verdict":
                break
            verdicts.append((answer["name"], answer["passed"], answer["message"], answer["printed"]))
        return {name: answer[name] for name in ("kind", "wrong", "remedy")} if answer["kind"] == "error" else verdicts


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    return Page()


def by_the_command(number, source, tmp_path):
    path = tmp_path / "my_exercises" / f"ex{number:02d}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    try:
        found = verdicts_on(find(number), path.relative_to(tmp_path))
    except InputError as error:
        return {"kind": "error", "wrong": translated(error.wrong), "remedy": translated(error.remedy)}
    return [(each.name, each.passed, each.message, each.printed.splitlines()) for each in found]


def solution(number):
    return solution_text(solution_of(find(number)))


def changed(number, old, new):
    assert old in solution(number)
    return solution(number).replace(old, new)


SOURCES = {
    "nothing written": lambda: stub_of(find(5)),
    "all right": lambda: solution(5),
    "a known mistake": lambda: planted(solution(2), next(iter(exercises_of(find(2))[0].mistakes))),
    "a slip that a repair finds": lambda: changed(
        5, "np.tri(len(scores), dtype=bool)", "np.tri(len(scores), dtype=bool) | (scores > 0)"
    ),
    "it prints, and raises": lambda: stub_of(find(5)).replace(
        "raise NotImplementedError", "print('a\\tb', 1)\n    raise ValueError", 1
    ),
    "a file that ends Python": lambda: "import sys\nsys.exit()\n",
    "a file that can't be loaded": lambda: "import numpy as np\nnp.nothing\n",
    "a file that is no Python": lambda: "def f(:\n",
    "an exercise that is missing": lambda: "",
    "it types": lambda: stub_of(find(5)).replace("raise NotImplementedError", "input()\n    raise ValueError", 1),
}


@pytest.mark.parametrize("case", SOURCES)
def test_a_verdict_is_the_commands_letter_for_letter(case, page, tmp_path):
    number = 2 if case == "a known mistake" else 5
    source = SOURCES[case]()
    assert page.check(number, source) == by_the_command(number, source, tmp_path)


def test_the_page_speaks_chinese_as_the_command_does(page, tmp_path):
    source = SOURCES["it prints, and raises"]()
    verdicts = Page("zh").check(5, source)  # from now on the whole process speaks it
    assert verdicts == by_the_command(5, source, tmp_path) and verdicts[1][2] == "还没有写"
    assert Page("zh").check(5, "def f(:\n")["remedy"] == "改好之后再检查一次。"


def test_what_was_heard_until_an_endless_loop_was_ended_is_judged_as_by_the_command(page, tmp_path):
    source = stub_of(find(5)).replace(
        "    raise NotImplementedError", f"    print('here')\n{ENDLESS}    raise ValueError", 1
    )
    outline, exercise = find(5), exercises_of(find(5))[0]
    path = tmp_path / "ex05.py"
    path.write_text(source, encoding="utf-8")
    tried = attempt(outline, path, exercise.name, seconds=0.5)
    expected = verdict_on(exercise, tried, outline, path, source).message.replace("0.5 s", "5 s")
    heard = {"lines": ['{"loaded": true}'], "printed": "here\n", "line": tried.answers[-1].line, "ended": "Timeout"}
    verdict = page.ask("judge", number=5, source=source, name=exercise.name, **heard, mend=True)
    assert verdict["message"] == expected and "was stopped after 5 s" in expected and verdict["printed"] == ["here"]


def test_a_file_that_never_ends_loading_is_told_as_by_the_command(page, tmp_path):
    source, name = "while True: pass\n", exercises_of(find(5))[0].name
    path = tmp_path / "my_exercises" / "ex05.py"
    path.parent.mkdir()
    path.write_text(source, encoding="utf-8")
    tried = attempt(find(5), path, name, seconds=0.5)
    with pytest.raises(InputError) as caught:
        verdict_on(exercises_of(find(5))[0], tried, find(5), path.relative_to(tmp_path), source)
    heard = {"lines": [], "printed": "", "line": tried.unread.line, "ended": "Timeout"}
    error = page.ask("judge", number=5, source=source, name=name, **heard, mend=True)
    assert error["wrong"] == caught.value.wrong.replace("0.5 s", "5 s") and error["remedy"] == caught.value.remedy
    assert "was stopped after 5 s (line 1: while True: pass)" in error["wrong"]


def test_the_page_is_told_where_the_code_is_before_it_can_hang_and_when_its_time_is_up(page, monkeypatch):
    monkeypatch.setattr("minillm.web.exercise_desk.SECONDS", 0.05)
    stub = stub_of(find(5))
    source = stub.replace("    raise NotImplementedError", "    for i in range(10**6): i + 1\n    raise ValueError", 1)
    line = source[: source.index("for i in")].count("\n") + 1
    page.ask("attempt", number=5, source=source, name=exercises_of(find(5))[0].name)
    kinds = [message["kind"] for message in page.messages]
    assert {"kind": "at", "line": line} in page.messages and {"kind": "late", "line": line} in page.messages
    assert kinds[0] == "limit" and page.messages[0]["seconds"] == 0.05 and kinds.count("late") == 1
    assert [message["seconds"] for message in page.messages if message["kind"] == "limit"][-1] == 0


def test_the_search_for_a_repair_has_a_limit_that_is_taken_back(page):
    name = exercises_of(find(5))[0].name
    source = SOURCES["a slip that a repair finds"]()
    page.ask("attempt", number=5, source=source, name=name)
    lines = [message["text"] for message in page.messages if message["kind"] == "line"]
    heard = {"number": 5, "source": source, "name": name, "lines": lines, "printed": "", "line": None, "ended": None}
    page.ask("judge", **heard, mend=True)
    assert [each["seconds"] for each in page.messages if each["kind"] == "limit"] == [30, 0]
    page.ask("judge", **heard, mend=False)
    assert [each["kind"] for each in page.messages] == ["verdict"]


def test_a_crash_is_told_with_its_line(page):
    source = solution(5)
    heard = {"lines": ['{"loaded": true}'], "printed": "", "line": 6, "ended": "Crash"}
    name = exercises_of(find(5))[0].name
    message = page.ask("judge", number=5, source=source, name=name, **heard, mend=False)["message"]
    assert message == f"Python itself was ended in {name} (line 6: import math), with an error of WebAssembly"


def test_all_lessons_with_exercises_their_stubs_hints_and_solutions(page):
    lessons = page.ask("lessons")["lessons"]
    assert [each["number"] for each in lessons] == [outline.number for outline in outlines() if exercises_of(outline)]
    stub = page.ask("open", number=5)
    assert stub["text"] == stub_of(find(5)) and stub["path"] == "my_exercises/ex05.py"
    first = exercises_of(find(5))[0]
    hint = page.ask("hint", number=5, name=first.name, which=2)
    assert (hint["text"], hint["which"], hint["of"]) == (first.hints[1], 2, len(first.hints))
    assert page.ask("hint", number=5, name=first.name, which=99)["wrong"].startswith("There is no hint 99")
    assert page.ask("solution", number=5, name=first.name)["text"] == solution_text(solution_of(find(5)), first.name)


def test_nothing_of_a_students_code_stays_behind_in_the_worker(page):
    import os
    import sys

    import numpy as np

    before = sys.stdout, sys.stdin, os._exit, np.empty, sys.gettrace()
    page.check(5, SOURCES["it prints, and raises"]())
    assert (sys.stdout, sys.stdin, os._exit, np.empty, sys.gettrace()) == before
