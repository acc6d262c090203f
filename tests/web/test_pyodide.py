"""Pyodide's own core, from npm, in node: it unpacks the archive, and imports of minillm what needs no NumPy. (npm's package has none.)"""

import hashlib
import json
import shutil
import subprocess
import zipfile

import pytest

from minillm.cli import main
from minillm.course.outline import outlines
from minillm.web import archive, save_web
from tests.chromium import Chromium, needs_chromium
from tests.npm import NODE, needs_node, npm_package
from tests.web.serving import Server

pytestmark = needs_node

PROGRAM = """
import json, sys
import minillm
from minillm.course import outline
from minillm.errors import InputError, check_known
from minillm.files import read_json, write_atomic
from minillm.units import count
from minillm.visible import visible
from pathlib import Path

write_atomic(Path("folder/file.json"), b'{"a": 1}')
try:
    import numpy
except ModuleNotFoundError as error:
    missing = error.name
json.dumps({
    "platform": sys.platform,
    "lessons": [each.name for each in outline.outlines()],
    "file": read_json("folder/file.json"),
    "shown": visible("a\\x1b[31m"),
    "missing": missing,
})
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    package, path = npm_package("pyodide"), tmp_path_factory.mktemp("pyodide") / "minillm.zip"
    path.write_bytes(archive.library())
    command = [NODE, "tests/web/standin/pyodide_core.mjs", package, path]
    ended = subprocess.run(command, input=PROGRAM, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(json.loads(ended.stdout.splitlines()[-1]))


def test_the_archive_is_imported_and_finds_its_lessons_and_writes_files_whole(answer):
    assert answer["platform"] == "emscripten" and answer["missing"] == "numpy"
    assert answer["lessons"] == [outline.name for outline in outlines()]
    assert answer["file"] == {"a": 1} and "\x1b" not in answer["shown"]


def test_npms_package_is_refused_where_a_whole_distribution_is_needed(tmp_path, capsys):
    assert main(["web", "--out", str(tmp_path / "pages"), "--pyodide", str(npm_package("pyodide"))]) == 2
    assert "has no numpy-" in capsys.readouterr().err and not (tmp_path / "pages").exists()


SESSION = """
import json, sys
import numpy

class Session:
    def __init__(self, page, language, post):
        self.post, self.left = post, 0
        self.say("ready", python=sys.version.split()[0], numpy=numpy.__version__)

    def say(self, kind, **more):
        self.post(json.dumps({"kind": kind, **more}))

    def receive(self, text):
        self.left = json.loads(text)["max_tokens"]

    def work(self):
        self.left -= 1
        self.say("written", text=f" {self.left}é") if self.left >= 0 else self.say("finished")
        return self.left >= 0
"""


def wheel(path, files):
    names = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in {**files, "numpy-2.2.5.dist-info/RECORD": names}.items():
            packed.writestr(name, content)


@needs_chromium
def test_worker_js_loads_pyodide_itself_in_a_browser_and_hands_on_messages(tmp_path):
    """All that the pages need of Pyodide, with its own core: only NumPy and the session that needs it are stand-ins."""
    given = shutil.copytree(npm_package("pyodide"), tmp_path / "pyodide")
    lock = json.loads((given / "pyodide-lock.json").read_text())
    name = lock["packages"]["numpy"]["file_name"]
    metadata = "Metadata-Version: 2.1\nName: numpy\nVersion: 2.2.5\n"
    about = {"numpy-2.2.5.dist-info/METADATA": metadata, "numpy-2.2.5.dist-info/WHEEL": "Wheel-Version: 1.0\n"}
    wheel(given / name, {"numpy/__init__.py": "__version__ = 'a stand-in'\n", **about})
    lock["packages"]["numpy"]["sha256"] = hashlib.sha256((given / name).read_bytes()).hexdigest()
    (given / "pyodide-lock.json").write_text(json.dumps(lock))
    save_web(tmp_path / "pages", pyodide=given)
    with zipfile.ZipFile(tmp_path / "pages" / "minillm.zip", "w") as packed:
        for module, text in {"__init__": "", "web/__init__": "", "web/session": SESSION}.items():
            packed.writestr(f"minillm/{module}.py", text)
    server, browser = Server(tmp_path / "pages", tmp_path / "work"), Chromium(tmp_path / "profile")
    try:
        browser.open(f"{server.address}write.html")
        browser.click("document.getElementById('begin')")
        browser.wait(
            "!document.getElementById('start').disabled || document.getElementById('status').className === 'bad'", 60
        )
        status = "document.getElementById('status').textContent"
        assert browser.run(status) == "Ready: Python 3.13.2, NumPy a stand-in"
        assert browser.run("document.getElementById('loaded').value") > 0.6
        browser.run("document.getElementById('length').value = 3")
        browser.click("document.getElementById('start')")
        browser.wait(f"{status} === 'Done.'")
        assert browser.run("document.getElementById('text').textContent") == "Once upon a time 2é 1é 0é"
        assert not browser.trouble(server.address)
    finally:
        browser.close()
        server.close()
