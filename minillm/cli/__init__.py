"""The command line: python -m minillm COMMAND. One file a command; only the one that is called gets imported."""

import contextlib
import difflib
import importlib
import sys

from minillm import __version__
from minillm.cli.parser import Parser, with_options
from minillm.cli.terminal import PROGRAM, open_streams, program, say, silence
from minillm.course.chinese import both_translated
from minillm.errors import InputError
from minillm.visible import shortened

COMMANDS = {
    "pretrain": "train a model on a text, from nothing",
    "finetune": "teach a model from examples: to tell classes apart, to translate, to summarise, to answer, to chat",
    "classify": "name the class of a text",
    "translate": "translate a text, or each line of many",
    "summarise": "write a summary of a text, or of each line of many",
    "answer": "find the answer to a question in a text",
    "chat": "talk to a model that has learned to answer in conversations",
    "align": "teach a trained model what people prefer",
    "generate": "continue a prompt with a trained model",
    "fill": "put back what is missing in a text",
    "evaluate": "how good a model is on texts that it has not seen",
    "explain": "why a training run went wrong, and what to do",
    "attention": "draw where a trained model looks",
    "inspect": "one training step as a page: every array, every gradient, every sum",
    "models": "list the models that come with minillm",
    "lesson": "list the lessons of the course, or run one",
    "check": "check the exercises of a lesson, and say what went wrong",
    "web": "write the pages in which minillm runs in a browser",
    "site": "the course and the docs as pages with a search, for a browser",
    "one-file": "a GPT as one script of 250 lines, made of this library's functions",
    "gradcheck": "compare the hand-written gradients with numerical ones",
    "doctor": "what this machine has: versions, threads, GPU, fonts, speed",
}


def overview() -> str:
    commands = "\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items())
    return (
        f"minillm {__version__}: Transformer language models by hand, forward and backward.\n\n"
        f"{commands}\n\nTry\n\n"
        f"  {program()} pretrain --out runs/first\n"
        f'  {program()} generate --checkpoint tales --prompt "Once upon a time"\n'
        f'  {program()} attention --checkpoint runs/first --text "The value of the name" --out map.png\n\n'
        f"{program()} COMMAND --help tells more."
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code: 0, 2 for bad input, 130 for Ctrl-C, 1 for a fault of this program."""
    argv = sys.argv[1:] if argv is None else argv
    open_streams()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that can't show a character shows ?
    try:
        code = run(argv)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        say("\nInterrupted.")
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`minillm generate ... | head`): nothing is wrong, and nothing more can be said.
        silence(sys.stdout)
        return 0
    except Exception as error:
        if "--debug" in argv:
            raise
        if not isinstance(error, InputError | MemoryError | ModuleNotFoundError | OSError):
            say(
                one_line(f"minillm failed, by a fault of its own: {type(error).__name__}: {error}")
                + " (--debug shows where)"
            )
            return 1
        wrong, remedy = both_translated(*wrong_and_remedy(error))
        say(one_line(wrong))
        say(one_line(remedy).replace(PROGRAM, program()))
        return 2


def one_line(text: str) -> str:
    """A message may quote what is in a file, at any length."""
    return shortened(text.replace("\n", " "))


def wrong_and_remedy(error: Exception) -> tuple[str, str]:
    """What is wrong and what to do, in a line each."""
    if isinstance(error, InputError):
        return with_options(error.wrong), with_options(error.remedy)
    if isinstance(error, MemoryError):
        return (
            f"There is not enough memory ({str(error) or 'none is left'}).",
            "Choose a smaller model or a smaller batch.",
        )
    if isinstance(error, ModuleNotFoundError):
        return f"The package {error.name} is missing.", "Activate .venv (or: pip install -r requirements.txt)."
    where = f" ({error.filename})" if error.filename else ""
    return f"The system refused: {error.strerror or error}{where}.", "Check the names given, or see more with --debug."


def run(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(overview())
        return 0
    if argv[0] == "--version":
        print(f"minillm {__version__}")
        return 0
    name, *rest = argv
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        raise InputError(
            f"There is no command {name!r}.",
            f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(COMMANDS)}.",
        )
    try:
        prepared = prepare()
    except ModuleNotFoundError:
        if name != "doctor":  # which tells everything that is missing
            raise
        prepared = contextlib.nullcontext()
    command = importlib.import_module(f"minillm.cli.{name.replace('-', '_')}")
    parser = Parser(prog=f"{PROGRAM} {name}", description=command.DESCRIPTION)
    command.add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    with prepared:
        return command.run(parser.parse_args(rest)) or 0


def prepare() -> contextlib.AbstractContextManager:
    """NumPy as every command wants it, while in the context."""
    import numpy as np  # not at the top: the overview can do without

    from minillm.backend import reuse_freed_memory

    reuse_freed_memory()
    # What is not finite is found by its value, on every device; the warnings would add false alarms of the matrix products.
    return np.errstate(all="ignore")
