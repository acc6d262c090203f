"""python -m minillm chat: talk to a model that has learned to answer in conversations."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from minillm.cli.run_options import (
    add_checkpoint,
    add_device,
    add_drawing,
    add_int8,
    checkpoint_of,
    device_of,
    drawing_of,
    made_by,
)
from minillm.cli.terminal import say, shown
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.generation import Sampling, end_tokens
from minillm.generation.chat import ChatSession, check_chats
from minillm.models import Model
from minillm.text import Tokenizer
from minillm.text.chat import ChatFormat, Format, has_chat_tokens
from minillm.text.chat_template import ChatTemplate, read_chat_template
from minillm.training import load
from minillm.units import count
from minillm.weights import find

DESCRIPTION = """example: python -m minillm chat --checkpoint runs/chat

Talk to a model that `finetune --task chat` trained, or to one of Hugging Face that has a chat template. It writes its
answer as it finds it; Ctrl-C stops an answer, and twice at the prompt it ends the conversation, as the end of input does.

  /reset        forget what was said
  /save FILE    write the conversation as a line that `finetune --task chat` can learn from
  //...         a message that begins with one slash

In a pipe each line is a message of one conversation, and is answered by a line. A conversation that is longer than what the
model sees at once loses its oldest questions and their answers; the message of --system stays."""

COMMANDS = "There are /reset and /save FILE; a message that begins with a slash is written with two."


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run of finetune --task chat, or of a GPT of Hugging Face with a chat template")
    add("--system", metavar="TEXT", help="what the model is told before the conversation")
    add("--max-tokens", type=int, default=200, help="longest answer (default 200)")
    add_drawing(add)
    add("--seed", type=int, default=0, help="the same seed and the same messages get the same answers (default 0)")
    add_int8(add)
    add_device(add)


def run(args) -> None:
    drawing = {"temperature": 0.8} | drawing_of(args)
    Sampling(**drawing)  # InputError for what can't be
    for name, least in (("max_tokens", 1), ("seed", 0)):
        if getattr(args, name) < least:
            raise InputError(f"`{name}` must be {least} or more, got {getattr(args, name)}.", "Give another number.")
    with made_by("finetune --task chat --checkpoint tales --data FILE", args):
        model, tokenizer = load(checkpoint_of(args), device_of(args), int8=args.int8)
    check_chats(model)
    chat = format_of(args.checkpoint, model, tokenizer)
    settings = {"system": args.system, "max_tokens": args.max_tokens, "seed": args.seed}
    session = ChatSession(model, tokenizer, chat, **settings, **drawing)
    tell_left_out(args.system or "", session)
    if sys.stdin.isatty():
        talk(session)
    else:
        answer_lines(session)


def format_of(checkpoint: str, model: Model, tokenizer: Tokenizer) -> Format:
    """How a model reads conversations; InputError if it has not learned to."""
    if has_chat_tokens(tokenizer):
        return ChatFormat(tokenizer)
    template = read_chat_template(find(checkpoint))
    if template is None:
        raise InputError(
            f"{checkpoint} has not learned to chat.",
            f"Teach it: python -m minillm finetune --task chat --checkpoint {checkpoint} --data FILE --out runs/chat",
        )
    return ChatTemplate(tokenizer, template, end_tokens(model.eos_token_id, tokenizer))


def talk(session: ChatSession) -> None:
    """At a terminal: what goes wrong is told, and the conversation goes on."""
    with contextlib.suppress(ImportError):  # Windows has none
        import readline  # noqa: F401  (arrow keys and history for `input`)
    say("Write a message; /reset begins anew, /save FILE keeps the conversation, Ctrl-D ends it.")
    warned = False
    while True:
        try:
            line = input("> " if sys.stdout.isatty() else "").strip()
        except EOFError:
            say()
            return
        except KeyboardInterrupt:
            if warned or not session.messages:
                raise
            warned = True
            say("\nCtrl-C again ends the conversation; /save FILE keeps it.")
            continue
        warned = False
        try:
            if is_command(line):
                obey(line, session)
            elif line:
                with contextlib.suppress(KeyboardInterrupt):  # it stops the answer
                    for piece in answered(unescaped(line), session):
                        sys.stdout.write(shown(piece))
                        sys.stdout.flush()
                print(flush=True)
        except InputError as error:
            say(f"{error.wrong} {error.remedy}")


def answer_lines(session: ChatSession) -> None:
    """In a pipe: a line for each message, an empty one for an empty one. A BOM in front of the first is dropped."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        where = f"Line {number:,} of standard input"
        try:
            message = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            if is_command(message):
                obey(message, session)
                continue
            answer = "".join(answered(unescaped(message), session)) if message else ""
        except UnicodeDecodeError:
            raise InputError(f"{where} is not UTF-8.", "Convert it to UTF-8.") from None
        except InputError as error:
            raise InputError(f"{where}: {error.wrong}", error.remedy) from error
        print(shown(" ".join(answer.split("\n"))), flush=True)


def answered(message: str, session: ChatSession) -> Iterator[str]:
    """The answer piece by piece; what the model does not see is told."""
    before = session.left_out
    with contextlib.closing(session.answer(message)) as pieces:
        tell_left_out(message, session)
        if session.left_out > before:
            say(
                f"(The model sees {session.model.config.context} tokens at once: it answers without the oldest "
                f"{session.left_out} messages.)"
            )
        yield from pieces


def tell_left_out(text: str, session: ChatSession) -> None:
    """How many of its characters the model does not get to read, if there are any."""
    if dropped := len(text) - len(session.tokenizer.readable(text)):
        say(f"({count(dropped, 'character')} that the model's tokenizer does not know left out.)")


def is_command(line: str) -> bool:
    return line.startswith("/") and not line.startswith("//")


def unescaped(line: str) -> str:
    """What is meant by a line that is no command: of two slashes in front one is left."""
    return line.removeprefix("/") if line.startswith("//") else line


def obey(line: str, session: ChatSession) -> None:
    """A line that begins with a slash."""
    name, _, rest = line.partition(" ")
    if name == "/reset" and not rest:
        session.reset()
        say("(Forgotten.)")
    elif name == "/save" and rest:
        save(rest.strip(), session)
    else:
        raise InputError(f"There is no command {line!r}.", COMMANDS)


def save(name: str, session: ChatSession) -> None:
    """Write the conversation into a new file; a name may begin with ~, as in a shell."""
    if not any(message["role"] == "assistant" for message in session.messages):
        raise InputError("There is nothing to save yet.", "Write a message first.")
    path = Path(os.path.expanduser(name))
    if os.path.lexists(path):
        raise InputError(f"{path} exists already.", "Choose another file.")
    if not name.isprintable():
        raise InputError(f"{path} is no name for a file.", "Choose one of characters that can be seen.")
    line = json.dumps({"messages": session.messages}, ensure_ascii=False) + "\n"
    write_atomic(path, line.encode("utf-8"))
    say(f"(Saved: {path})")
