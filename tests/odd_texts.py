"""Texts that tokenizers get wrong."""

import random

ODD = [
    "",
    " ",
    "a",
    "It's the cat's; don't, we'll, I'VE, '' 'tis",
    "line one\r\nline two\r\n\r\n\tindented   wide   \n",
    "nul \0 bell \a unit \x1f del \x7f",
    "é as one, e\u0301 as two, a\u0300\u0301\u0302 as four",
    "👩‍👩‍👧 🇨🇭 👍🏽",
    "我思故我在。自注意力，語言模型",
    "नमस्ते दुनिया, שלום, مرحبا",
    "½ ² Ⅷ ٣ 12,345.67 snake_case __init__ _",
    "no\u00a0break\u3000wide\u2028line\u200bzero\ufeffbom",
    "\ue000 private, \U0010ffff last, \ufffd replacement",
    "a" * 1000,
    " " * 129 + "b",
    "one\n\n\n\ntwo \n \n three\t\t four      \n",
    "in 1984's 3rd, 10x'll 'S'LL'd '  's",
    "tabs\x0bfeed\x0cunits\x1c\x1d\x1e\x1fnext\x85en\u2003ogham\u1680mongol\u180eparagraph\u2029",
    "<|endoftext|> twice<|endoftext|> <|endoftex [MASK] [mask][SEP] [CLS",
    "İstanbul ΣΊΣΥΦΟΣ Straße ŒUVRE ﬁ Ǆ \u212b \uf900 \u1fef\u037e한국어 ไทย",
    "non-characters \ufffe \U0001ffff, never assigned \u0378 \U000e0080",
    "我" * 200,
]

ALPHABETS = [
    "ab",
    "ab \n",
    "aé我👍",
    "abc '_.,12\r\n\t\0",
    "".join(map(chr, range(0x300))),
    "的一是我在有。，\u3000",
]


def random_text(rng: random.Random) -> str:
    """Up to 200 characters of one small alphabet, or of all of Unicode (but for the surrogates, which are no characters)."""
    length = rng.randrange(200)
    if rng.random() < 0.3:
        codes = (rng.randrange(0x110000 - 0x800) for _ in range(length))
        return "".join(chr(c if c < 0xD800 else c + 0x800) for c in codes)
    return "".join(rng.choices(rng.choice(ALPHABETS), k=length))
