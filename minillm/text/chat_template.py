"""Chat templates of Hugging Face: programs in Jinja that write a conversation as a model was trained to read it."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minillm.errors import InputError, MissingPackageError
from minillm.files import read_json, read_text_file, reading
from minillm.text.chat import Message
from minillm.text.settings import SETTINGS
from minillm.text.tokenizer import Tokenizer

TEMPLATE, NAME = "chat_template.jinja", "chat_template"


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
    transformers gives it. InputError for one that is no Jinja, and where the package jinja2 is missing.
    """

    def __init__(self, tokenizer: Tokenizer, template: str, ends: Sequence[int]):
        self._tokenizer, self.ends = tokenizer, list(ends)
        jinja2, environment = _environment()
        try:
            self._template = environment.from_string(template)
        except (jinja2.TemplateError, RecursionError) as error:
            raise InputError(f"The chat template can't be read: {error}.", "Copy the model's files anew.") from None

    def text(self, messages: Sequence[Message]) -> str:
        """What the template writes: the messages, and that it is the assistant's turn."""
        roles = {name: token for name, token in self._tokenizer.roles.items() if name.endswith("_token")}
        try:
            return self._template.render(messages=[*map(dict, messages)], add_generation_prompt=True, **roles)
        except Exception as error:  # of any class: whatever a template does wrong
            raise InputError(
                f"The model's chat template refuses this conversation: {str(error).rstrip('.') or type(error).__name__}.",
                "Some know no system's message: leave it out.",
            ) from None

    def prompt(self, messages: Sequence[Message]) -> np.ndarray:
        """Its tokens, int64 (T,). InputError for a message with the name of a special token in it, which would be taken for the token."""
        for message in messages:
            for token in self._tokenizer.special_tokens:
                if token in message["content"]:
                    raise InputError(
                        f"A message holds {token!r}, which means something else to this model.", "Leave it out."
                    )
        return self._tokenizer.encode(self.text(messages), special=True).astype(np.int64)


def _environment():
    """jinja2, and its sandbox as transformers sets it up."""
    try:
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise MissingPackageError(
            "The chat template of this model needs the package jinja2, which is not installed.",
            "Install it: pip install jinja2",
        ) from None

    def raise_exception(message: str):
        raise jinja2.TemplateError(message)

    extensions = ["jinja2.ext.loopcontrols"]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    environment.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return jinja2, environment
