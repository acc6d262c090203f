"""The folder of the site: every page, links that lead somewhere, and nobody's files replaced."""

import json
import os
import re

import pytest

from minillm.cli import main
from minillm.course.outline import INSIDE, ROOT
from minillm.errors import InputError
from minillm.language import speaking
from minillm.site import write_project
from minillm.site.links import Links, by_file
from minillm.site.pages import Page, sections
from minillm.site.project import SETTINGS
from tests.site.conftest import REPOSITORY

FILES = [ROOT / page.file for menu in map(sections, SETTINGS) for section in menu.values() for page in section]


def test_every_document_is_a_page():
    documents = {path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
    documents |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("benchmarks/*.md")}
    documents = {path for path in documents if not path.endswith(".zh.md")}
    pages = [page.source for section in sections("en").values() for page in section]
    assert len(pages) == len(set(pages)) and documents <= set(pages)


def test_a_page_is_there_in_chinese_as_soon_as_its_text_is(tmp_path, monkeypatch):
    monkeypatch.setattr("minillm.site.pages.ROOT", tmp_path)
    (tmp_path / "docs" / "zh").mkdir(parents=True)
    for name, title in {
        "README.md": "Read",
        "README.zh.md": "读",
        "docs/models.md": "M",
        "docs/zh/models.md": "模型",
    }.items():
        (tmp_path / name).write_text(f"# {title} `me`\n", encoding="utf-8")
    with speaking("zh"):
        pages = [page for section in sections("zh").values() for page in section]
    assert [(page.source, page.file, page.title, page.address) for page in pages] == [
        ("README.md", "README.zh.md", "读 me", "zh/index.html"),
        ("docs/models.md", "docs/zh/models.md", "模型 me", "zh/docs/models.html"),
    ]


@pytest.mark.parametrize(("language", "settings"), SETTINGS.items())
def test_the_menu_has_every_page(project, language, settings):
    text = (project / settings).read_text(encoding="utf-8")
    written = {path.relative_to(project / language).as_posix() for path in (project / language).rglob("*.md")}
    nav = json.loads(text.partition("\n")[2])["nav"]
    assert {
        path for section in nav for pages in section.values() for page in pages for path in page.values()
    } == written
    assert {"index.md", "lessons/12_read_its_mind.md"} <= written
    assert all(name.isascii() == (language == "en") or name == "API" for section in nav for name in section)


LINKS = {
    "[five](lessons/05_a.py), [all](docs/)": "[five](lessons/05_a.md), [all](docs/index.md)",
    "[it](lessons/05_a.py#2-b)": "[it](lessons/05_a.md#2-b)",
    "[web](https://a.org/b.py), [here](#x)": "[web](https://a.org/b.py), [here](#x)",
    "![A [MASK] token](figures/a.png)": "![A [MASK] token](figures/a.png)",
    "[`ops/`](minillm/ops/)": f"[`ops/`]({REPOSITORY}/tree/HEAD/minillm/ops)",
    "[cite](CITATION.cff)": f"[cite]({REPOSITORY}/blob/HEAD/CITATION.cff)",
    "`[five](lessons/05_a.py)` is code": "`[five](lessons/05_a.py)` is code",
    "```\n[five](lessons/05_a.py)\n```": "```\n[five](lessons/05_a.py)\n```",
}
HOME, FIVE, DOCS = (Page(name, name, "", "en") for name in ("README.md", "lessons/05_a.py", "docs/README.md"))
ZH_HOME, ZH_MODELS = Page("README.md", "README.zh.md", "", "zh"), Page("docs/models.md", "docs/zh/models.md", "", "zh")


def links(repository: str | None = REPOSITORY, own=(HOME, FIVE, DOCS), others=()) -> Links:
    return Links(by_file(own), by_file(others), repository, set())


@pytest.mark.parametrize(("text", "rewritten"), LINKS.items())
def test_links_lead_to_pages_of_the_site_or_to_the_repository(text, rewritten):
    assert links().rewritten(text, HOME) == rewritten


def test_the_address_of_a_clone_is_that_of_its_pages():
    text = links("https://example.org/minillm.git/").rewritten("[licence](LICENSE)", HOME)
    assert text == "[licence](https://example.org/minillm/blob/HEAD/LICENSE)"


