"""The page of a step as a file: all of its numbers follow from others on it, it is small, and no larger model bends that."""

import re

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.inspection import Example, save_step
from minillm.inspection import page as pages
from tests.inspection.families import FAMILIES, family
from tests.inspection.recompute import Page


@pytest.fixture
def saved(tmp_path):
    """saved(model, example) -> the page, read back."""

    def save(model, example, **options):
        save_step(tmp_path / "step.html", model, example, title="A step", **options)
        return Page(tmp_path / "step.html")

    return save


@pytest.fixture
def few_nudges(monkeypatch):
    """Moving every weight takes seconds: the slopes have a test of their own."""

    def zeros(model, objective, arrays, places):
        return {name: np.zeros(len(chosen)) for name, chosen in places.items()}

    monkeypatch.setattr(pages, "finite_differences", zeros)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_number_follows_from_its_operands(saved, few_nudges, name):
    page = saved(*family(name))
    count = 0
    for node, error in page.errors():
        assert np.nanmax(error, initial=0) < 1e-4, (node["where"], node["name"], node["kind"])
        assert not np.isnan(error).any(), "all of a small step is on the page"
        count += error.size
    assert count > 20_000


@pytest.mark.parametrize("name", ["gpt", "masked", "denoise"])
def test_a_small_step_is_at_most_two_megabytes(saved, few_nudges, monkeypatch, name):
    monkeypatch.setenv("LANGUAGE", "zh")  # a page in Chinese has its English words too
    assert len(saved(*family(name)).source.encode()) <= 2_000_000


def test_of_a_large_model_each_shown_number_still_has_all_its_operands(saved, few_nudges):
    model, example = family("gpt", d_model=64)
    page = saved(model, example)
    assert not page.data["window"]["whole"] and len(page.source) < 2_000_000
    for node, error in page.errors():
        axes = [range(n) if n <= 16 else page.data["window"]["ids"] if n == 30 else range(8) for n in error.shape]
        shown = error[np.ix_(*axes)] if error.ndim else error
        assert not np.isnan(shown).any() and (shown < 1e-4).all(), (node["where"], node["name"], node["kind"])
    given = [node["kind"] for node in page.data["nodes"] if not node["again"]]
    assert set(given) == {"weight", "constant", "length"}, (
        "the whole gradient is not on the page: its length is not computed again"
    )


def test_a_page_that_would_be_too_large_says_so_and_writes_nothing(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "LARGEST", 100_000)
    with pytest.raises(InputError, match="about 0 MB, and the most is 0 MB"):
        saved(*family("gpt"))
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_too_large_is_refused_before_anything_is_computed(saved, monkeypatch):
    monkeypatch.setattr(pages, "LARGEST_MODEL", 1000)
    monkeypatch.delattr(pages, "record_step")
    with pytest.raises(InputError, match=r"parameters, and a step is shown of at most 1,000"):
        saved(*family("gpt"))


def test_weights_that_are_not_finite_are_told_of(saved):
    model, example = family("gpt")
    model.vector.data[5] = np.nan
    with pytest.raises(InputError, match="weights are not finite"):
        saved(model, example)


def test_the_file_needs_no_other_and_no_token_breaks_it(saved, few_nudges):
    model, example = family("gpt")
    nasty = {**example.labels, 0: "</script><b>", 1: "{{data}}", 2: "猫", 3: "<!--"}
    page = saved(model, Example(example.objective, example.arrays, nasty))
    program = re.sub(r'"[A-Za-z0-9+/=]{20,}"', '""', page.source)
    assert not re.search(r"https?:|src=|@import|url\(|fetch\(|import\(", program)
    assert page.source.count("</script>") == 2 and "<b>" not in page.source
    assert page.data["labels"]["1"] == "{{data}}"


def contrast(one, two):
    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_text_can_be_read_on_its_ground_in_light_and_dark():
    """4.5 to 1, as WCAG 2 asks; on the fullest colour of a cell, too."""
    css = (pages.VIEWER / "step.css").read_text(encoding="utf-8")
    for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        tint = float(re.search(r"--tint: ([.\d]+)", block)[1])
        grounds = {colours["paper"], colours["panel"]}
        for sign in re.findall(r"--(?:plus|minus): (\d+), (\d+), (\d+)", block):
            paper = [int(colours["paper"][i : i + 2], 16) for i in (1, 3, 5)]
            mixed = [round(p + tint * (int(c) - p)) for p, c in zip(paper, sign, strict=True)]
            assert contrast(colours["ink"], "#" + "".join(f"{c:02x}" for c in mixed)) >= 4.5
        for text in ("ink", "soft", "good", "bad"):
            assert all(contrast(colours[text], ground) >= 4.5 for ground in grounds), text
