"""The style of a line of Python: the rules of PEP 8 that one line alone can keep or break.

Rules about layout across lines (blank lines, indentation of what goes on) are left out: a small model breaks them by making no sense, and
that is no preference. The names are those of `pycodestyle`. A line of a text in triple quotes looks like code, and is judged as such.
"""

import re

LONGEST = 79

# What stands in a string or a comment is not code. A quote that isn't closed goes on to the end of the line.
STRING_OR_COMMENT = re.compile(
    r"""'''.*?(?:'''|$)|\"\"\".*?(?:\"\"\"|$)|'(?:\\.|[^'\\])*(?:'|$)|"(?:\\.|[^"\\])*(?:"|$)|(?P<comment>#.*)"""
)
# Operators of two signs or more need blanks around them everywhere. "=" does where it assigns, not where it names an argument.
OPERATOR = r"(?:[=!<>:+\-*/%&|^]=|\*\*=|//=|<<=|>>=|->)"
TIGHT_OPERATOR = re.compile(rf"(?<=[\w)\]}}'\"]){OPERATOR}|{OPERATOR}(?=[\w(\[{{'\"])")
TIGHT_ASSIGNMENT = re.compile(r"\s*[\w.]+(?:\[[^\]]*\])?(?:=(?!=)|\s+=(?=[^\s=]))")

LINE_RULES = {
    "W191 tab in the indentation": re.compile(r"^ *\t"),
    "W291 blank at the end": re.compile(r"\s$"),
    f"E501 longer than {LONGEST} characters": re.compile(rf".{{{LONGEST + 1}}}"),
}
CODE_RULES = {
    "E201 blank after a bracket": re.compile(r"[(\[{][ \t]+\S"),
    "E202 blank before a bracket": re.compile(r"[^\s,][ \t]+[)\]}]"),
    "E231 no blank after a comma": re.compile(r",[^\s)\]]"),
}
NO_BLANK = "E225 no blank around an operator"


def style_violations(line: str) -> list[str]:
    """The rules that a line of Python breaks, each once. What ends the line doesn't count."""
    line = line.rstrip("\r\n\f")
    code = STRING_OR_COMMENT.sub(_blanked, line)
    broken = [rule for rule, pattern in LINE_RULES.items() if pattern.search(line)]
    broken += [rule for rule, pattern in CODE_RULES.items() if pattern.search(code)]
    if TIGHT_OPERATOR.search(code) or (TIGHT_ASSIGNMENT.match(code) and not _names_an_argument(code)):
        broken.append(NO_BLANK)
    return broken


def _blanked(match: re.Match) -> str:
    """A comment goes; of a string the quotes stay, with as many letters between them as it had."""
    text = match[0]
    return "" if match["comment"] else text[0] + "x" * (len(text) - 2) + text[-1] * (len(text) > 1)


def _names_an_argument(code: str) -> bool:
    """Whether `key=value` seems to stand in brackets that an earlier line opened: it ends in a comma, or closes more than it opens."""
    closed = sum(map(code.count, ")]}")) > sum(map(code.count, "([{"))
    return closed or code.rstrip().endswith(",")
