"""Personal information in a text: e-mail addresses, web addresses, telephone numbers, by their look alone."""

import re

# ASCII: Chinese may stand right before and behind an address, and is no part of it.
PATTERNS = {
    "e-mail": re.compile(r"(?<![\w.+-])[\w.+-]*[\w+-]@(?:[\w-]+\.)+[A-Za-z]{2,}", re.ASCII),
    "URL": re.compile(r"(?<!\w)(?:https?://|ftp://|www\.)[\w/.?=&#%~:+,;@!$*-]*[\w/=&#%-]", re.ASCII),
    "phone": re.compile(
        r"(?<![\w.+-])(?:"
        r"\+\d{1,3}(?:[ .-]?\(?\d{2,5}\)?){2,5}"  # +44 20 7946 0958
        r"|(?:\(\d{2,4}\)[ .-]?|\d{3,4}[ .-])\d{3,4}[ .-]?\d{4}"  # (555) 123-4567, 010-6552 9988
        r"|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"  # 138 0013 8000, a Chinese mobile
        r")(?![\w-])",
        re.ASCII,
    ),
}


def find_personal_information(text: str) -> list[tuple[str, str]]:
    """What looks like it, as (kind, what), sorted by kind: `e-mail`, `URL`, `phone`. Names and street addresses are not found."""
    return [(kind, match[0]) for kind, pattern in PATTERNS.items() for match in pattern.finditer(text)]
