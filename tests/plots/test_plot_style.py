"""The house style: the same on every machine, without a screen, and gone when the figure is drawn."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from minillm.plots import COLOURS, attention_heatmap, house_style, loss_curve, save


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)


def test_minillm_does_not_load_matplotlib():
    assert run("import sys, minillm; print('matplotlib' in sys.modules)").stdout == "False\n"


def test_pyplot_is_never_loaded():
    code = """if True:
        import sys
        from minillm.plots import attention_heatmap
        attention_heatmap([[1.0]], ["a"])
        print("matplotlib.pyplot" in sys.modules)
    """
    assert run(code).stdout == "False\n"


def test_settings_of_the_user_change_nothing_and_are_left_alone(tmp_path):
    save(attention_heatmap(np.eye(2), ["a", "b"]), tmp_path / "a.png", alt="a")
    mine = {"font.size": 30, "image.cmap": "jet", "savefig.bbox": "tight", "figure.facecolor": "red"}
    with matplotlib.rc_context(mine):
        save(attention_heatmap(np.eye(2), ["a", "b"]), tmp_path / "b.png", alt="a")
        assert {name: matplotlib.rcParams[name] for name in mine} == mine
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_style_serves_other_figures_too():
    with house_style():
        assert matplotlib.rcParams["image.cmap"] == "viridis"
        assert matplotlib.rcParams["font.family"][0] == "DejaVu Sans"
        assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"] == list(COLOURS.values())


@pytest.mark.parametrize("draw", [lambda: attention_heatmap(np.eye(2), ["a", "b"]), lambda: loss_curve([(0, 1)], [])])
def test_text_keeps_its_fonts_after_the_style_has_ended(draw):
    assert "DejaVu Sans" in draw().axes[0].xaxis.label.get_fontfamily()


def test_colours_differ_in_lightness_or_hue():
    rgb = np.array([matplotlib.colors.to_rgb(colour) for colour in COLOURS.values()])
    distances = np.linalg.norm(rgb[:, None] - rgb[None], axis=-1)
    assert distances[~np.eye(len(rgb), dtype=bool)].min() > 0.25
