"""A folder of BERT learns to answer questions here as it learns with transformers: from the same batches, the same losses."""

import numpy as np
import pytest

from minillm.cli import main
from minillm.finetuning.questions import Questions, begin_questions, split_questions
from minillm.finetuning.questions.data import tokenize_questions
from minillm.models.huggingface import save_pretrained
from minillm.objectives import question_answering
from minillm.training import load
from tests.parity.fine_tuning import adamw
from tests.questions import VOCABULARY, questions, write_questions

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("tokenizers")

CONTEXT, STEPS = 16, 10
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
}
SIZES |= {
    "max_position_embeddings": CONTEXT,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "initializer_range": 0.2,
}
SETTINGS = {
    "steps": STEPS, "batch": 6, "lr": 1e-3, "schedule": "constant", "warmup": 0, "weight_decay": 0.1, "clip": 0.0, "beta2": 0.98,
    "dropout": 0.0, "workers": 1, "log_every": 1, "eval_every": STEPS,
}  # fmt: skip


def asked() -> Questions:
    """Some passages are longer than the context, so that windows are read without an answer."""
    found = questions(20)
    found.passages[:] = [passage + " went" * (len(passage) % 9) for passage in found.passages]
    return found


@pytest.fixture
def folder(tmp_path):
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    transformers.BertForQuestionAnswering(transformers.BertConfig(**SIZES)).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return tmp_path


def their_losses(folder, batches) -> list[float]:
    """From their scores, with the mean of their losses of start and end. Their own loss takes padding for a place of the answer."""
    model = transformers.BertForQuestionAnswering.from_pretrained(folder).train()
    optimizer = adamw(model, **{name: SETTINGS[name] for name in ("lr", "beta2", "weight_decay")})
    losses = []
    for batch in batches:
        ids, mask, types, spans = map(torch.tensor, batch)
        found = model(input_ids=ids, attention_mask=mask.int(), token_type_ids=types)
        scores = (each.masked_fill(~mask, -torch.inf) for each in (found.start_logits, found.end_logits))
        loss = sum(map(torch.nn.functional.cross_entropy, scores, spans.T)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_ten_steps_have_the_same_losses(folder):
    learner = begin_questions(split_questions(asked(), 0, "list"), SETTINGS, load(folder))
    trainer = learner.trainer
    batches = [trainer.data.batch(np.random.default_rng((0, step)), SETTINGS["batch"]) for step in range(STEPS)]
    assert not all(batch.mask.all() for batch in batches)
    ours = [trainer.step().loss for _ in range(STEPS)]
    np.testing.assert_allclose(ours, their_losses(folder, batches), rtol=0, atol=1e-6)
    assert ours[-1] < ours[0] - 0.1, "or this shows nothing"


def test_their_own_loss_is_the_same_without_padding(folder):
    model, tokenizer = load(folder)
    learner = begin_questions(split_questions(asked(), 0, "list"), SETTINGS, (model, tokenizer))
    theirs = transformers.BertForQuestionAnswering.from_pretrained(folder).eval()
    for batch in learner.trainer.data.validation_batches(1):
        loss, _ = question_answering(model, **batch._asdict())
        ids, _, types, spans = map(torch.tensor, batch)
        found = theirs(input_ids=ids, token_type_ids=types, start_positions=spans[:, 0], end_positions=spans[:, 1])
        assert float(loss) == pytest.approx(found.loss.item(), abs=1e-6)


def test_their_tokenizer_gives_the_same_windows_and_the_same_places(folder):
    """As in their script for SQuAD: windows that overlap, and [CLS] for an answer that is not in a window."""
    theirs, found = transformers.AutoTokenizer.from_pretrained(folder), asked()
    rows = tokenize_questions(found, load(folder)[1], CONTEXT)
    room = CONTEXT - 3 - 3  # of the passage: the question has three tokens
    overlap = {"max_length": CONTEXT, "stride": room - room // 2, "truncation": "only_second"}
    windows = theirs(
        found.questions, found.passages, **overlap, return_overflowing_tokens=True, return_offsets_mapping=True
    )
    ours = [*zip(map(list, rows.ids), map(list, rows.types), strict=True)]
    assert ours == [*zip(windows.input_ids, windows.token_type_ids, strict=True)] and len(ours) > len(found.ids)
    places = found.places()
    for window, (number, span) in enumerate(zip(windows.overflow_to_sample_mapping, rows.spans.tolist(), strict=True)):
        start, end = places[number]
        at = [windows.char_to_token(window, place, sequence_index=1) for place in (start, end - 1)]
        assert span == ([0, 0] if None in at else at)
    assert (rows.spans == 0).any()


def test_a_run_of_the_command_is_stopped_resumed_and_read_by_transformers(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_questions(tmp_path / "squad.json", asked())
    learn = ["finetune", "--task=answer", f"--checkpoint={folder}", "--data=squad.json", "--batch=4", "--steps=6"]
    assert main([*learn, "--out=whole"]) == main([*learn, "--out=parts", "--stop-at=2"]) == 0
    assert main(["finetune", "--resume", "--out=parts"]) == 0
    for name in ("model.safetensors", "log.jsonl", "config.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    model, tokenizer = load("whole")
    save_pretrained(model, tmp_path / "theirs")
    theirs = transformers.BertForQuestionAnswering.from_pretrained(tmp_path / "theirs").eval()
    rows = tokenize_questions(asked(), tokenizer, CONTEXT)
    for ids, types in zip(rows.ids[:9], rows.types, strict=False):
        scores, _ = model.forward(ids[None], mask=np.ones((1, len(ids)), bool), token_types=types[None])
        found = theirs(input_ids=torch.tensor(ids[None]), token_type_ids=torch.tensor(types[None]))
        for ours, their in zip(scores[0], (found.start_logits, found.end_logits), strict=True):
            np.testing.assert_allclose(ours, their[0].detach(), atol=1e-5)
