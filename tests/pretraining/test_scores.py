"""What the end of a run says of restored sentences, for answers that are known."""

import pytest

from minillm.objectives import DenoisingData, Sentences, sentence_starts
from minillm.pretraining.scores import restored_sentences, shared_places
from minillm.text import BPETokenizer, SpecialTokens

ROLES = {"pad": "[PAD]", "mask": "[MASK]", "bos": "<s>", "eos": "</s>"}


def test_shared_places_are_those_of_the_target():
    assert shared_places([5, 6, 7, 8], [9, 5, 7, 8]) == {0, 2, 3}
    assert shared_places([1, 2, 3], [3]) == {2}


@pytest.mark.parametrize(
    "answers, told",
    [("as they were", "100% put back"), ("as they are", "0% put back"), ("nothing", "0% put back")],
)
def test_what_came_back_of_what_was_missing(answers, told, monkeypatch):
    text = "The cat sat on the mat. A dog ran to the old house. " * 40
    tokenizer = BPETokenizer.train(text, 40, tuple(ROLES.values()))
    ids, known = tokenizer.encode(text), tokenizer.special_tokens
    special = SpecialTokens(**{role: known[name] for role, name in ROLES.items()})
    data = DenoisingData(Sentences(ids, 31, sentence_starts(ids, tokenizer)), special)
    whole = {batch.source[:, :-1].tobytes(): batch.targets[0, :-1].tolist() for batch in data.validation_batches(1)}
    given = {
        "as they were": lambda source: whole[source.tobytes()],
        "as they are": lambda source: source.tolist(),
        "nothing": lambda source: [],
    }
    monkeypatch.setattr(
        "minillm.pretraining.scores.answer", lambda model, tokenizer, source, beams: given[answers](source)
    )
    line = restored_sentences(None, data, tokenizer)
    assert f" missing tokens {told}, of " in line and f"others {0 if answers == 'nothing' else 100}% kept (" in line
