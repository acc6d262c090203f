"""Chat templates of Hugging Face: programs in Jinja that write a conversation as a model was trained to read it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from minillm.errors import InputError, MissingPackageError
from minillm.files import read_json, read_text_file, reading
from minillm.text.chat import Message
from minillm.text.settings import SETTINGS
from minillm.text.tokenizer import Tokenizer

TEMPLATE, NAME = "chat_template.jinja", "chat_template"
PROCESS = Path(__file__).with_name("chat_template_process.py")
SECONDS = 20  # for a template, of which a busy machine may need some to start Python


def read_chat_template(directory: str | Path) -> str | None:
    """The chat template in a folder with a tokenizer: chat_template.jinja, or that of tokenizer_config.json; of several the one called
    default. None if there is none.
    """
    own, settings = Path(directory) / TEMPLATE, Path(directory) / SETTINGS
    if own.exists():
        with reading(own, "chat template", f"Copy the model's {TEMPLATE} anew."):
            return read_text_file(own)
    if not settings.exists():
        return None
    with reading(settings, "configuration of a tokenizer", f"Copy the model's {SETTINGS} anew."):
        values = read_json(settings)
        template = values.get(NAME) if isinstance(values, dict) else None
        if isinstance(template, list):
            named = {each.get("name"): each.get("template") for each in template if isinstance(each, dict)}
            template = named.get("default")
        if not (template is None or isinstance(template, str)):
            raise ValueError(f'"{NAME}" must be a string')
        return template


class ChatTemplate:
    """The `Format` of such a template; `ends` are the tokens that end an answer.

    It runs in Jinja's sandbox, in which it can neither read a file nor change what it is given, with the names and settings that
    transformers gives it; and in a process of its own, which is ended when its time is up. InputError for one that is no Jinja, and where
    the package jinja2 is missing.
    """

    def __init__(self, tokenizer: Tokenizer, template: str, ends: Sequence[int]):
        if find_spec("jinja2") is None:
            raise MissingPackageError(
                "The chat template of this model needs the package jinja2, which is not installed.",
                "Install it: pip install jinja2",
            )
        self._tokenizer, self._template, self.ends = tokenizer, template, list(ends)
        self._run(None)

    def text(self, messages: Sequence[Message]) -> str:
        """What the template writes: the messages, and that it is the assistant's turn."""
        roles = {name: token for name, token in self._tokenizer.roles.items() if name.endswith("_token")}
        return self._run(roles | {"messages": [*map(dict, messages)], "add_generation_prompt": True})

    def _run(self, values: dict | None) -> str:
        """What the template writes of these values; where there are none, it is only read."""
        asked = json.dumps({"template": self._template, "values": values})
        streams = {"input": asked, "capture_output": True, "encoding": "utf-8", "errors": "replace"}
        try:
            done = subprocess.run([sys.executable, str(PROCESS)], check=False, timeout=SECONDS, **streams)
        except subprocess.TimeoutExpired:
            raise InputError(
                f"The model's chat template does not end: it was stopped after {SECONDS} s.", "Use another model."
            ) from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise InputError(f"The model's chat template breaks off: {last}.", "Use another model.")
        found = json.loads(done.stdout)
        if "unreadable" in found:
            raise InputError(f"The chat template can't be read: {found['unreadable']}.", "Copy the model's files anew.")
        if "refused" in found:
            raise InputError(
                f"The model's chat template refuses this conversation: {found['refused']}.",
                "Some know no system's message: leave it out.",
            )
        return found["text"]

    def prompt(self, messages: Sequence[Message]) -> np.ndarray:
        """Its tokens, int64 (T,). InputError for a message with the name of a special token in it, which would be taken for the token."""
        for message in messages:
            for token in self._tokenizer.special_tokens:
                if token in message["content"]:
                    raise InputError(
                        f"A message holds {token!r}, which means something else to this model.", "Leave it out."
                    )
        ids = self._tokenizer.encode(self.text(messages), special=True)
        if not ids.size:
            raise InputError("The model's chat template writes nothing of this conversation.", "Use another model.")
        return ids.astype(np.int64)