@pytest.mark.parametrize(
    "address", ["", "github.com/me/minillm", "git@github.com:me/minillm.git", "https://a b", "javascript:1"]
)
def test_what_is_no_address_is_refused_and_nothing_written(tmp_path, address):
    with pytest.raises(InputError, match="is no address"):
        write_project(tmp_path / "site", repository=address)
    assert not (tmp_path / "site").exists()


def test_a_link_is_seen_from_its_own_file():
    known = links()
    assert known.rewritten("[a](../lessons/05_a.py) ![b](b.png)", DOCS) == "[a](../lessons/05_a.md) ![b](b.png)"
    assert known.shown == {"docs/b.png"}


def test_without_an_address_a_file_that_is_no_page_is_named():
    rewritten = links(None).rewritten("[how to cite](CITATION.cff), [`ops/a.py`](ops/a.py)", HOME)
    assert rewritten == "how to cite (`CITATION.cff`), `ops/a.py`"


def test_a_chinese_page_links_to_chinese_pages_and_to_english_ones_where_there_is_no_other():
    known = links(own=(ZH_HOME, ZH_MODELS), others=(HOME, FIVE, DOCS))
    text = "[a](../../README.zh.md) [b](../../README.md) [c](../../lessons/05_a.py#2-b) ![d](../../figures/d.png)"
    assert known.rewritten(text, ZH_MODELS) == (
        "[a](../index.md) [b](../index.md) [c](../../lessons/05_a.html#2-b) ![d](../figures/d.png)"
    )


def test_a_page_that_names_itself_in_the_other_language_means_that():
    assert (
        links(own=(ZH_HOME,), others=(HOME,)).rewritten("[English](README.md)", ZH_HOME) == "[English](../index.html)"
    )
    assert links(own=(HOME,), others=(ZH_HOME,)).rewritten("[中文](README.zh.md)", HOME) == "[中文](zh/index.html)"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_of_the_repository_names_a_file_that_is_there(path):
    for target in re.findall(r"\]\(([^()\s#:]+)(?:#[^)\s]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_english_pages_are_english_for_a_reader_of_chinese_too(tmp_path, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    write_project(tmp_path / "site")
    assert '??? tip "Hint 1"' in (tmp_path / "site/en/lessons/12_read_its_mind.md").read_text(encoding="utf-8")
    assert os.environ["LANGUAGE"] == "zh"


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="no site of minillm"):
        write_project(tmp_path)
    (tmp_path / "mkdocs.yml").write_text("site_name: mine", encoding="utf-8")
    with pytest.raises(InputError, match="no site of minillm"):
        write_project(tmp_path)
    with pytest.raises(InputError, match="no site of minillm"):
        write_project(tmp_path / "mine.txt")


def test_a_site_is_written_anew(project):
    stale = project / "en" / "lessons" / "99_gone.md"
    stale.write_text("# Gone", encoding="utf-8")
    write_project(project, repository=REPOSITORY)
    assert not stale.exists() and (project / "en" / "index.md").exists()


def test_the_pages_in_which_minillm_runs_come_along_where_they_are_asked_for(project, tmp_path):
    write_project(tmp_path / "site", web=True)
    for language, settings in SETTINGS.items():
        nav = json.loads((tmp_path / "site" / settings).read_text(encoding="utf-8").partition("\n")[2])["nav"]
        assert nav[-1] == {"Try it" if language == "en" else "在线运行": "web/index.html"}
        assert (tmp_path / "site" / language / "web" / "minillm.zip").exists()
        assert "web/index.html" not in (project / settings).read_text(encoding="utf-8")


def test_an_installed_minillm_says_that_it_takes_a_clone(tmp_path, monkeypatch):
    monkeypatch.setattr("minillm.site.project.FOLDER", INSIDE)
    with pytest.raises(InputError, match="a clone of minillm"):
        write_project(tmp_path / "site")


def test_without_zensical_the_command_writes_markdown_and_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["site", "--to", str(tmp_path / "site")]) == 0
    assert "pip install zensical" in capsys.readouterr().err and (tmp_path / "site" / "en" / "index.md").exists()
