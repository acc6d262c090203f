"""The library trains, keeps and loads models where nothing but NumPy is installed, as in a browser: with one worker, without drawing."""

import subprocess
import sys

CODE = """
import sys

MISSING = (
    "matplotlib", "tqdm", "safetensors", "threadpoolctl", "tokenizers", "cupy", "multiprocessing", "_posixshmem", "fcntl",
)
for name in MISSING:
    sys.modules[name] = None

import minillm
for room in minillm.ROOMS:
    getattr(minillm, room)
for name in set(minillm.__all__) - {"__version__"}:
    getattr(minillm, name)
tokenizer = minillm.CharTokenizer.train("the cat is on the table " * 40)
model = minillm.GPT(vocab_size=tokenizer.vocab_size, context=8, layers=1, heads=2, d_model=8)
data = minillm.Corpus(tokenizer.encode("the cat is on the table " * 40), context=8)
history = minillm.train(model, data, steps=5, batch=4, eval_every=5)
minillm.save(sys.argv[1], model, tokenizer)
again, tokenizer = minillm.load(sys.argv[1])
print(minillm.write(again, tokenizer, "the cat", 5))
maps = minillm.attention_maps(again, tokenizer, "the cat")
minillm.plots.save_html(sys.argv[1] + "/map.html", maps.weights, maps.rows, causal=True, title="the cat", alt="A map of the cat.")
"""


def test_nothing_but_numpy_is_needed(tmp_path):
    answer = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / "run")], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("the cat")
    assert (tmp_path / "run" / "map.html").exists()
