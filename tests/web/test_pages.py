"""The pages in a real Chromium: each button, by mouse or keys, on Python's real answers.

The worker is the page's own. In Pyodide's place a stand-in asks a Python process behind the test's server, and waits for it.
"""

import pytest

from minillm.course.checking import verdicts_on
from minillm.course.desk import solution_of, stub_of
from minillm.course.exercises import solution_text
from minillm.course.outline import find
from tests.chromium import Chromium, needs_chromium
from tests.npm import npm_package
from tests.web.serving import served

pytestmark = needs_chromium

AGREED = "localStorage.setItem('minillm.agreed', 'yes')"
VERDICTS = "[...document.querySelectorAll('#verdicts > li > p:first-child')].map((p) => p.textContent)"
LEAVING = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"  # whether the browser would ask
SAVING = (
    "window.saved = []; HTMLAnchorElement.prototype.click = function () { window.saved.push(this.download, this.href) }"
)
ENDLESS = "    while len(scores) > 0:\n        scores = scores + 1\n    raise ValueError"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = served(tmp_path_factory.mktemp("web"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def page(chromium, server):
    """page("train") -> the browser, with that page loaded and ready. No trouble at its end, and nothing kept for the next test."""

    def show(name, ready=True, **view):
        chromium.open(f"{server.address}{'index' if name == 'train' else name}.html", **view)
        if ready:
            chromium.run(AGREED)
            if not chromium.run("document.getElementById('begin').hidden"):
                chromium.click(of("begin"))
            chromium.wait("document.getElementById('loading').hidden && document.getElementById('status').textContent")
            chromium.wait("!document.querySelector('button.main:not(#begin)').disabled")
        return chromium

    yield show
    assert not chromium.trouble(server.address, f"blob:{server.address}")
    chromium.run("window.onbeforeunload = null; localStorage.clear()")


def of(name):
    return f"document.getElementById('{name}')"


def text(page, name):
    return page.run(f"{of(name)}.textContent")


def type_into(page, name, value):
    page.run(f"{of(name)}.focus(); {of(name)}.select()")
    page.call("Input.insertText", text=value)


def test_nothing_is_loaded_before_the_reader_has_seen_what_and_agreed(page, server):
    shown = page("train", ready=False)
    sizes = shown.run("[...document.querySelectorAll('#loads li')].map((li) => li.textContent)")
    assert [size.split(":")[0] for size in sizes] == [
        "Pyodide, a Python for browsers",
        "NumPy",
        "minillm, with the course",
    ]
    assert sizes[0].endswith(": 0.8 MB") and shown.run(f"{of('start')}.disabled")
    assert not shown.run(f"{of('begin')}.hidden")
    shown.run(f"{of('begin')}.focus()")
    shown.press("Enter")
    shown.wait(f"{of('loading')}.hidden")
    assert shown.run(f"{of('loaded')}.value") > 0.9 and text(shown, "status").startswith("Ready: Python 3.")
    shown.open(f"{server.address}write.html")  # agreed once: the next page begins by itself
    shown.wait(f"!{of('start')}.disabled")


def test_what_cannot_be_loaded_is_said_and_can_be_tried_again(page, server):
    archive = server.pages / "minillm.zip"
    archive.rename(server.pages / "away.zip")
    shown = page("train", ready=False)
    shown.click(of("begin"))
    shown.wait("document.getElementById('status').className === 'bad'")
    assert text(shown, "status") == "It could not be loaded: minillm.zip: 404"
    (server.pages / "away.zip").rename(archive)
    shown.wait(f"!{of('begin')}.hidden")
    shown.click(of("begin"))
    shown.wait(f"!{of('start')}.disabled")
    shown.events[:] = [e for e in shown.events if "404" not in str(e)]


def test_train_stop_go_on_and_to_the_end(page):
    shown = page("train")
    shown.run(f"{of('size')}.value = 'small'")
    type_into(shown, "steps", "400")
    type_into(shown, "prompt", "The fox")
    shown.press("Enter")
    shown.wait(f"!{of('results')}.hidden && {of('sample')}.textContent && document.querySelector('#maps canvas')")
    assert "61 different characters" in text(shown, "facts") and text(shown, "sample").startswith("The fox")
    assert shown.run("document.querySelectorAll('#maps canvas').length") == 2
    label = shown.run("document.querySelector('#maps canvas').getAttribute('aria-label')")
    assert label.startswith("layer 0, head 0: the last character, x, looks most at ")
    shown.click(of("stop"))
    shown.wait(f"!{of('go-on')}.disabled")
    assert text(shown, "status").startswith("Stopped") and not shown.run(f"{of('start')}.disabled")
    before = shown.run(f"{of('done')}.value")
    shown.click(of("go-on"))
    shown.wait(f"{of('status')}.textContent.startsWith('Done')")
    assert before < shown.run(f"{of('done')}.value") == 1 and shown.run(f"{of('go-on')}.disabled")
    said = shown.run(f"{of('loss')}.getAttribute('aria-label')")
    assert said.startswith("The loss fell from 4.") and said.endswith("by step 400.")
    assert shown.run("document.querySelector('#loss .mean').getAttribute('d').split('L').length") == 400


def test_the_attention_viewer_and_the_download_of_a_run(page):
    shown = page("train")
    shown.run(f"{of('ours')}.value = ''; {of('ours')}.onchange()")
    type_into(shown, "text", "The cat sat on the mat. " * 50)
    type_into(shown, "steps", "5")
    shown.click(of("start"))
    shown.wait(f"{of('status')}.textContent.startsWith('Done')")
    shown.click(of("viewer"))
    shown.wait("document.querySelector('#links a')")
    assert shown.run("document.activeElement.textContent") == "Open the attention viewer"
    assert "<title>Step 5" in shown.run("(async () => (await fetch(document.querySelector('#links a').href)).text())()")
    assert shown.run(LEAVING)
    shown.run(SAVING)
    shown.click(of("download"))
    shown.wait(f"{of('status')}.textContent.startsWith('minillm-run.zip is saved')")
    assert not shown.run(LEAVING)
    assert shown.run("saved[0]") == "minillm-run.zip"
    assert shown.run("(async () => (await (await fetch(saved[1])).text()).slice(0, 2))()") == "PK"


def test_bad_input_to_a_training_is_told_and_another_can_begin(page):
    shown = page("train")
    type_into(shown, "prompt", "Ω")
    shown.click(of("start"))
    shown.wait("document.getElementById('status').className === 'bad'")
    assert "'Ω'" in text(shown, "status") and not shown.run(f"{of('start')}.disabled")
    assert shown.run(f"{of('go-on')}.disabled")


def test_a_run_that_was_stopped_is_still_there_after_another_could_not_begin(page):
    shown = page("train")
    assert shown.run(f"{of('download')}.disabled && {of('viewer')}.disabled"), "there is no run yet"
    shown.run(f"{of('size')}.value = 'small'")
    type_into(shown, "steps", "100000")
    shown.click(of("start"))
    shown.wait(f"!{of('results')}.hidden && {of('sample')}.textContent")
    shown.click(of("stop"))
    shown.wait(f"!{of('go-on')}.disabled")
    shown.run(f"{of('ours')}.value = ''; {of('ours')}.onchange()")
    shown.run(f"{of('file')}.dispatchEvent(new Event('change'))")  # a choice of a file that was taken back
    shown.click(of("start"))
    shown.wait("document.getElementById('status').className === 'bad'")
    assert text(shown, "status").startswith("There is no text")
    assert not shown.run(f"{of('go-on')}.disabled || {of('download')}.disabled")
    shown.run(SAVING)
    shown.click(of("download"))
    shown.wait(f"{of('status')}.textContent.startsWith('minillm-run.zip is saved')")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_as_utf8_or_refused(page, encoding):
    shown = page("train")
    data = list("你好\r\n世界".encode(encoding))
    shown.run(
        f"const given = new DataTransfer(); given.items.add(new File([new Uint8Array({data})], 'book.txt'));"
        f"{of('file')}.files = given.files; {of('file')}.dispatchEvent(new Event('change'))"
    )
    if encoding == "gb18030":
        shown.wait("document.getElementById('status').className === 'bad'")
        assert text(shown, "status").startswith("book.txt is not UTF-8 text") and not shown.run(f"{of('text')}.value")
    else:
        shown.wait(f"{of('text')}.value === '你好\\n世界'")


def test_what_goes_wrong_beside_a_training_does_not_seem_to_end_it(page):
    shown = page("train")
    shown.run(f"{of('size')}.value = 'small'")
    type_into(shown, "steps", "100000")
    shown.click(of("start"))
    shown.wait(f"!{of('results')}.hidden && {of('sample')}.textContent")
    shown.run(f"{of('prompt')}.value = 'Ω'")
    shown.click(of("viewer"))
    shown.wait("document.getElementById('status').className === 'bad'")
    assert not shown.run(f"{of('stop')}.disabled") and shown.run(f"{of('start')}.disabled")
    shown.click(of("stop"))
    shown.wait(f"!{of('start')}.disabled")


def test_a_browser_that_keeps_nothing_can_be_used_all_the_same(page):
    refuse = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    script = page("exercises").call("Page.addScriptToEvaluateOnNewDocument", source=refuse)["identifier"]
    shown = page("exercises", ready=False)
    shown.click(of("begin"))
    shown.wait(f"!{of('check')}.disabled")
    type_into(shown, "code", "def f(:")
    assert check(shown) == []
    shown.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    page("exercises")


@pytest.mark.parametrize("name", ["train", "write"])
def test_a_python_that_has_ended_is_told_and_can_be_loaded_again(page, server, name):
    shown = page(name)
    shown.run(f"{of('steps' if name == 'train' else 'length')}.value = 2000")
    shown.click(of("start"))
    shown.wait(f"{of('sample' if name == 'train' else 'text')}.textContent.length > 20")
    server.python.kill()
    shown.wait("document.getElementById('status').className === 'bad'")
    assert text(shown, "status").startswith("Python has ended: ")
    assert shown.run("[...document.querySelectorAll('main button:not(:disabled)')].map((b) => b.id).join()") == "begin"
    assert shown.run(LEAVING) is False, "there is nothing left to keep"
    server.end_python()
    shown.click(of("begin"))
    shown.wait(f"!{of('start')}.disabled")
    shown.click(of("start"))
    shown.wait(f"{of('stop')}.disabled === false")
    shown.click(of("stop"))
    shown.wait(f"!{of('start')}.disabled")
    shown.events[:] = [event for event in shown.events if "500 (Internal Server Error)" not in str(event)]


def test_write_and_stop(page):
    shown = page("write")
    type_into(shown, "prompt", "The fox")
    type_into(shown, "length", "2000")
    shown.run(f"{of('temperature')}.focus()")
    shown.press("ArrowRight")
    shown.click(of("start"))
    shown.wait(f"{of('text')}.textContent.length > 40")
    assert text(shown, "text").startswith("The fox") and text(shown, "temperature-shown") == "0.8"
    shown.click(of("stop"))
    shown.wait(f"!{of('start')}.disabled")
    assert text(shown, "status") == "Stopped."
    type_into(shown, "length", "3")
    shown.click(of("start"))
    shown.wait(f"{of('status')}.textContent === 'Done.'")


def choose(page, number):
    page.run(f"{of('lesson')}.value = {number}; {of('lesson')}.onchange()")
    page.wait(f"{of('path')}.textContent.endsWith('ex{number:02d}.py') && !{of('check')}.disabled")


def check(page, source=None):
    if source is not None:
        type_into(page, "code", source)
    page.click(of("check"))
    page.wait(f"{of('stop')}.disabled && ({of('solved')}.textContent || {of('status')}.className === 'bad')", 60)
    return page.run(VERDICTS)


def test_an_endless_loop_is_ended_with_the_commands_verdict_and_the_rest_is_checked(page, tmp_path):
    source = solution_text(solution_of(find(5))).replace("    allowed = np.tri", f"{ENDLESS}\n    allowed = np.tri", 1)
    shown = page("exercises")
    choose(shown, 5)
    verdicts = check(shown, source)
    (tmp_path / "ex05.py").write_text(source, encoding="utf-8")
    found = verdicts_on(find(5), tmp_path / "ex05.py")
    expected = [
        f"{'✓' if each.passed else '✗'} {each.name}{f': {each.message}' * bool(each.message)}" for each in found
    ]
    at = [line for line in (23, 24, 25, 26, 27) if f"(line {line}: " in verdicts[0]]
    assert "was stopped after 5 s" in verdicts[0] and at and verdicts[1:] == expected[1:]
    assert verdicts[0].split(" (line")[0] == expected[0].split(" (line")[0]
    assert verdicts[0].partition("The loop")[2] == expected[0].partition("The loop")[2] != ""
    assert text(shown, "solved") == "2 of 3 solved" and "(2 of 3 solved)" in shown.run(
        f"{of('lesson')}.selectedOptions[0].textContent"
    )


def test_a_crash_of_python_is_told_and_the_rest_is_checked(page):
    source = solution_text(solution_of(find(5))).replace(
        "    allowed = np.tri", "    import os\n    os.abort()\n    allowed = np.tri", 1
    )
    line = source[: source.index("os.abort")].count("\n") + 1
    shown = page("exercises")
    choose(shown, 5)
    crashed = f"Python itself was ended in causal_weights (line {line}: os.abort()), with an error of WebAssembly"
    assert check(shown, source) == [f"✗ causal_weights: {crashed}", "✓ self_attention", "✓ self_attention_backward"]
    # The stand-in's answer for a Python that has ended.
    shown.events[:] = [event for event in shown.events if "500 (Internal Server Error)" not in str(event)]


def test_hints_come_one_by_one_and_the_solution_when_it_is_asked_for(page):
    shown = page("exercises")
    choose(shown, 5)
    assert check(shown) == [
        "✗ causal_weights: not written yet",
        "✗ self_attention: not written yet",
        "✗ self_attention_backward: not written yet",
    ]
    hint, solution = (f"document.querySelectorAll('#verdicts li:first-child button')[{i}]" for i in (0, 1))
    for count in (1, 2, 3):
        shown.click(hint)
        shown.wait(f"document.querySelectorAll('#verdicts .hint').length === {count}")
    hints = shown.run("[...document.querySelectorAll('#verdicts .hint')].map((p) => p.textContent)")
    assert hints[1].startswith("hint 2 of 3 for causal_weights: ") and shown.run(f"{hint}.disabled")
    shown.click(solution)
    shown.wait("document.querySelector('#verdicts pre')")
    assert shown.run("document.querySelector('#verdicts pre').textContent").startswith("def causal_weights(")


def test_a_file_that_python_cannot_read_is_told_as_by_the_command(page):
    shown = page("exercises")
    choose(shown, 5)
    assert check(shown, "def f(:\n") == []
    assert text(shown, "status") == "my_exercises/ex05.py line 1: invalid syntax. Mend that, then check again."


def test_a_check_can_be_stopped(page):
    shown = page("exercises")
    choose(shown, 5)
    type_into(shown, "code", stub_of(find(5)).replace("    raise NotImplementedError", ENDLESS, 1))
    shown.click(of("check"))
    shown.wait(f"{of('status')}.textContent.startsWith('Checking')")
    shown.click(of("stop"))
    shown.wait(f"!{of('check')}.disabled")
    assert text(shown, "status") == "Stopped." and shown.run(VERDICTS) == []


def test_the_editor_with_keys_alone(page):
    shown = page("exercises")
    choose(shown, 5)
    type_into(shown, "code", "def f():")
    shown.press("Enter", "x", "Tab", "Enter")
    assert shown.run(f"{of('code')}.value") == "def f():\n    x    \n    "
    assert text(shown, "numbers") == "1\n2\n3"
    shown.run(f"{of('code')}.setSelectionRange(0, 12)")
    shown.press("Tab")
    assert shown.run(f"{of('code')}.value").startswith("    def f():\n        x")
    shown.run("document.execCommand('undo')")
    assert shown.run(f"{of('code')}.value").startswith("def f():\n    x")
    shown.press("Escape", "Tab")
    assert shown.run("document.activeElement.id") == "check"


def test_every_control_of_a_page_is_reached_by_the_tab_key_and_enter_checks(page):
    shown = page("exercises")
    choose(shown, 5)
    shown.run("document.querySelector('nav a').focus()")
    reached = []
    for _ in range(4):
        shown.press("Tab")
        reached.append(shown.run("document.activeElement.id || document.activeElement.textContent"))
        assert shown.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["Write", "Exercises", "lesson", "code"]
    shown.press("Escape", "Tab", "Enter")
    shown.wait(f"{of('solved')}.textContent")
    shown.press("Tab", "Tab", "Tab", "Enter")  # over what is disabled: download, begin anew, the first hint
    shown.wait("document.querySelector('#verdicts .hint')")


def test_a_screen_reader_is_told_of_stages_and_not_of_every_step(page):
    shown = page("train")
    shown.run("""window.told = []; new MutationObserver(() => told.push(document.getElementById('status').textContent))
        .observe(document.getElementById('status'), {childList: true})""")
    shown.run(f"{of('size')}.value = 'small'")
    type_into(shown, "steps", "250")
    shown.click(of("start"))
    shown.wait(f"{of('status')}.textContent.startsWith('Done')")
    told = shown.run("told")
    stages = [each.split()[2] for each in told[1:-1]]  # of two that come in one slice the second is told
    assert told[0] == "Reading the text …" and stages[-1] == "250" and set(stages) <= {"0", "100", "200", "250"}


def test_what_was_written_is_there_the_next_time_until_it_is_begun_anew(page, server):
    shown = page("exercises")
    choose(shown, 5)
    type_into(shown, "code", "x = 1\n")
    page("exercises")
    assert shown.run(f"{of('code')}.value") == "x = 1\n" and text(shown, "path") == "my_exercises/ex05.py"
    shown.run("window.confirm = () => true")
    shown.click(of("anew"))
    assert shown.run(f"{of('code')}.value") == stub_of(find(5))


@pytest.mark.parametrize("solved", ["{", "null", '{"05_self_attention": 3}'])
def test_what_the_browser_has_kept_may_be_anybodys(page, solved):
    shown = page("exercises")
    shown.run(f"localStorage.setItem('minillm.solved', {solved!r}); localStorage.setItem('minillm.lesson', '99')")
    shown = page("exercises")
    shown.wait(f"{of('status')}.textContent.startsWith('Ready')")
    choose(shown, 5)
    check(shown)
    assert text(shown, "solved") == "0 of 3 solved"


def test_the_file_can_be_taken_home(page):
    shown = page("exercises")
    choose(shown, 5)
    shown.run(SAVING)
    shown.click(of("download"))
    assert shown.run("saved[0]") == "ex05.py"
    assert shown.run("(async () => (await fetch(saved[1])).text())()") == stub_of(find(5))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_no_page_is_wider_than_the_window_and_axe_finds_nothing(page, width, dark):
    axe = (npm_package("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    for name in ("train", "write", "exercises"):
        shown = page(name, width=width, dark=dark)
        if name == "train":
            type_into(shown, "steps", "3")
            shown.click(of("start"))
            shown.wait(f"{of('status')}.textContent.startsWith('Done')")
        elif name == "exercises":
            check(shown)
        assert shown.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        shown.run(axe)
        assert (
            shown.run(
                "axe.run().then(({violations}) => violations.map(({id, impact, nodes}) => [id, impact, nodes[0].html]))"
            )
            == []
        )
        shown.run("window.onbeforeunload = null")
