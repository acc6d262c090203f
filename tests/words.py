"""The words of which the tests make their tiny texts."""

WORDS = [
    "the",
    "a",
    "model",
    "reads",
    "writes",
    "one",
    "token",
    "after",
    "another",
    "and",
    "learns",
    "from",
    "mistakes",
]
