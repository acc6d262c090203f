"""Let the model that comes with minillm continue a text, token by token."""

from collections.abc import Callable, Iterator

from minillm.generation import begin, encode_prompt, generate, stream_continuation
from minillm.models import Model
from minillm.text import Tokenizer
from minillm.training import load
from minillm.web.slices import slices

MODEL = "tales"


def written(
    model: Model, tokenizer: Tokenizer, prompt: str, max_tokens: int, *, temperature: float, seed: int
) -> Iterator[str]:
    """What the model writes after a prompt, in pieces as they come."""
    _, ids = encode_prompt(tokenizer, prompt)
    begun = begin(model, tokenizer, ids)
    tokens = generate(model, begun.ids, max_tokens, seed=seed, **begun.with_rules({"temperature": temperature}))
    return stream_continuation(tokenizer, begun.prefix, tokens)


class WritingDesk:
    """post(kind, ...): tells the page."""

    def __init__(self, post: Callable[..., None]):
        self.post = post
        self.model, self.tokenizer = load(MODEL)

    def write(self, prompt: str, max_tokens: int, temperature: float, seed: int) -> Iterator[None]:
        for pieces in slices(
            written(self.model, self.tokenizer, prompt, max_tokens, temperature=temperature, seed=seed)
        ):
            self.post("written", text="".join(pieces))
            yield
        self.post("finished")
