"""The folder that `web` writes: all that the pages need, minillm's source as it is, and nothing lost that was there."""

import io
import json
import re
import string
import zipfile
from pathlib import Path

import pytest

import minillm
from minillm.cli import main
from minillm.course.outline import FOLDER, ROOT
from minillm.errors import InputError
from minillm.web import save_web
from minillm.web.folder import PAGES, PARTS, PROGRAMS, words
from minillm.weights import folder_of, names
from tests.web.serving import distribution

PACKAGE = Path(minillm.__file__).parent
LANGUAGES = [path.stem for path in sorted(Path(str(PARTS / "words")).iterdir())]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web") / "pages"
    save_web(folder)
    return folder


def archive(folder, name):
    return zipfile.ZipFile(io.BytesIO((folder / name).read_bytes()))


def test_the_archive_has_the_source_as_it_is_with_the_lessons_in_it(written):
    packed = archive(written, "minillm.zip")
    source = {path.relative_to(PACKAGE.parent).as_posix(): path for path in PACKAGE.rglob("*.py")}
    source |= {f"minillm/lessons/{path.relative_to(FOLDER).as_posix()}": path for path in FOLDER.rglob("*.py")}
    for name, path in source.items():
        assert packed.read(name) == path.read_bytes(), name
    assert "minillm/plots/viewer/viewer.html" in packed.namelist()
    assert not [name for name in packed.namelist() if "__pycache__" in name or name.endswith(".safetensors")]


def test_the_model_that_writes_is_an_archive_of_its_own_and_no_other_model_is_there(written):
    packed = archive(written, "tales.zip")
    assert set(packed.namelist()) == {f"minillm/weights/tales/{path.name}" for path in folder_of("tales").iterdir()}
    together = archive(written, "minillm.zip").namelist() + packed.namelist()
    assert not [name for name in together for other in {*names()} - {"tales"} if f"weights/{other}/" in name]


def test_the_same_source_gives_the_same_folder(written, tmp_path):
    save_web(tmp_path / "again")
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("page", PAGES.values())
def test_a_page_names_only_files_that_are_there_and_says_the_true_sizes(written, page):
    text = (written / page).read_text(encoding="utf-8")
    data = json.loads(re.search(r'type="application/json">(.*)</script>', text)[1])
    files = [*re.findall(r'(?:href|src)="([^":,]+)"', text), *data["archives"]]
    assert "page.css" in files and all((written / name).is_file() for name in files)
    assert "{{" not in text
    for name in data["archives"]:
        assert data["loads"][name.removesuffix(".zip")] == (written / name).stat().st_size
    assert data["pyodide"].startswith("https://cdn.jsdelivr.net/pyodide/v")


def test_the_page_of_the_docs_says_about_these_sizes(written):
    said = (ROOT / "docs" / "browser.md").read_text(encoding="utf-8")
    for name in ("minillm.zip", "tales.zip"):
        millions = float(re.search(rf"`{name}`[^|]*\| ([\d.]+) million \|", said)[1])
        assert millions == pytest.approx((written / name).stat().st_size / 1e6, rel=0.1)


def test_a_distribution_in_a_folder_is_copied_and_loaded_from_beside_the_page(tmp_path):
    given = distribution(tmp_path / "pyodide", "for_node.mjs")
    (given / "other_package.whl").write_bytes(b"large")
    written = save_web(tmp_path / "pages", pyodide=given)
    data = json.loads(re.search(r'json">(.*)</script>', (tmp_path / "pages" / "index.html").read_text())[1])
    assert data["pyodide"] == "./" and written.loads["NumPy"] == 300_000
    assert (tmp_path / "pages" / "numpy.whl").stat().st_size == 300_000
    assert not (tmp_path / "pages" / "other_package.whl").exists()


@pytest.mark.parametrize(
    ("missing", "said"),
    [("numpy.whl", "has no numpy.whl, which its"), ("pyodide.mjs", "has no pyodide.mjs"), ("", "There is no folder")],
)
def test_a_distribution_with_a_part_missing_is_refused_and_nothing_written(tmp_path, missing, said):
    given = distribution(tmp_path / "pyodide", "for_node.mjs")
    (given / missing).unlink() if missing else given.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=said):
        save_web(tmp_path / "pages", pyodide=given)
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize(
    "lock",
    [
        {},
        {"packages": {"numpy": {}}},
        {"packages": {"numpy": {"name": "numpy", "file_name": "../secret", "depends": []}}},
        [],
    ],
)
def test_a_lock_file_may_be_anybodys(tmp_path, lock):
    given = distribution(tmp_path / "pyodide", "for_node.mjs")
    (tmp_path / "secret").write_text("secret")
    (given / "pyodide-lock.json").write_text(json.dumps(lock))
    with pytest.raises(InputError):
        save_web(tmp_path / "pages", pyodide=given)


def test_what_is_there_is_kept_unless_it_may_be_replaced(tmp_path, capsys):
    mine = tmp_path / "index.html"
    mine.write_text("mine")
    assert main(["web", "--out", str(tmp_path)]) == 2 and mine.read_text() == "mine"
    assert "holds index.html already" in capsys.readouterr().err and not (tmp_path / "worker.js").exists()
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["web", "--out", str(tmp_path), "--overwrite"]) == 0
    assert (
        mine.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        and (tmp_path / "notes.txt").read_text() == "mine"
    )
    told = capsys.readouterr().err
    assert "Pyodide" in told and "12.3 MB" in told and "http.server --directory" in told


def holes(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language):
    english, other = words("en"), words(language)
    assert list(other) == list(english)
    for place, text in english.items():
        assert other[place].strip() and holes(other[place]) == holes(text), place


def test_the_pages_in_chinese(tmp_path):
    assert main(["web", "--out", str(tmp_path), "--lang", "zh"]) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert (
        '<html lang="zh">' in page and f"<h1>{words('zh')['train.title']}</h1>" in page and '"language": "zh"' in page
    )


def test_every_word_has_a_place_and_every_place_its_words():
    parts = [*(PARTS / "page").iterdir()]
    texts = {path.name: path.read_text(encoding="utf-8") for path in parts}
    assert set(texts) == {*PROGRAMS, "frame.html", *(f"{page}.html" for page in PAGES)}
    used = {place for text in texts.values() for place in re.findall(r"\{\{([\w.]+)\}\}|say\(\"([\w.]+)\"", text)}
    used = {one or other for one, other in used} - {"main", "data", "page", "language", "title"}
    built = {f"{page}.title" for page in PAGES} | {f"loads.{what}" for what in ("Pyodide", "NumPy", "minillm", "tales")}
    assert used | built == set(words("en"))
