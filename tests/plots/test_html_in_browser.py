"""The attention viewer in use: real mouse and keys in a real Chromium without a window, which also tells of errors and requests."""

import re

import numpy as np
import pytest

from minillm.plots import save_html
from tests.chromium import Chromium, needs_chromium
from tests.npm import npm_package

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


WEIGHTS = np.array(  # 2 layers, 2 heads, 3 queries, 3 keys: causal
    [
        [[[1, 0, 0], [0.25, 0.75, 0], [0.61, 0.19, 0.2]], [[1, 0, 0], [0.97, 0.03, 0], [0.25, 0.15, 0.6]]],
        [[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 0, 0], [1, 0, 0], [1, 0, 0]]],
    ]
)
QUERY, KEY, HEAD = (f"element('{name}').children[%d]" for name in ("queries", "keys", "heads"))
SHARES = "[...element('keys').children].map((key) => Number(key.style.getPropertyValue('--share')).toFixed(2))"


@pytest.fixture
def page(chromium, tmp_path):
    """page(weights, queries, ...) -> the browser, with that page open; without arguments, the one above. No trouble at its end."""

    def show(weights=WEIGHTS, queries=("the", "cat", "sat"), *keys, causal=True, title="A title", vectors=None, **view):
        words = {"title": title, "alt": title}
        save_html(tmp_path / "page.html", weights, queries, *keys, causal=causal, vectors=vectors, **words)
        chromium.open(tmp_path / "page.html", **view)
        return chromium

    yield show
    assert not chromium.trouble()


def sentence(page):
    return page.run("element('sentence').textContent").replace("\u00a0", " ")


def lines(page):
    """[query, key, colour] of each line that is drawn."""
    return page.run(
        "[...element('lines').children].map((line) => [Math.floor(line.y1.baseVal.value), Math.floor(line.y2.baseVal.value),"
        "line.getAttribute('stroke')])"
    )


def heatmap(page, rows, columns):
    """(T, S, 4): the red, green, blue and opacity of each cell of the heatmap."""
    pixels = page.run(f"[...element('colours').getContext('2d').getImageData(0, 0, {columns}, {rows}).data]")
    return np.array(pixels).reshape(rows, columns, 4)


def heads_on(page):
    return page.run("[...element('heads').children].map((head) => head.getAttribute('aria-pressed'))")


ONE, TWO = "var(--head-0)", "var(--head-1)"


def test_all_heads_at_first_but_no_weak_line(page):
    page = page()
    assert sentence(page) == "layer 0, mean of all heads"
    drawn = {(q, k, ONE if h == 0 else TWO) for h, q, k in np.argwhere(WEIGHTS[0] >= 0.05)}
    assert sorted(map(tuple, lines(page))) == sorted(drawn)
    assert heads_on(page) == ["true", "true"]


def test_the_heatmap_is_viridis_and_masked_cells_are_clear(page):
    from matplotlib import colormaps

    browser = page()
    drawn, allowed = heatmap(browser, 3, 3), np.tri(3, dtype=bool)
    expected = colormaps["viridis"](WEIGHTS[0].mean(axis=0), bytes=True).astype(int)
    assert np.abs(drawn - expected)[allowed].max() < 6
    assert not drawn[~allowed].any()
    assert browser.run("[...element('numbers').children].map((n) => n.textContent)") == [
        "100",
        "",
        "",
        "61",
        "39",
        "",
        "43",
        "17",
        "40",
    ]
    assert browser.run("element('masked').hidden") is False


