"""The folder that Zensical builds the site from: the pages as Markdown, what they show, and mkdocs.yml."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from minillm.course.chinese import speaking
from minillm.course.notebook import typeset
from minillm.course.outline import ROOT, read_outline
from minillm.errors import InputError
from minillm.site.lesson_page import lesson_page
from minillm.site.links import Links
from minillm.site.pages import Page, sections

HERE = Path(__file__).parent
MARK = "# Written by python -m minillm site: what is changed here is lost when it is written anew.\n"
OURS = ("en", "theme", "site")  # the folders in it


def write_project(folder: Path, *, repository: str | None = None) -> None:
    """Write the pages and mkdocs.yml into a folder that is new, empty, or written by this function before.

    repository: the address on the web that files which are no pages are linked to. InputError outside a clone of the repository, or
    where the folder holds something else.
    """
    if not (ROOT / "docs").is_dir():
        raise InputError(
            "The site is made of a clone of minillm: an installed one has no docs, figures and measurements.",
            "Run it in a clone.",
        )
    _clear(folder)
    with speaking("en"):
        _write_pages(folder, repository)
    shutil.copytree(HERE / "theme", folder / "theme")
    shutil.copy(HERE / "settings.yml", folder)


def _clear(folder: Path) -> None:
    """Make the folder, or take away what was written into it before."""
    settings = folder / "mkdocs.yml"
    ours = settings.is_file() and settings.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    if folder.exists() and not ours and (folder.is_file() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already, and is no site of minillm.", "Name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in OURS:
        shutil.rmtree(folder / name, ignore_errors=True)


def _write_pages(folder: Path, repository: str | None) -> None:
    menu = sections()
    (folder / "mkdocs.yml").write_text(MARK + _settings(menu), encoding="utf-8", newline="\n")
    links = Links({page.source: page.path for pages in menu.values() for page in pages}, repository, set())
    for page in (page for pages in menu.values() for page in pages):
        path = folder / "en" / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(links.rewritten(_markdown(page), page.source), encoding="utf-8", newline="\n")
    for file in links.shown:
        path = folder / "en" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, path)


def _markdown(page: Page) -> str:
    path = ROOT / page.source
    return lesson_page(read_outline(path)) if page.is_lesson else typeset(path.read_text(encoding="utf-8"))


def _settings(menu: dict[str, list[Page]]) -> str:
    """mkdocs.yml: what is not the same for every site stands here in JSON, which is YAML too; settings.yml has the rest."""
    nav = [{name: [{page.title: page.path} for page in pages]} for name, pages in menu.items()]
    settings = {"INHERIT": "settings.yml", "docs_dir": "en", "site_dir": "site", "nav": nav}
    return json.dumps(settings, ensure_ascii=False, indent=1) + "\n"


def build(folder: Path) -> Path:
    """Let Zensical make HTML of what `write_project` wrote; the front page. InputError where it finds a fault, such as a dead link."""
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", "mkdocs.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise InputError(f"Zensical could not build the site: {(done.stdout + done.stderr).strip()}", "Mend that page.")
    return folder / "site" / "index.html"
