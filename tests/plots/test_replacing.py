"""A figure takes the place of one that minillm saved, and of nothing else."""

import os
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots import attention_heatmap, loss_curve, refuse_to_replace, save, save_html

ALT = "A long text. " * 3000  # the maker is named in front of it, or it is cut
SAVED = {
    "f.png": lambda path: save(loss_curve([(0, 1.0)], []), path, alt=ALT),
    "f.svg": lambda path: save(attention_heatmap(np.eye(2), ["a", "b"], title="one"), path, alt=ALT),
    "f.html": lambda path: save_html(path, np.ones((1, 1, 1, 1)), ["a"], title=ALT, alt=ALT),
}
OTHERS = {
    "empty.png": lambda path: path.write_bytes(b""),
    "text.png": lambda path: path.write_text("minillm", encoding="utf-8"),
    "matplotlib's.png": lambda path: Figure().savefig(path),
    "matplotlib's.svg": lambda path: Figure().savefig(path, metadata={"Title": "minillm", "Description": "minillm"}),
    "a page.html": lambda path: path.write_text("<html><title>minillm</title>", encoding="utf-8"),
    "the mark far behind.html": lambda path: path.write_bytes(
        b" " * 2**20 + b'<meta name="generator" content="minillm">'
    ),
    "a folder.png": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("name", SAVED)
def test_what_minillm_saved_may_be_replaced(tmp_path, name):
    refuse_to_replace(tmp_path / name, "Don't.")
    for _ in range(2):
        SAVED[name](tmp_path / name)
        refuse_to_replace(str(tmp_path / name), "Don't.")


@pytest.mark.parametrize("name", OTHERS)
def test_what_it_did_not_save_is_refused(tmp_path, name):
    OTHERS[name](tmp_path / name)
    with pytest.raises(InputError, match="is there already") as caught:
        refuse_to_replace(tmp_path / name, "Choose another.")
    assert caught.value.remedy == "Choose another." and name in caught.value.wrong


@pytest.mark.skipif(sys.platform == "win32", reason="plants links and pipes")
def test_links_and_pipes(tmp_path):
    """A link to a figure may go, one to anything else or to nowhere may not; and nobody waits for a pipe."""
    SAVED["f.png"](tmp_path / "ours.png")
    OTHERS["text.png"](tmp_path / "mine.png")
    (tmp_path / "to ours.png").symlink_to(tmp_path / "ours.png")
    refuse_to_replace(tmp_path / "to ours.png", "")
    (tmp_path / "to mine.png").symlink_to(tmp_path / "mine.png")
    (tmp_path / "to nowhere.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("to mine.png", "to nowhere.png", "pipe.png"):
        with pytest.raises(InputError, match="is there already"):
            refuse_to_replace(tmp_path / name, "")