def test_hovering_a_token_shows_what_it_looks_at(page):
    browser = page()
    browser.hover(QUERY % 2)
    assert sentence(browser) == "layer 0, mean of all heads, “sat” looks at: “the” 43 %, “sat” 40 %, “cat” 17 %"
    assert {line[0] for line in lines(browser)} == {2} and len(lines(browser)) == 6
    assert browser.run(SHARES) == ["0.43", "0.17", "0.40"]
    assert (
        browser.run("element('row-mark').getBoundingClientRect().top - element('cells').getBoundingClientRect().top")
        == 2 * 34
    )
    browser.hover(KEY % 1)
    assert sentence(browser) == "layer 0, mean of all heads, “cat” is looked at by: “cat” 39 %, “sat” 17 %"
    assert {line[1] for line in lines(browser)} == {1}
    browser.mouse(0, 0)
    assert sentence(browser) == "layer 0, mean of all heads" and len(lines(browser)) > 6


def test_hovering_a_cell_tells_the_heads_apart(page):
    browser = page()
    browser.hover("element('cells')", 0.5 / 3, 2.5 / 3)
    assert sentence(browser) == "layer 0, “sat” looks at “the”: head 0 61 %, head 1 25 %"
    assert lines(browser) == [[2, 0, ONE], [2, 0, TWO]]
    browser.hover("element('cells')", 2.5 / 3, 0.5 / 3)
    assert sentence(browser) == "masked: “the” may not look at “sat”"


def test_a_click_toggles_a_head_and_a_double_click_isolates_it(page):
    browser = page()
    browser.click(HEAD % 0)
    assert heads_on(browser) == ["false", "true"]
    assert {line[2] for line in lines(browser)} == {TWO}
    assert browser.run("element('heatmap-title').textContent") == "head 1"
    browser.click(HEAD % 1)
    assert sentence(browser) == "No head is on." and lines(browser) == [] and not heatmap(browser, 3, 3).any()
    browser.click(HEAD % 0, times=2)
    assert heads_on(browser) == ["true", "false"]
    browser.hover(QUERY % 2)
    assert sentence(browser) == "layer 0, head 0, “sat” looks at: “the” 61 %, “sat” 20 %, “cat” 19 %"
    browser.click(HEAD % 0, times=2)
    assert heads_on(browser) == ["true", "true"]


def test_behind_a_weight_stand_the_products_of_query_and_key(page):
    q, k = np.zeros((2, 2, 3, 4)), np.zeros((2, 2, 3, 4))
    q[1, 1, 2], k[1, 1, 0] = [0.5, -2, 0, 3e-5], [4, 1.5, 7, 1]
    browser = page(vectors=(q, k))
    behind = "element('behind').textContent.replaceAll('\u00a0', ' ')"
    assert browser.run(behind).startswith("Show one head alone")
    browser.click(THUMBNAIL % 3)
    browser.hover("element('cells')", 0.5 / 3, 2.5 / 3)
    told = browser.run(behind)
    assert told.startswith(
        "Behind “sat” at “the”: the score, query · key, is −1, of 4 products, the largest −2 · 1.5 = −3 (number 1), "
    )
    assert "0.5 · 4 = 2 (number 0)" in told and "0.00003 · 1 = 0.00003" in told and told.endswith("make 100 % of it.")
    browser.hover(QUERY % 2)
    assert browser.run(behind) == told, "of a query alone, behind its largest weight"
    assert page().run("element('behind').hidden")


THUMBNAIL = "element('thumbnails').children[%d]"


def test_a_thumbnail_of_each_head_of_each_layer_selects_it(page):
    browser = page()
    assert browser.run("element('thumbnails').children.length") == 4
    assert browser.run(f"{THUMBNAIL % 2}.ariaLabel") == "layer 1, head 0"
    browser.click(THUMBNAIL % 1)
    assert sentence(browser) == "layer 0, head 1" and heads_on(browser) == ["false", "true"]
    browser.press("ArrowDown", "ArrowLeft", "Enter")
    assert sentence(browser) == "layer 1, head 0" and browser.run("element('layer').value") == "1"
    pressed = "[...element('thumbnails').children].map((each) => each.getAttribute('aria-pressed'))"
    assert browser.run(pressed) == ["false", "false", "true", "false"]
    pixels = browser.run(f"[...{THUMBNAIL % 2}.firstChild.getContext('2d').getImageData(0, 0, 3, 3).data]")
    np.testing.assert_array_equal(np.array(pixels).reshape(3, 3, 4), heatmap(browser, 3, 3))


