"""The sentences of a text, and whether texts are Chinese."""

import re
from collections.abc import Sequence


def sentences_of(text: str) -> list[str]:
    """Cut after each mark that ends one."""
    return re.split(r"(?<=[.!?])\s+|(?<=[。！？])(?!$)", text.strip())


def is_chinese(texts: Sequence[str]) -> bool:
    """Whether most of them have a Chinese character."""
    return 2 * sum(bool(re.search("[\u4e00-\u9fff]", text)) for text in texts) > len(texts)
