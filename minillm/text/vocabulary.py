"""A vocabulary as other people's files hold it: tokens with their ids, some of which may be nobody's."""

from collections.abc import Mapping

from minillm.text.characters import check_text

LARGEST_ID = (1 << 24) - 1  # no model has a table of so many rows


def check_vocabulary(data: object) -> dict[str, int]:
    """The tokens and their ids; ValueError for what isn't a JSON object of them, or gives two tokens one id.

    A list, as minillm used to write it, gives each token its place.
    """
    if isinstance(data, list) and all(isinstance(token, str) for token in data):
        if len(set(data)) < len(data):
            raise ValueError("a token is there twice")
        data = {token: i for i, token in enumerate(data)}
    if not isinstance(data, Mapping) or not all(type(i) is int for i in data.values()):
        raise ValueError("it must hold one JSON object of tokens and their ids, whole numbers")
    if not data:
        raise ValueError("it holds no token")
    tokens: dict[int, str] = {}
    for token, i in data.items():
        check_text(token)
        if not 0 <= i <= LARGEST_ID:
            raise ValueError(f"an id must be in 0 to {LARGEST_ID}, and {token!r} has {i}")
        if tokens.setdefault(i, token) != token:
            raise ValueError(f"{tokens[i]!r} and {token!r} both have the id {i}")
    return dict(data)
