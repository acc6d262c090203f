"""What the text tells, and the weights that were kept, when they read it once more."""

from minillm.explaining.evidence import Evidence
from minillm.explaining.finding import Finding
from minillm.explaining.loss_rules import training_and_validation
from minillm.units import per_cent


def answer_in_the_input(e: Evidence) -> Finding | None:
    """Nobody guesses the next token that well: a tenth of what the frequencies cost, on held-out text too, is no guess. (A repaired text
    is mostly copied, and has a loss as low.)

    Where the kept weights can be asked once more, they don't confirm it: the library's objective hides the answer.
    """
    c = e.course
    if e.settings.get("objective") != "causal" or e.baseline is None or not c.has(evaluations=2):
        return None
    if c.validation[-1] > 0.1 * e.baseline or c.final > 0.1 * e.baseline:
        return None
    evidence = [training_and_validation(e), f"who knows the frequencies alone has {e.baseline:.3f}"]
    if e.texts is not None:
        if e.texts.copied > 0.75:
            return None
        if e.texts.measured is not None:
            again = e.texts.measured.shifted
            if again[1] < 2 * c.best_validation:
                return None
            evidence.append(
                f"measured anew, the kept weights lose {again[1]:.3f} on the next token, {again[0]:.3f} on the token itself"
            )
    return Finding(
        "answer_in_the_input",
        "the model sees the answer: targets are not shifted, or a mask is missing",
        tuple(evidence),
        "Shift the targets by one (targets = tokens[1:], inputs = tokens[:-1]), and hide later tokens with a causal mask.",
    )


def shifted_too_far(e: Evidence) -> Finding | None:
    """The kept weights guess another token than the next one best, by a tenth."""
    if e.texts is None or e.texts.measured is None:
        return None
    losses = e.texts.measured.shifted
    best = min(losses, key=losses.get)
    if best < 2 or losses[best] > 0.9 * losses[1]:
        return None
    return Finding(
        "shifted_too_far",
        f"targets are shifted by {best}: the model learned to guess the token {best} places ahead",
        (
            f"measured anew, the kept weights lose {losses[1]:.3f} on the next token, and {losses[best]:.3f} {best} places ahead",
        ),
        "Shift the targets by one: targets = tokens[1:], inputs = tokens[:-1].",
    )


def softmax_twice(e: Evidence) -> Finding | None:
    """What the log says is what the kept weights lose if softmax is taken twice, and not what they lose.

    Probabilities as scores can't favour a token by more than e : 1, so that the loss stays above ln(e + V - 1) - 1.
    """
    if e.texts is None or e.texts.measured is None or e.state.best_loss is None:
        return None
    logged, measured = e.state.best_loss, e.texts.measured
    plain, twice = measured.shifted[1], measured.softmax_twice
    if abs(twice - logged) > 0.03 * logged or abs(plain - logged) < 2 * abs(twice - logged) + 0.1 * logged:
        return None
    return Finding(
        "softmax_twice",
        "softmax is taken twice: the loss gets probabilities where it wants scores",
        (
            f"best validation loss in the training: {logged:.3f}",
            f"measured anew, the kept weights lose {plain:.3f}, and {twice:.3f} with a second softmax",
        ),
        "Give cross_entropy the logits as the model returns them.",
    )


def other_files(e: Evidence) -> Finding | None:
    """The tokenizer has not as many tokens as the model; or the kept weights lose a quarter more, on the text that they were validated on,
    than they did in the training, which nothing above explains. (In sound runs the two differ by a few hundredths.)
    """
    evidence = e.misfit
    if evidence is None:
        if e.texts is None or e.texts.measured is None or e.state.best_loss is None:
            return None
        again = e.texts.measured.shifted[1]
        if again < 1.25 * e.state.best_loss or again - e.state.best_loss < 0.1:
            return None
        evidence = f"best validation loss in the training: {e.state.best_loss:.3f}; measured anew, the kept weights lose {again:.3f}"
    return Finding(
        "other_files",
        "the tokenizer, the weights and the log of this folder do not belong together",
        (evidence,),
        "If the loss or the batches of the training are your own, look there first. Otherwise put the files back that the training wrote.",
    )


def unknown_tokens(e: Evidence) -> Finding | None:
    """The tokenizer has no token for a twentieth of the text, or needs 1.2 tokens for a character: it was made for another one."""
    if e.texts is None or (e.texts.unknown < 0.05 and e.texts.tokens_per_character < 1.2):
        return None
    return Finding(
        "unknown_tokens",
        "the tokenizer does not fit the text",
        (
            f"it has no token for {per_cent(e.texts.unknown)} of the text",
            f"a character takes {e.texts.tokens_per_character:.2f} tokens",
        ),
        "Use a model whose tokenizer was made from text of this language and script: python -m minillm pretrain.",
    )


def other_text(e: Evidence) -> Finding | None:
    """Whoever knows how frequent each character is in the training part loses a tenth more on the held-out part than within the training
    part, and the model loses a tenth more too: what is held out, the last tenth of the text, is another kind of text. (Of forty texts, each
    of one kind, novels and Chinese and source code among them, none is above a twenty-fifth.)
    """
    if e.texts is None or e.texts.apart < 1.1 or not e.course.has(evaluations=1):
        return None
    if e.course.validation[-1] < 1.1 * e.course.final:
        return None
    return Finding(
        "other_text",
        "what validates is another kind of text than what was read in training",
        (
            f"by the frequencies of characters in the training part, the last tenth of the text loses {e.texts.apart:.2f} times what "
            "the training part does",
            training_and_validation(e),
        ),
        "Mix the text: let paragraphs or documents of each kind stand in its last tenth as in the rest.",
    )


def leak(e: Evidence) -> Finding | None:
    """Three quarters of the held-out pieces are in the training part, word for word: the validation loss measures memory. Of source code,
    which repeats itself, it may be a half.
    """
    if e.texts is None or e.texts.copied < 0.75:
        return None
    return Finding(
        "leak",
        "what validates was read in training",
        (
            f"{per_cent(e.texts.copied)} of the held-out pieces are in the training part, word for word",
            training_and_validation(e),
        ),
        "Remove what is there twice from the data, or hold out whole documents.",
    )
