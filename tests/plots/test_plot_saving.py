"""Saved figures: not blank, the same bytes twice, with their words inside, and whole or not at all."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image

from minillm.errors import InputError
from minillm.plots import attention_grid, attention_heatmap, loss_curve, save

ALT = "One head of “minillm”, 注意力. Each token looks at < itself & the first."
FIGURES = {
    "heatmap": lambda: attention_heatmap(np.eye(3), ["␣the", "x", "x"], causal=True, title="a title"),
    "grid": lambda: attention_grid(np.eye(3)[None, None].repeat(2, 0), ["␣the", "x", "x"]),
    "loss": lambda: loss_curve([(0, 4.0), (1, 3.0)], [(1, 3.5)], chance=4.1, unigram=3.2),
}


@pytest.fixture(params=FIGURES)
def figure(request):
    return FIGURES[request.param]()


def test_png_is_not_blank_and_has_150_dots_to_the_inch(figure, tmp_path):
    save(figure, tmp_path / "f.png", alt=ALT)
    pixels = imread(tmp_path / "f.png")
    assert pixels.std() > 0.05
    np.testing.assert_allclose(pixels.shape[1::-1], figure.get_size_inches() * 150, atol=1)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_figure_gives_the_same_bytes(figure, tmp_path, form):
    for name in "ab":
        save(figure, tmp_path / f"{name}.{form}", alt=ALT)
    assert (tmp_path / f"a.{form}").read_bytes() == (tmp_path / f"b.{form}").read_bytes()


@pytest.mark.parametrize("form", ["png", "svg"])
@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_a_figure_drawn_again_gives_the_same_bytes(tmp_path, form, draw):
    for name in "ab":
        save(draw(), tmp_path / f"{name}.{form}", alt=ALT)
    assert (tmp_path / f"a.{form}").read_bytes() == (tmp_path / f"b.{form}").read_bytes()


def test_png_holds_the_alternative_text(figure, tmp_path):
    save(figure, tmp_path / "f.png", alt=ALT)
    with Image.open(tmp_path / "f.png") as image:
        assert image.text == {"Software": "minillm", "Description": ALT}


def test_svg_holds_the_alternative_text_and_readable_tokens(tmp_path):
    save(FIGURES["heatmap"](), tmp_path / "f.SVG", alt=ALT)
    root = ElementTree.parse(tmp_path / "f.SVG").getroot()
    assert root.find("{http://www.w3.org/2000/svg}title").text == ALT
    assert root.find(".//{http://purl.org/dc/elements/1.1/}description").text == ALT
    assert root.find(".//{http://purl.org/dc/elements/1.1/}date") is None
    assert "␣the" in [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_alternative_text_is_required(tmp_path, alt):
    with pytest.raises(InputError, match="no alternative text"):
        save(FIGURES["loss"](), tmp_path / "f.png", alt=alt)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["f.jpg", "f", "f.html"])
def test_other_endings_are_refused_by_name(tmp_path, name):
    with pytest.raises(InputError, match=r"\.png or an? \.svg"):
        save(FIGURES["loss"](), tmp_path / name, alt=ALT)


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path):
    save(FIGURES["loss"](), str(tmp_path / "runs" / "one" / "loss.png"), alt=ALT)
    assert [path.name for path in (tmp_path / "runs" / "one").iterdir()] == ["loss.png"]


def test_a_folder_that_cannot_be_made_is_said_in_two_lines(tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        save(FIGURES["loss"](), tmp_path / "file" / "f.png", alt=ALT)
    assert "Cannot write" in caught.value.wrong
    assert len(str(caught.value).splitlines()) == 2


def test_a_full_disk_leaves_the_old_figure_whole(tmp_path, monkeypatch):
    path = tmp_path / "f.png"
    save(FIGURES["loss"](), path, alt=ALT)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        save(FIGURES["heatmap"](), path, alt=ALT)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["f.png"]


NOT_FOR_XML = "a\x1b]0;title\x07 b\x00 c\ud800 d\ufffe e\uffff\x7f"


def test_what_xml_forbids_is_told_by_its_number(tmp_path):
    """A browser opens no SVG with a control character in it; half of a surrogate pair can't even be written."""
    figure = attention_heatmap(np.eye(2), [NOT_FOR_XML, "b"], title=NOT_FOR_XML)
    save(figure, tmp_path / "f.svg", alt=NOT_FOR_XML)
    root = ElementTree.parse(tmp_path / "f.svg").getroot()
    told = "aU+001B]0;titleU+0007 bU+0000 cU+D800 dU+FFFE eU+FFFFU+007F"
    assert root.find("{http://www.w3.org/2000/svg}title").text == told
    assert root.find(".//{http://purl.org/dc/elements/1.1/}description").text == told
    save(figure, tmp_path / "f.png", alt=NOT_FOR_XML)
    with Image.open(tmp_path / "f.png") as image:
        assert image.text["Description"] == told


def test_a_description_of_any_length_is_cut_in_the_middle(tmp_path):
    save(FIGURES["loss"](), tmp_path / "f.svg", alt=f"It begins {'x' * 10**6} and ends.")
    title = ElementTree.parse(tmp_path / "f.svg").getroot().find("{http://www.w3.org/2000/svg}title").text
    assert (
        len(title) < 1000 and title.startswith("It begins xxx") and " … " in title and title.endswith("xxx and ends.")
    )