def test_the_keyboard_does_all_that_the_mouse_does(page):
    browser = page()
    browser.press("Tab", "Tab", "i")  # the layer, head 0
    assert heads_on(browser) == ["true", "false"]
    browser.press("i", "Enter")
    assert heads_on(browser) == ["false", "true"]
    browser.press("Tab", "Tab", "Tab")  # head 1, the threshold, the queries
    assert sentence(browser).startswith("layer 0, head 1, “the” looks at")
    browser.press("ArrowDown")
    assert sentence(browser) == "layer 0, head 1, “cat” looks at: “the” 97 %, “cat” 3 %"
    assert lines(browser) == [[1, 0, TWO]]
    browser.press("ArrowRight")
    assert sentence(browser).startswith("layer 0, head 1, “cat” is looked at by")
    browser.press("End", "ArrowDown")
    assert sentence(browser).startswith("layer 0, head 1, “sat” is looked at by")
    browser.press("Home", "ArrowUp", "ArrowLeft")
    assert sentence(browser).startswith("layer 0, head 1, “the” looks at")
    browser.press("Escape")
    assert sentence(browser) == "layer 0, head 1"


def test_the_keyboard_takes_over_from_a_resting_mouse(page):
    browser = page()
    browser.click(QUERY % 0)
    browser.press("ArrowDown")
    assert "“cat” looks at" in sentence(browser)


def test_another_layer_and_another_threshold(page):
    browser = page()
    browser.run("element('layer').focus()")
    browser.press("1")
    assert sentence(browser) == "layer 1, mean of all heads"
    assert len(lines(browser)) == 6
    browser.press("ArrowUp")
    browser.run("element('smallest').value = 50; element('smallest').dispatchEvent(new Event('input'))")
    assert len(lines(browser)) == (WEIGHTS[0] >= 0.5).sum()
    browser.run("element('smallest').value = 0; element('smallest').dispatchEvent(new Event('input'))")
    assert len(lines(browser)) == (WEIGHTS[0] > 0).sum()
    assert browser.run("element('smallest-shown').textContent").split() == ["0", "%"]


@pytest.mark.parametrize(("rows", "columns", "causal"), [(5, 7, False), (7, 5, False), (3, 6, True)])
def test_more_keys_or_fewer_than_queries(page, attention, rows, columns, causal):
    weights = attention(1, 2, rows, columns, causal=causal)
    browser = page(weights, [f"q{i}" for i in range(rows)], [f"k{i}" for i in range(columns)], causal=causal)
    stored = np.rint(weights[0] * 255) / 255
    assert lines(browser) == [[q, k, [ONE, TWO][h]] for q, k, h in np.argwhere(stored.transpose(1, 2, 0) >= 0.05)]
    browser.hover("element('cells')", (columns - 0.5) / columns, (rows - 0.5) / rows)
    one, two = 100 * stored[:, -1, -1]
    assert (
        sentence(browser) == f"layer 0, “q{rows - 1}” looks at “k{columns - 1}”: head 0 {one:.0f} %, head 1 {two:.0f} %"
    )
    assert browser.run("element('masked').hidden") is not causal


def test_the_same_token_twice_is_told_apart_by_its_place(page):
    browser = page(np.eye(3)[None, None], ["a", "b", "a"])
    browser.hover(QUERY % 2)
    assert sentence(browser) == "layer 0, head 0, “a” #2 looks at: “a” #2 100 %"


