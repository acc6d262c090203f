"""A folder of T5 learns from pairs here as it learns with transformers: the same losses, step after step, from the same batches."""

import numpy as np
import pytest

from minillm.cli import main
from minillm.finetuning.pairs import TRANSLATE, Pairs, PairSplit, begin_pairs
from minillm.ops import IGNORE
from minillm.training import load
from tests.parity.fine_tuning import adamw

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("tokenizers")

PIECES = ["<pad>", "</s>", "<unk>", "▁", "▁the", "▁der", "▁dog", "▁cat", *"abcdefghijklmnopqrstuvwxyz"]
SIZES = {"vocab_size": len(PIECES) + 6, "d_model": 16, "d_kv": 4, "d_ff": 24, "num_heads": 4, "num_layers": 2}
SIZES |= {"decoder_start_token_id": 0, "dropout_rate": 0.0}
VERSIONS = {"1.0": {}, "1.1": {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}}
STEPS = 10
SETTINGS = {
    "steps": STEPS, "batch": 6, "lr": 1e-3, "schedule": "constant", "warmup": 0, "weight_decay": 0.1, "clip": 0.0, "beta2": 0.98,
    "label_smoothing": 0.0, "dropout": 0.0, "workers": 1, "log_every": 1, "eval_every": STEPS,
}  # fmt: skip


def some_pairs(count: int) -> Pairs:
    rng = np.random.default_rng(0)
    words = [rng.choice(["the", "dog", "cat", "bee", "ox"], rng.integers(1, 6)).tolist() for _ in range(count)]
    return Pairs([" ".join(w) for w in words], ["der " + " ".join(reversed(w)) for w in words], [*range(count)])


@pytest.fixture(params=VERSIONS)
def folder(request, tmp_path):
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    model = transformers.T5ForConditionalGeneration(transformers.T5Config(**SIZES, **VERSIONS[request.param]))
    if request.param == "1.1":  # only a checkpoint brings a head of its own; a new model shares the table
        model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight) / 4)
    model.save_pretrained(tmp_path)
    transformers.T5Tokenizer(vocab=[(piece, -float(i)) for i, piece in enumerate(PIECES)], extra_ids=0).save_pretrained(
        tmp_path
    )
    return tmp_path


def their_losses(folder, batches) -> list[float]:
    """As their users write it: labels of -100 are left out, and the model itself moves them on by one."""
    model = transformers.T5ForConditionalGeneration.from_pretrained(folder).train()
    optimizer = adamw(model, **{name: SETTINGS[name] for name in ("lr", "beta2", "weight_decay")})
    losses = []
    for batch in batches:
        labels = np.where(batch.targets == IGNORE, -100, batch.targets)
        given = (batch.source, batch.source_mask.astype(int), labels)
        loss = model(**dict(zip(("input_ids", "attention_mask", "labels"), map(torch.tensor, given), strict=True))).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_ten_steps_have_the_same_losses(folder):
    learner = begin_pairs(PairSplit(some_pairs(40), some_pairs(4)), TRANSLATE, SETTINGS, load(folder))
    trainer = learner.trainer
    batches = [trainer.data.batch(np.random.default_rng((0, step)), SETTINGS["batch"]) for step in range(STEPS)]
    ours = [trainer.step().loss for _ in range(STEPS)]
    np.testing.assert_allclose(ours, their_losses(folder, batches), rtol=0, atol=1e-6)
    assert ours[-1] < ours[0] - 0.1, "or this shows nothing"


def test_their_tokenizer_gives_the_same_sources_and_targets(folder):
    """Ends included: a source and a target end with </s>, and an answer starts with the padding."""
    theirs, pairs = transformers.AutoTokenizer.from_pretrained(folder), some_pairs(5)
    learner = begin_pairs(PairSplit(pairs, pairs), TRANSLATE, SETTINGS, load(folder))
    (batch,) = learner.trainer.data.validation_batches(9)
    ours = {tuple(row[mask]) for row, mask in zip(batch.source, batch.source_mask, strict=True)}
    assert ours == {tuple(theirs(text).input_ids) for text in pairs.sources}
    ours = {tuple(row[row != IGNORE]) for row in batch.targets}
    assert ours == {tuple(theirs(text).input_ids) for text in pairs.targets}
    assert (batch.decoder_input[:, 0] == 0).all()


def test_a_run_of_the_command_is_stopped_resumed_and_used(folder, tmp_path, monkeypatch, capsys):
    """It keeps their tokenizer, and the tokens that end a text."""
    monkeypatch.chdir(tmp_path)
    pairs = some_pairs(40)
    lines = zip(pairs.sources, pairs.targets, strict=True)
    (tmp_path / "pairs.tsv").write_text("".join(f"{s}\t{t}\n" for s, t in lines), encoding="utf-8")
    learn = ["finetune", "--task=translate", f"--checkpoint={folder}", "--data=pairs.tsv", "--batch=4", "--steps=6"]
    assert main([*learn, "--out=whole"]) == main([*learn, "--out=parts", "--stop-at=2"]) == 0
    assert main(["finetune", "--resume", "--out=parts"]) == 0
    for name in ("model.safetensors", "log.jsonl", "config.json", "generation_config.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    assert list(load(tmp_path / "parts")[0].eos_token_id) == [1]
    assert main(["translate", "--checkpoint=parts", "--text=the dog", "--max-tokens=5"]) == 0
    assert main(["summarise", f"--checkpoint={folder}", "--text=the dog", "--max-tokens=5", "--beams=2"]) == 0
