"""The page of a step in a real Chromium: it computes every number again, finds a wrong one, and is used by mouse and keyboard."""

import base64
import json
import re
import time

import numpy as np
import pytest

from minillm.inspection import save_step
from minillm.language import speaking
from tests.chromium import Chromium, needs_chromium
from tests.inspection.families import family
from tests.npm import npm_package

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    assert not browser.trouble()
    browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """pages(family, language) -> the file of its page, written once."""
    folder, written = tmp_path_factory.mktemp("pages"), set()

    def page(name, language="en"):
        path = folder / f"{name}-{language}.html"
        if path not in written:
            model, example = family(name, layers=1, d_model=8)
            with speaking(language):
                save_step(path, model, example, title=name)
            written.add(path)
        return path

    return page


def verdict(browser, path):
    """What the page says when it has checked itself."""
    browser.open(path)
    end = time.monotonic() + 60
    while not (found := browser.run("({...element('verdict').dataset})")).get("checked"):
        assert time.monotonic() < end, "the page does not finish its check"
        time.sleep(0.05)
    return {name: int(value) for name, value in found.items()}


@pytest.mark.parametrize("name", ["gpt", "masked", "denoise", "t5"])
def test_every_number_equals_what_the_page_computes(chromium, pages, name):
    found = verdict(chromium, pages(name))
    assert found["checked"] > 5_000 and found["slopes"] > 800
    assert found["wrong"] == found["steep"] == 0
    assert not chromium.trouble()


def planted(path, change):
    """A copy of a page in which `change` was done to its data."""
    source = path.read_text(encoding="utf-8")
    text = re.search(r'type="application/json">(.*)</script>', source)[1]
    data = json.loads(text)
    change(data)
    copy = path.with_name("planted.html")
    copy.write_text(source.replace(text, json.dumps(data)), encoding="utf-8")
    return copy


def more(packed, place):
    values = np.frombuffer(base64.b64decode(packed), "<f4").copy()
    values[place] += 0.001 * max(abs(values[place]), np.abs(values).max())
    return base64.b64encode(values.tobytes()).decode()


def test_a_wrong_number_is_found(chromium, pages):
    def change(data):
        node = next(node for node in data["nodes"] if node["name"] == "scaled")
        node["values"] = more(node["values"], 3)

    found = verdict(chromium, planted(pages("gpt"), change))
    assert found["wrong"] >= 1
    assert chromium.run("element('verdict').className") == "bad"
    chromium.run("go(firstFailed())")
    assert chromium.run("document.querySelectorAll('#results td.failed').length") >= 1


def test_a_wrong_slope_is_found(chromium, pages):
    def change(data):
        data["updates"][3]["nudged"] = more(data["updates"][3]["nudged"], 0)

    found = verdict(chromium, planted(pages("gpt"), change))
    assert (found["wrong"], found["steep"]) == (0, 1)


def test_pointing_at_a_number_spells_its_sum_out_and_marks_what_it_read(chromium, pages):
    verdict(chromium, pages("gpt"))
    chromium.run("go(stops.findIndex(([n]) => n.kind === 'matmul'))")
    chromium.hover("document.querySelectorAll('#results td[data-i]')[5]")
    words = chromium.run("element('detail').textContent")
    assert "✓" in words and words.count("·") == 8
    assert chromium.run("document.querySelectorAll('#operands td.read').length") == 16
    assert "linear_map.py" in chromium.run("element('line').textContent")


def test_a_gradient_stands_beside_what_the_loss_does(chromium, pages):
    verdict(chromium, pages("gpt"))
    chromium.run("go(stopOf(updates[2].gradient.node))")
    chromium.run("document.querySelector('#results td[data-i]').focus()")
    assert "with this weight moved by ±0.000001 the loss changes at the rate" in chromium.run(
        "element('detail').textContent"
    )
    assert not chromium.run("element('detail').querySelector('.wrong')")


def test_the_keyboard_alone_goes_everywhere(chromium, pages):
    verdict(chromium, pages("gpt"))
    chromium.run("element('slider').focus()")
    chromium.press("ArrowRight", "ArrowRight")
    assert chromium.run("state.stop") == 2 and "step 2 of" in chromium.run("element('heading').textContent")
    chromium.run("document.querySelector('#results td[tabindex=\"0\"]').focus()")
    chromium.press("ArrowDown", "ArrowRight", "End")
    assert chromium.run("state.i") == 2 * chromium.run("last(nodes[state.node].shape)") - 1


EVERYTHING = """(() => { // that the page says, at the first step of each kind, with a number of it pointed at; without code
    const said = [document.title], kinds = new Set();
    for (const n of stops.flat().filter(({kind, phase}) => kinds.size < kinds.add(kind + phase).size)) {
        go(stopOf(n.number));
        point(n.number, [...shownOf(n.shape)][0]);
        const page = document.body.cloneNode(true);
        page.querySelectorAll('code, script, table').forEach((each) => each.remove());
        said.push(page.textContent, element('slider').getAttribute('aria-valuetext'));
    }
    return said.concat([...document.querySelectorAll('[aria-label], [label]')].map((each) => each.ariaLabel || each.label)).join(' ');
})()"""
NAMES = "[...nodes.flatMap((n) => [n.name, n.where]), ...updates.map((update) => update.name)]"
# what formulas are made of, and names
FORMULA = (
    "AdamW JavaScript Tab exp gelu ids lr length ln log logits longest max mean minillm nat relu rstd silu table tanh"
)


@pytest.mark.parametrize("name", ["gpt like llama", "masked", "t5"])
def test_in_chinese_no_english_is_left_but_code_and_data(chromium, pages, name):
    verdict(chromium, pages(name, "zh"))
    assert chromium.run("document.documentElement.lang") == "zh-CN"
    said = re.sub(r"\S+\.py", " ", chromium.run(EVERYTHING))
    for data in sorted({*chromium.run(NAMES), name} - {""}, key=len, reverse=True):
        said = re.sub(rf"(?<![\w.]){re.escape(data)}(?!\w)", " ", said)
    assert set(re.findall(r"(?<!\w)[A-Za-z]{3,}(?!\w)", said)) <= set(FORMULA.split())
    assert not chromium.trouble()


def test_tables_have_headers_and_what_is_used_has_a_name(chromium, pages):
    verdict(chromium, pages("gpt"))
    headed = "t.ariaLabel && t.querySelector('th[scope=col]') && t.querySelector('th[scope=row]')"
    assert chromium.run(f"[...document.querySelectorAll('table')].every((t) => {headed})")
    assert chromium.run(
        "[...document.querySelectorAll('button, input, select')].every((e) => (e.ariaLabel || e.textContent).trim())"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing(chromium, pages, language, width, dark):
    axe = (npm_package("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    chromium.open(pages("t5", language), width=width, dark=dark)
    chromium.wait("element('verdict').dataset.checked")
    chromium.run(axe)
    for stop in (0, "stopOf(updates[2].gradient.node)", "stops.length - 1"):
        chromium.run(f"go({stop}); document.querySelector('#results td[data-i]').focus()")
        found = chromium.run("axe.run().then(({violations}) => violations.map(({id, nodes}) => [id, nodes[0].html]))")
        assert found == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_part_is_wider_than_the_screen(chromium, pages, width, dark):
    chromium.open(pages("gpt"), width=width, dark=dark)
    for stop in (0, 20, 60):
        chromium.run(f"go({stop})")
        assert chromium.run("document.documentElement.scrollWidth") <= width
