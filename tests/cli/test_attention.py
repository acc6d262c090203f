import json
import re
import shutil
import xml.etree.ElementTree as ElementTree

import matplotlib.image
import numpy as np
import pytest

TEXT = "the model reads"
ONE = ["--layer=0", "--head=0"]  # a drawing of them all takes a second


@pytest.fixture
def draw(call, finished_run):
    def attention(*argv, text=TEXT):
        return call("attention", "--checkpoint", finished_run, "--text", text, *argv)

    return attention


@pytest.mark.parametrize(
    ("argv", "what", "panels"),
    [
        ([], "2 layers × 2 heads", ["layer 0", "layer 1", "head 0", "head 1"]),
        (["--layer=1"], "1 layer × 2 heads", ["layer 1", "head 0", "head 1"]),
        (["--head=1"], "2 layers × 1 head", ["layer 0", "layer 1", "head 1"]),
        (["--layer=0", "--head=1"], "layer 0, head 1", ["layer 0, head 1"]),
    ],
    ids=str,
)
def test_which_heads_are_drawn(draw, argv, what, panels, tmp_path):
    code, out, err = draw("--out", tmp_path / "map.svg", *argv)
    assert (code, out) == (0, "") and f"{what}, {len(TEXT)} tokens" in err
    drawing = ElementTree.parse(tmp_path / "map.svg")
    texts = ["".join(node.itertext()).strip() for node in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(t for t in texts if t.startswith(("layer", "head"))) == sorted(panels)
    assert texts.count("m") >= 2 and texts.count("␣") >= 4, "the tokens are named on both sides"


def test_a_picture_is_not_blank(draw, tmp_path):
    assert draw("--out", tmp_path / "map.png", "--layer=0")[0] == 0
    pixels = matplotlib.image.imread(tmp_path / "map.png")
    assert min(pixels.shape[:2]) > 200 and len(np.unique(pixels[..., :3].sum(axis=2))) > 50, "many colours: not blank"


def test_the_weights_drawn_are_those_of_the_head_asked_for(draw, finished_run, monkeypatch, tmp_path):
    from minillm import plots
    from minillm.training import load

    seen = []
    heatmap = plots.attention_heatmap
    monkeypatch.setattr(
        plots, "attention_heatmap", lambda maps, *a, **k: (seen.append(maps), heatmap(maps, *a, **k))[1]
    )
    assert draw("--layer=1", "--head=0", "--out", tmp_path / "map.png")[0] == 0
    model, tokenizer = load(finished_run)
    _, saved = model.forward(tokenizer.encode(TEXT)[None])
    np.testing.assert_array_equal(seen[0], saved.blocks[1].attention.weights[0, 0])


@pytest.mark.parametrize(
    ("argv", "what", "layers", "heads"),
    [([], "2 layers × 2 heads", [0, 1], [0, 1]), (["--layer=1", "--head=1"], "layer 1, head 1", [1], [1])],
    ids=str,
)
def test_a_page_to_explore(draw, argv, what, layers, heads, tmp_path):
    code, out, err = draw("--out", tmp_path / "map.html", *argv)
    assert (code, out) == (0, "") and f"{what}, {len(TEXT)} tokens" in err
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', page)[1])
    assert (data["layers"], data["heads"], data["causal"]) == (layers, heads, True)
    assert data["queries"] == data["keys"] == list(TEXT.replace(" ", "␣"))
    assert f"<title>“{TEXT}”: {what}</title>" in page


@pytest.mark.parametrize(
    ("argv", "what"),
    [([], "2 层 × 2 个头"), (["--layer=1"], "1 层 × 2 个头"), (["--layer=1", "--head=1"], "第 1 层，头 1")],
)
def test_a_page_in_chinese(draw, monkeypatch, argv, what, tmp_path):
    """The text is the reader's own, and stays as it is, though `lessons` have a word for it."""
    monkeypatch.setenv("LANGUAGE", "en")
    assert draw("--out", tmp_path / "map.html", "--lang=zh", *argv, text="loss")[0] == 0
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page and f"<title>“loss”：{what}</title>" in page
    assert f'<main aria-label="读 “loss” 时的注意力权重，{what}：每行是一个词元，每列是它所看的一个词元。">' in page


def test_a_single_token(draw, tmp_path):
    assert draw("--out", tmp_path / "one.png", text="a")[0] == 0


@pytest.mark.parametrize(
    ("argv", "text", "wrong"),
    [
        (["--layer=2"], TEXT, "There is no layer 2."),
        (["--layer=-1"], TEXT, "There is no layer -1."),
        (["--head=9"], TEXT, "There is no head 9."),
        (["--out=map.gif", *ONE], TEXT, "map.gif"),
        (["--out=map", *ONE], TEXT, "map"),
        (["--out=map.png/map.png", *ONE], TEXT, "map.png"),
        ([], "the model reads on", "The text has 18 tokens, and the model reads 1 to 16 at once."),
        ([], "", "--text is empty."),
        ([], "Zebra", "The character 'Z'"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn(refused, finished_run, tmp_path, argv, text, wrong):
    (tmp_path / "here" / "map.png").write_bytes(b"old")
    said = refused("attention", "--checkpoint", finished_run, "--text", text, "--out=map.png", "--overwrite", *argv)
    assert wrong in said[0]
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["map.png"]
    assert (tmp_path / "here" / "map.png").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["map.png", "map.svg", "map.html"])
def test_a_drawing_replaces_drawings_and_other_files_only_where_that_is_said(
    draw, refused, finished_run, tmp_path, name
):
    path = tmp_path / name
    path.write_bytes(b"mine")
    wrong, remedy = refused("attention", "--checkpoint", finished_run, "--text", TEXT, "--out", path)
    assert wrong == f"{path} is there already, and is no figure that minillm drew."
    assert "--overwrite" in remedy and path.read_bytes() == b"mine"
    assert draw(*ONE, "--out", path, "--overwrite")[0] == 0
    first = path.read_bytes()
    assert draw(*ONE, "--out", path, text="the model")[0] == 0
    assert b"mine" != first != path.read_bytes()


def test_the_curve_of_a_run_is_its_own(call, tiny, finished_run, curves, tmp_path):
    """Also where an earlier version drew it, which named no maker."""
    shutil.copytree(finished_run, tmp_path / "run")
    (tmp_path / "run" / "loss.png").write_bytes(b"a curve")
    assert call("pretrain", "--resume", "--steps=42", "--out", tmp_path / "run")[0] == 0
    assert (tmp_path / "run" / "loss.png").read_bytes().startswith(b"\x89PNG")
