"""An argparse parser whose errors say what was meant."""

import argparse
import difflib
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from minillm.cli.terminal import PROGRAM, program
from minillm.errors import InputError
from minillm.language import LANGUAGES

FLAGS = {"tie_head": "--untied", "bias": "--no-bias"}  # the options that are not called as what they set


def with_options(message: str) -> str:
    """A message of the library, which names parameters in backticks, for whoever sets them by options."""
    return re.sub(r"`(\w+)`", lambda found: FLAGS.get(found[1], "--" + found[1].replace("_", "-")), message)


class Help(argparse.RawDescriptionHelpFormatter):
    """What stands for the value of an option follows from its type."""

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        return {int: "N", float: "X"}.get(action.type, "NAME")


class Parser(argparse.ArgumentParser):
    """Help that opens with an example, whole option names only, and InputError in place of usage and exit."""

    def __init__(self, prog: str, description: str):
        super().__init__(
            prog=prog,
            description=description,
            formatter_class=Help,
            allow_abbrev=False,
        )

    def format_help(self) -> str:
        """The description (it begins with an example), then the options; the usage line would only say the options twice."""
        formatter = self._get_formatter()
        formatter.add_text(self.description)
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
        return formatter.format_help().replace(PROGRAM, program())

    def parse_args(self, args: Sequence[str], namespace=None) -> argparse.Namespace:
        """argparse's, but an unknown option is told of first, with the nearest known one, and a text may begin with a dash."""
        args = self._join_texts(args)
        for word in args:
            option = word.split("=")[0]
            if option.startswith("--") and option not in self._option_string_actions:
                near = difflib.get_close_matches(option, self._option_string_actions, n=1)
                raise InputError(
                    f"There is no option {option}.", f"Did you mean {near[0]}?" if near else f"See {self.prog} --help"
                )
        parsed = super().parse_args(args, namespace)
        for action in self._actions:
            value, name = getattr(parsed, action.dest, None), (action.option_strings or [action.metavar])[0]
            if value == "":
                raise InputError(f"{name} is empty.", "Give it a value.")
            if isinstance(value, int) and abs(value) >= 2**63:
                raise InputError(f"{name} is too large.", "Give a number of fewer digits.")
        return parsed

    def _join_texts(self, args: Sequence[str]) -> list[str]:
        """`--prompt`, `-x` becomes `--prompt=-x`: after an option that takes any text, only a known option is not that text."""
        joined, options = [], self._option_string_actions
        for word in args:
            before = options.get(joined[-1]) if joined else None
            takes_text = before is not None and before.nargs is None and before.type is None
            if takes_text and word.startswith("-") and word.split("=")[0] not in options:
                joined[-1] += f"={word}"
            else:
                joined.append(word)
        return joined

    def error(self, message: str):
        """argparse's complaints, and those of `choice`, which bring their own second line."""
        wrong, _, remedy = message.partition("\n")
        if remedy:
            wrong = wrong.split(": ", 1)[1]
        raise InputError(f"{wrong[:1].upper()}{wrong[1:].rstrip('.')}.", remedy or f"See {self.prog} --help")


def choice(what: str, names: Collection[str]) -> Callable[[str], str]:
    """An argument type: one of these names, and for any other the nearest is suggested."""

    def parse(value: str) -> str:
        if value not in names:
            near = difflib.get_close_matches(value, names, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(names)}."
            raise argparse.ArgumentTypeError(f"There is no {what} {value!r}.\n{remedy}")
        return value

    return parse


def path(value: str) -> Path:
    """An argument type: the name of a file or a folder. `Path` would take an empty one for the folder that the user is in."""
    if not value:
        raise argparse.ArgumentTypeError("The name of a file or folder is empty.\nGive it a value.")
    return Path(value)


def add_language(add: Callable) -> None:
    """--lang, for the commands of the course."""
    add("--lang", type=choice("language", LANGUAGES), help="en or zh (default: as LANG says)")
