"""The attention viewer as a file: it needs nothing else, holds the weights, and no token or title can break it."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import save_html

NASTY = ["</script><b>", "<!--<script>", "\"q\" & 'r'", "a\nb", " the", "", "{{data}}", "猫", "\u2028", "\ud800", "\\n"]


class Page(HTMLParser):
    """What a browser would make of the file: its elements, and the text in each script and heading."""

    def __init__(self, path):
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements, self.texts = [], []
        self.feed(self.source)
        self.close()
        self.data = json.loads(
            next(text for kind, text in self.texts if kind == {"id": "data", "type": "application/json"})
        )

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, text):
        if self.elements and text.strip():
            self.texts.append(
                (self.elements[-1][1] if self.elements[-1][0] == "script" else self.elements[-1][0], text)
            )

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def weights(self, *shape):
        """The array that the page draws, decoded anew."""
        stored = np.frombuffer(base64.b64decode(self.data["weights"]), np.uint8) / 255
        rows, columns = shape[-2:]
        allowed = (
            np.tri(rows, columns, columns - rows, dtype=bool) if self.data["causal"] else np.ones(shape[-2:], bool)
        )
        weights = np.zeros(shape)
        weights[np.broadcast_to(allowed, shape)] = stored
        return weights


@pytest.fixture
def saved(tmp_path):
    """saved(weights, queries, ...) -> the page, read back."""

    def save(*arguments, title="A title", alt="What is drawn.", **options):
        save_html(tmp_path / "page.html", *arguments, title=title, alt=alt, **options)
        return Page(tmp_path / "page.html")

    return save


def test_the_file_needs_no_other(saved, attention, words):
    page = saved(attention(2, 3, 5, 5), words(5))
    program = page.source.replace(page.data["weights"], "")  # there any letters may come together
    assert not re.search(r"http|src|@import|url\(|fetch|import\(|//[a-z]+\.", program, re.IGNORECASE)
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert not {"img", "iframe", "object", "base"} & {tag for tag, _ in page.elements}


@pytest.mark.parametrize(
    ("shape", "causal"),
    [((2, 3, 5, 7), False), ((2, 3, 7, 5), False), ((1, 1, 1, 1), True), ((2, 3, 6, 6), True), ((2, 2, 3, 6), True)],
)
def test_the_weights_are_right_to_half_a_byte(saved, attention, shape, causal):
    weights = attention(*shape, causal=causal)
    page = saved(weights, ["q"] * shape[-2], ["k"] * shape[-1], causal=causal)
    assert np.abs(page.weights(*shape) - weights).max() <= 1 / 510 + 1e-9
    assert (page.data["layers"], page.data["heads"]) == (list(range(shape[0])), list(range(shape[1])))


def test_low_precision_may_round_over_one(saved):
    assert saved(np.full((1, 1, 1, 1), 1.0009), ["a"]).weights(1, 1, 1, 1) == 1


def test_tokens_come_back_with_all_that_is_invisible_shown(saved):
    page = saved(np.eye(len(NASTY))[None, None], NASTY)
    shown = [
        "</script><b>",
        "<!--<script>",
        "\"q\"␣&␣'r'",
        "a↵b",
        "␣the",
        "∅",
        "{{data}}",
        "猫",
        "U+2028",
        "U+D800",
        "\\n",
    ]
    assert page.data["queries"] == page.data["keys"] == shown
    assert len(page.all("script")) == 2 and not page.all("b")
    assert '"猫"' in page.source


def test_title_and_alternative_text_are_words_and_nothing_else(saved):
    title, alt = '</title><b a="1">\' {{alt}} 注意力 \ud800', 'each "row" & <column>'
    page = saved(np.eye(2)[None, None], ["a", "b"], title=title, alt=alt)
    shown = title.replace("\ud800", "U+D800")
    assert ("title", shown) in page.texts and ("h1", shown) in page.texts
    assert {"name": "description", "content": alt} in page.all("meta")
    assert page.all("main") == [{"aria-label": alt}]
    assert not page.all("b")


def test_keys_of_their_own_and_numbers_of_their_own(saved, attention):
    page = saved(attention(1, 2, 2, 3), "ab", "xyz", layer_numbers=np.array([4]), head_numbers=[1, 3])
    assert page.data["queries"] == ["a", "b"] and page.data["keys"] == ["x", "y", "z"]
    assert (page.data["layers"], page.data["heads"]) == ([4], [1, 3])


@pytest.mark.parametrize(("causal", "most"), [(False, 150_000), (True, 100_000)])
def test_four_layers_of_four_heads_and_64_tokens_stay_small(saved, attention, words, causal, most):
    page = saved(attention(4, 4, 64, 64, causal=causal), words(64), causal=causal)
    assert len(page.source.encode()) < most


def test_the_same_maps_give_the_same_bytes_in_folders_that_are_made(tmp_path, attention, words):
    for name in "ab":
        save_html(str(tmp_path / name / "x.HTML"), attention(1, 1, 3, 3), words(3), title="t", alt="a")
    assert (tmp_path / "a" / "x.HTML").read_bytes() == (tmp_path / "b" / "x.HTML").read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.HTML"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"path": "map.png"}, "the viewer is an .html file"),
        ({"path": "html"}, "the viewer is an .html file"),
        ({"title": " "}, "no title"),
        ({"alt": "\n"}, "no alternative text"),
        ({"weights": np.eye(3)}, r"\(3, 3\) but this figure draws \(L, H, T, S\)"),
        ({"queries": "ab"}, "2 query tokens"),
        ({"keys": "abcd"}, "4 key tokens"),
        ({"weights": np.full((2, 2, 3, 3), np.nan)}, "between 0 and 1"),
        ({"weights": np.full((2, 2, 3, 3), 1 / 3), "causal": True}, "on a later key"),
        ({"layer_numbers": [1]}, "2 layers in the weights but 1 layer_numbers"),
        ({"head_numbers": [1, 2, 3]}, "2 heads in the weights but 3 head_numbers"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_refused_and_nothing_written(tmp_path, monkeypatch, change, wrong):
    monkeypatch.chdir(tmp_path)
    arguments = {
        "path": "x.html",
        "weights": np.broadcast_to(np.eye(3), (2, 2, 3, 3)),
        "queries": "abc",
        "title": "t",
        "alt": "a",
    }
    with pytest.raises(InputError, match=wrong):
        save_html(**{**arguments, **change})
    assert not list(tmp_path.iterdir())


def test_what_is_invisible_in_title_and_alternative_text_is_shown(tmp_path):
    odd = "a\x1b]0;b\x07\ud800\u202e" + "c" * 10**6
    save_html(tmp_path / "page.html", np.eye(2)[None, None], ["a", "b"], title=odd, alt=odd)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("aU+001B]0;bU+0007U+D800U+202Ecc") >= 2 and "c" * 1000 not in page
