"""Labelled texts, as a person reads of them before anything is learned from them, and of the classifier after that."""

from collections.abc import Iterator
from pathlib import Path

from minillm.backend import Device
from minillm.cli.terminal import program, say, shell_word, visible
from minillm.finetuning import (
    Baselines,
    Parts,
    class_probabilities,
    confusion_matrix,
    load_classifier,
    padding_of,
)
from minillm.finetuning.classification import classification_report
from minillm.units import count, per_cent


def describe_texts(parts: Parts, beaten: Baselines, name: str, context: int) -> Iterator[str]:
    """How many there are, what of them a model that sees `context` tokens cannot read, and what is to be beaten."""
    classes = parts.classes
    named = ", ".join(
        f"{visible(label)} {per_cent(share)}" for label, share in zip(classes[:6], beaten.shares, strict=False)
    )
    yield (
        f"data    {name}: {len(parts.labels):,} texts to train on, {len(parts.held_out_labels):,} to validate; "
        f"{len(classes)} classes: {named}{' ...' if len(classes) > 6 else ''}"
    )
    cut, dropped = (getattr(parts.rows, what) + getattr(parts.held_out_rows, what) for what in ("cut", "dropped"))
    if cut:
        yield f"        {count(cut, 'text')} of more than {context} tokens cut to that"
    if dropped:
        yield f"        {count(dropped, 'character')} that the model's tokenizer does not know left out"
    yield (
        f"        always {visible(classes[beaten.commonest])}: {per_cent(beaten.commonest_accuracy)} right; "
        f"a bag of words: {per_cent(beaten.bag_of_words_accuracy)}"
    )


def report_classifier(directory: Path, parts: Parts, words: str, device: Device) -> None:
    """How often the classifier in a folder is right about the held-out texts, and a command to try it."""
    classifier, tokenizer = load_classifier(directory, device)
    answers = class_probabilities(classifier, parts.held_out_rows.rows, padding_of(tokenizer)).argmax(axis=1)
    print(classification_report(confusion_matrix(parts.held_out_labels, answers, len(parts.classes)), parts.classes))
    say(f"next    {program()} classify --checkpoint {shell_word(directory)} --text={shell_word(words)}")
