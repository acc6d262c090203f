"""What a forward pass saved can be read by name: `saved.blocks[2].attention.weights` is an attention map, for every model."""

import numpy as np
import pytest

from minillm.gradcheck import LayerCase, all_cases
from minillm.models import EncoderDecoder, Model

CASES = {name: make(np.random.default_rng(0)) for name, make in all_cases().items()}
MODELS = [name for name, case in CASES.items() if isinstance(case, LayerCase) and isinstance(case.layer, Model)]


def saved_of(case):
    """What the case's forward pass saved; that of an objective holds the model's."""
    options = {name: value for name, value in case.options.items() if name not in ("backward", "dropout_seed")}
    forward = options.pop("forward", None) or getattr(case, "layer", case).forward
    inputs, named = ((), case.inputs) if isinstance(case.inputs, dict) else (case.inputs, {})
    return forward(*inputs, **named, **options)[1]


def is_a_map(weights, heads):
    return (
        weights.shape[1] == heads
        and weights.ndim == 4
        and (weights >= 0).all()
        and np.allclose(weights.sum(axis=-1), 1)
    )


def test_there_is_a_case_for_each_kind_of_model():
    kinds = {type(CASES[name].layer).__name__ for name in MODELS}
    assert kinds >= {
        "GPT",
        "GPTWithValue",
        "Encoder",
        "MaskedLM",
        "SequenceClassifier",
        "QuestionAnswering",
        "Transformer",
        "T5",
    }


@pytest.mark.parametrize("name", MODELS)
def test_the_attention_maps_of_every_model_are_found_by_the_same_words(name):
    model, saved = CASES[name].layer, saved_of(CASES[name])
    saved = getattr(saved, "model", saved)
    config = getattr(model.config, "body", model.config)
    if isinstance(model, EncoderDecoder):
        assert len(saved.encoder.blocks) == len(model.encoder) and len(saved.decoder.blocks) == len(model.decoder)
        maps = [block.attention.weights for block in (*saved.encoder.blocks, *saved.decoder.blocks)]
        maps += [block.cross_attention.weights for block in saved.decoder.blocks]
    else:
        # A classifier that reads lower layers only does not run the blocks above them.
        run = max(getattr(model.config, "layers_read", None) or [config.layers])
        assert len(saved.blocks) == run
        maps = [saved.blocks[layer].attention.weights for layer in range(run)]
    assert all(is_a_map(weights, config.heads) for weights in maps)


def nameless(tree, path="saved"):
    """Where arrays lie in a tuple without names. The one exception is a pair that is made to index with."""
    if isinstance(tree, list):
        for i, branch in enumerate(tree):
            yield from nameless(branch, f"{path}[{i}]")
    elif hasattr(tree, "_asdict"):
        for name, branch in tree._asdict().items():
            if name != "places":
                yield from nameless(branch, f"{path}.{name}")
    elif isinstance(tree, tuple) and any(isinstance(branch, np.ndarray | tuple | list) for branch in tree):
        yield path


@pytest.mark.parametrize("name", [name for name in CASES if "preference" not in all_cases()[name].__module__])
def test_every_part_of_saved_has_a_name(name):
    assert list(nameless(saved_of(CASES[name]))) == []
