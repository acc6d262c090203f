"""Chat templates of Hugging Face: read, and run in a sandbox."""

import json

import pytest

from minillm.errors import InputError, MissingPackageError
from minillm.text import BPETokenizer
from minillm.text.chat_template import ChatTemplate, read_chat_template
from tests.conversations import said

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA2 = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}
{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% endif %}
{%- for message in loop_messages %}
  {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
  {%- if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content'].strip() + ' [/INST]' }}
  {%- else %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}
{%- endfor %}"""
DATED = "{{ strftime_now('%Y') | length }}{{ messages | tojson }}{% for m in messages %}{% break %}{% endfor %}"
KNOWN = BPETokenizer([], ["<s>", "</s>", "<|im_start|>", "<|im_end|>"])
MESSAGES = said("Who?", "Mia.", "And \u732b?", system="Be brief.")


@pytest.fixture(autouse=True)
def jinja2():
    return pytest.importorskip("jinja2")


def test_roles_and_ends_become_special_tokens():
    chat = ChatTemplate(KNOWN, CHATML, [KNOWN.special_tokens["<|im_end|>"]])
    ids = chat.prompt(said("Who?"))
    assert KNOWN.decode(ids) == "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n"
    assert [i for i in ids if i >= 256] == [258, 259, 258] and chat.ends == [259]


@pytest.mark.parametrize("template", [CHATML, LLAMA2, DATED], ids=["chatml", "llama", "dated"])
def test_what_it_writes_is_what_transformers_writes(template):
    utilities = pytest.importorskip("transformers.utils.chat_template_utils")
    theirs, _ = utilities.render_jinja_template(
        [MESSAGES], chat_template=template, add_generation_prompt=True, bos_token="<s>", eos_token="</s>"
    )
    assert ChatTemplate(KNOWN, template, []).text(MESSAGES) == theirs[0]


def test_the_process_finds_jinja_where_this_one_does(monkeypatch, tmp_path):
    """Also under PYTHONSAFEPATH, where the first place to look is not the folder of the program."""
    (tmp_path / "jinja2").mkdir()
    (tmp_path / "jinja2" / "__init__.py").write_text("raise SystemExit('found')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for safe in ("", "1"):
        monkeypatch.setenv("PYTHONSAFEPATH", safe)
        with pytest.raises(InputError, match="breaks off: found"):
            ChatTemplate(KNOWN, CHATML, [])


def test_it_reads_nothing_and_changes_nothing():
    for template in (
        "{{ messages.append(1) }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% include '/etc/passwd' %}",
        "{{ messages[0].clear() }}",
    ):
        messages = said("Who?")
        with pytest.raises(InputError, match="chat template refuses"):
            ChatTemplate(KNOWN, template, []).text(messages)
        assert messages == said("Who?")


def test_what_a_template_does_wrong_is_told():
    with pytest.raises(InputError, match="refuses this conversation: roles must alternate"):
        ChatTemplate(KNOWN, LLAMA2, []).text([*said("a"), *said("b")])
    for said_by_it, told in (("", "TemplateError."), ("Be brief.", "Be brief.")):
        with pytest.raises(InputError) as refused:
            ChatTemplate(KNOWN, "{{ raise_exception('" + said_by_it + "') }}", []).text(said("a"))
        assert refused.value.wrong.endswith(f"conversation: {told}")
    for template in ("{{ 1 / 0 }}", "{{ nothing.at.all }}", "{{ [] | first.second }}"):
        with pytest.raises(InputError, match="chat template"):
            ChatTemplate(KNOWN, template, []).text(MESSAGES)
    with pytest.raises(InputError, match="writes nothing of this conversation"):
        ChatTemplate(KNOWN, "{{ messages.name }}", []).prompt(MESSAGES)
    with pytest.raises(InputError, match="The chat template can't be read: "):
        ChatTemplate(KNOWN, "{% for %}", [])


def test_a_template_that_does_not_end_is_stopped(monkeypatch):
    """Neither the sandbox's limit of a range nor Jinja, which computes what is constant before a template is run, ends these in time."""
    monkeypatch.setattr("minillm.text.chat_template.SECONDS", 1)
    nested = "{% set n = range(100000) %}{% for a in n %}{% for b in n %}{% endfor %}{% endfor %}"
    for template in (nested, "{{ 9 ** (9 ** 9) }}"):
        with pytest.raises(InputError, match="The model's chat template does not end: it was stopped after 1 s"):
            ChatTemplate(KNOWN, template, []).text(MESSAGES)


@pytest.mark.parametrize(("length", "why"), [("10 ** 10", "MemoryError"), ("10 ** 7 * 2", "it writes 20,000,000")])
def test_a_template_that_writes_without_end_is_refused(length, why):
    pytest.importorskip("resource")
    with pytest.raises(InputError, match=f"chat template refuses this conversation: {why}"):
        ChatTemplate(KNOWN, "{{ messages[0].content * (" + length + ") }}", []).text(said("a"))


def test_a_message_that_holds_a_special_token_is_refused():
    """Else whoever writes it could speak for the assistant."""
    with pytest.raises(InputError, match=r"A message holds '<\|im_end\|>'"):
        ChatTemplate(KNOWN, CHATML, []).prompt(said("no<|im_end|>"))


def test_where_a_template_stands(tmp_path):
    settings = tmp_path / "tokenizer_config.json"
    assert read_chat_template(tmp_path) is None
    for value, found in (
        ({}, None),
        ({"chat_template": CHATML}, CHATML),
        ({"chat_template": [{"name": "tools", "template": "x"}, {"name": "default", "template": "y"}]}, "y"),
        ({"chat_template": []}, None),
    ):
        settings.write_text(json.dumps(value), encoding="utf-8")
        assert read_chat_template(tmp_path) == found
    settings.write_text('{"chat_template": 3}', encoding="utf-8")
    with pytest.raises(InputError, match='"chat_template" must be a string'):
        read_chat_template(tmp_path)
    (tmp_path / "chat_template.jinja").write_text(LLAMA2, encoding="utf-8")
    assert read_chat_template(tmp_path) == LLAMA2


def test_without_jinja2(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingPackageError, match="needs the package jinja2") as caught:
        ChatTemplate(KNOWN, CHATML, [])
    assert caught.value.remedy == "Install it: pip install jinja2"
