"""The folder that Zensical builds the site from: the pages as Markdown, what they show, and mkdocs.yml."""

import json
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

from minillm.course.chinese import translated
from minillm.course.notebook import typeset
from minillm.course.outline import FOLDER, INSIDE, ROOT, read_outline
from minillm.errors import InputError
from minillm.language import speaking
from minillm.site.lesson_page import lesson_page
from minillm.site.links import Links, by_file
from minillm.site.pages import Page, sections
from minillm.web import save_web

HERE = Path(__file__).parent
MARK = "# Written by python -m minillm site: what is changed here is lost when it is written anew.\n"
NAMES = {"en": "English", "zh": "中文"}
SETTINGS = {"en": "mkdocs.yml", "zh": "mkdocs.zh.yml"}  # Zensical builds one language after the other

WEB = "web"  # the folder of the pages in which minillm runs


def write_project(folder: Path, *, repository: str | None = None, web: bool = False) -> None:
    """Write the pages and the settings into a folder that is new, empty, or written by this function before.

    repository: the address on the web that files which are no pages are linked to. web: whether the pages in which minillm runs come
    along, which do so on a server only. InputError outside a clone of the repository, for a `repository` that is no address, or where the
    folder holds something else.
    """
    if repository is not None and not re.fullmatch(r"https?://[^\s()<>\"']+", repository):
        raise InputError(
            f"{repository!r} is no address of a `repository`.", "Give one such as https://github.com/NAME/minillm."
        )
    if FOLDER == INSIDE:
        raise InputError(
            "The site is made of a clone of minillm: an installed one has no docs, figures and measurements.",
            "Run it in a clone.",
        )
    _clear(folder)
    menus = {}
    for language in SETTINGS:
        with speaking(language):
            menus[language] = sections(language)
    menus = {language: menu for language, menu in menus.items() if menu}
    for language in menus:
        with speaking(language):
            _write(folder / SETTINGS[language], MARK + _settings(language, menus, web))
            _write_language(folder, language, menus, repository)
            if web:
                save_web(folder / language / WEB, language=language)
    shutil.copytree(HERE / "theme", folder / "theme")
    shutil.copy(HERE / "settings.yml", folder)


def _clear(folder: Path) -> None:
    """Make the folder, or take away what was written into it before."""
    settings = folder / SETTINGS["en"]
    ours = settings.is_file() and settings.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    if folder.exists() and not ours and (folder.is_file() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already, and is no site of minillm.", "Name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*SETTINGS, "theme", "site"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / SETTINGS["zh"]).unlink(missing_ok=True)


def _write_language(
    folder: Path, language: str, menus: dict[str, dict[str, list[Page]]], repository: str | None
) -> None:
    """The pages in a language, and what they show."""
    pages = {name: [page for section in menu.values() for page in section] for name, menu in menus.items()}
    own, others = (
        by_file(page for name in pages if (name == language) == mine for page in pages[name]) for mine in (True, False)
    )
    links = Links(own, others, repository, set())
    for page in pages[language]:
        other = others.get(page.source)
        head = f"---\nalternate: {page.to(other.address)}\n---\n\n" if other else ""
        _write(folder / language / page.path, head + links.rewritten(_markdown(page), page))
    for file in links.shown:
        path = folder / language / file
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, path)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _markdown(page: Page) -> str:
    path = ROOT / page.file
    if page.file.endswith(".py"):
        return lesson_page(read_outline(path))
    # In a table's code GitHub wants | as \\|, and Zensical takes it as it is.
    text = re.sub(
        r"^\|.*", lambda row: row[0].replace("\\|", "|"), path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return typeset(text)


def _settings(language: str, menus: dict[str, dict[str, list[Page]]], web: bool) -> str:
    """What is not the same for every site stands here in JSON, which is YAML too; settings.yml has the rest."""
    first = {name: next(iter(menu.values()))[0] for name, menu in menus.items()}
    root = "." if language == "en" else language
    others = [
        {"name": NAMES[name], "lang": name, "link": posixpath.relpath(page.address, root)}
        for name, page in first.items()
        if name != language
    ]
    nav = [{name: [{page.title: page.path} for page in pages]} for name, pages in menus[language].items()]
    settings = {
        "INHERIT": "settings.yml",
        "docs_dir": language,
        "site_dir": "site" if language == "en" else f"site/{language}",
        "theme": {"language": language},
        "extra": {
            "homepage": posixpath.relpath(first[language].address, root),
            "alternate": bool(others),
            "languages": others,
        },
        "nav": nav + [{translated("Try it"): f"{WEB}/index.html"}] * web,
    }
    return json.dumps(settings, ensure_ascii=False, indent=1) + "\n"


def build(folder: Path) -> Path:
    """Let Zensical make HTML of what `write_project` wrote; the front page. InputError where it finds a fault, such as a dead link."""
    for settings in filter(lambda name: (folder / name).exists(), SETTINGS.values()):
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", settings]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False)
        if done.returncode:
            said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)  # without colours
            faults = [f"{where}, {what}" for what, where in re.findall(r"Warning: (.*)\n.*? (\S+:\d+):\d+ ", said)]
            why = "; ".join(faults) or said.strip().rpartition("\n")[2]
            raise InputError(f"Zensical could not build the site: {why}.", "Mend the file that this page comes from.")
    return folder / "site" / "index.html"
