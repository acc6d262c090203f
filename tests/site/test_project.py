"""The folder of the site: every page, links that lead somewhere, and nobody's files replaced."""

import json
import re

import pytest

from minillm.cli import main
from minillm.course.outline import ROOT
from minillm.errors import InputError
from minillm.site import write_project
from minillm.site.links import Links
from minillm.site.pages import sections
from tests.site.conftest import REPOSITORY


def test_every_document_is_a_page():
    documents = {path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
    documents |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("benchmarks/*.md")}
    pages = [page.source for section in sections().values() for page in section]
    assert len(pages) == len(set(pages)) and documents <= set(pages)


def test_the_menu_has_every_page(project):
    text = (project / "mkdocs.yml").read_text(encoding="utf-8")
    written = {path.relative_to(project / "en").as_posix() for path in (project / "en").rglob("*.md")}
    nav = json.loads(text.partition("\n")[2])["nav"]
    assert {
        path for section in nav for pages in section.values() for page in pages for path in page.values()
    } == written
    assert {"index.md", "lessons/05_self_attention.md", "docs/api.md", "benchmarks/index.md"} <= written


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
PAGES = {"README.md": "index.md", "lessons/05_a.py": "lessons/05_a.md", "docs/README.md": "docs/index.md"}


@pytest.mark.parametrize(("text", "rewritten"), LINKS.items())
def test_links_lead_to_pages_of_the_site_or_to_the_repository(text, rewritten):
    assert Links(PAGES, REPOSITORY, set()).rewritten(text, "README.md") == rewritten


def test_a_link_is_seen_from_its_own_file():
    links = Links(PAGES, None, set())
    assert (
        links.rewritten("[a](../lessons/05_a.py) ![b](b.png)", "docs/README.md")
        == "[a](../lessons/05_a.md) ![b](b.png)"
    )
    assert links.shown == {"docs/b.png"}


def test_without_an_address_a_file_that_is_no_page_is_named():
    rewritten = Links(PAGES, None, set()).rewritten("[how to cite](CITATION.cff), [`ops/a.py`](ops/a.py)", "README.md")
    assert rewritten == "how to cite (`CITATION.cff`), `ops/a.py`"


@pytest.mark.parametrize("path", [ROOT / page.source for section in sections().values() for page in section], ids=str)
def test_every_link_of_the_repository_names_a_file_that_is_there(path):
    for target in re.findall(r"\]\(([^()\s#:]+)(?:#[^)\s]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


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


def test_an_installed_minillm_says_that_it_takes_a_clone(tmp_path, monkeypatch):
    monkeypatch.setattr("minillm.site.project.ROOT", tmp_path)
    with pytest.raises(InputError, match="a clone of minillm"):
        write_project(tmp_path / "site")


def test_without_zensical_the_command_writes_markdown_and_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["site", "--to", str(tmp_path / "site")]) == 0
    assert "pip install zensical" in capsys.readouterr().err and (tmp_path / "site" / "en" / "index.md").exists()