def test_light_and_dark(page):
    papers = {}
    for dark in (False, True):
        browser = page(dark=dark)
        papers[dark] = browser.run(
            "[document.body, element('hint')].map((e) => getComputedStyle(e)).map((s) => [s.backgroundColor, s.color])"
        )
    assert papers[False][0] == ["rgb(255, 255, 255)", "rgb(27, 27, 27)"]
    assert papers[True][0] == ["rgb(21, 24, 28)", "rgb(232, 232, 232)"]
    assert papers[False][1] != papers[True][1]


def test_tokens_and_titles_cannot_break_the_page(page):
    tokens = [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "\"&quot;' &amp;",
        "\n",
        " ",
        "{{data}}",
        "\\u003c`${1}",
        "猫",
        "x" * 99,
    ]
    browser = page(np.eye(9)[None, None], tokens, title="</title><script>alert(1)</script>")
    assert browser.run("[...element('queries').children].map((button) => button.textContent)") == [
        *tokens[:2], "\"&quot;'␣&amp;", "↵", "␣", *tokens[5:],
    ]  # fmt: skip
    browser.hover(QUERY % 8)
    assert sentence(browser) == f"layer 0, head 0, “{'x' * 23}…” looks at: “{'x' * 23}…” 100 %"
    assert browser.run("[document.scripts.length, document.querySelectorAll('h1 *').length]") == [2, 0]


TEXTS = """[document.title, document.body.innerText, ...[...document.querySelectorAll('[aria-label], [title]')].flatMap(
    (each) => [each.ariaLabel, each.title])].join(' ')"""


def test_in_chinese_no_english_is_left_but_the_tokens(page, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    q, k = np.ones((2, 2, 2, 3, 4))
    browser = page(title="手工做的头", vectors=(q, k))
    assert browser.run("document.documentElement.lang") == "zh-CN"
    texts = [browser.run(TEXTS)]

    def after(act, *arguments):
        act(*arguments)
        texts.append(browser.run(TEXTS))

    for target in (QUERY % 2, KEY % 0):
        after(browser.hover, target)
    assert sentence(browser) == "第 0 层，所有头的平均，看 “the” 的有：“the” 100 %、“cat” 61 %、“sat” 43 %"
    for place in ((0.5 / 3, 2.5 / 3), (2.5 / 3, 0.5 / 3)):
        after(browser.hover, "element('cells')", *place)
    assert sentence(browser) == "被掩码遮住：“the” 不能看 “sat”"
    after(browser.click, HEAD % 1)
    after(browser.hover, "element('cells')", 0.5 / 3, 2.5 / 3)
    assert browser.run("element('behind').textContent").startswith(
        "“sat” 看 “the” 的权重从何而来：分数是查询 · 键，等于 4，"
    )
    after(browser.click, HEAD % 0)
    english = set(re.findall("[A-Za-z]{2,}", " ".join(texts)))
    assert english == {"the", "cat", "sat", "Tab", "softmax"}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("width", "dark", "tokens"), [(1280, False, 3), (390, True, 64)])
def test_axe_finds_nothing(page, monkeypatch, attention, words, language, width, dark, tokens):
    monkeypatch.setenv("LANGUAGE", language)
    axe = (npm_package("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    weights, vectors = attention(2, 12, tokens, tokens, causal=True), np.ones((2, 2, 12, tokens, 4))
    browser = page(weights, words(tokens), vectors=vectors, width=width, dark=dark)
    browser.run(axe)
    assert browser.run("axe.run().then(({violations}) => violations.map(({id, nodes}) => [id, nodes[0].html]))") == []


@pytest.mark.parametrize("tokens", [3, 64])
@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_is_wider_than_the_window(page, attention, words, tokens, width):
    browser = page(attention(1, 12, tokens, tokens), words(tokens), causal=False, width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("element('map').getBoundingClientRect().right") <= width
    heights = browser.run("[...element('queries').children].map((button) => button.getBoundingClientRect().height)")
    assert min(heights) >= 16
    beside = browser.run("element('map').getBoundingClientRect().top < element('lines').getBoundingClientRect().bottom")
    assert beside == (width > 800)
