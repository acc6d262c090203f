"""Conversations from a file: what is wrong in it is told with its line."""

import json

import pytest

from minillm.errors import InputError
from minillm.finetuning.chat import Conversations, read_conversation_split, read_conversations, split_conversations
from minillm.finetuning.chat.examples import turns_of
from tests.conversations import conversations, said, write_conversations


def line(*messages, **more) -> str:
    return json.dumps({"messages": messages, **more})


def test_what_is_read_is_what_was_written(tmp_path):
    some = conversations(5)
    path = write_conversations(tmp_path / "chats.jsonl", some)
    assert read_conversations(path) == some
    more = line(*said("a", "b", system="c"), id=7)
    path.write_text("\ufeff\n" + more + "\r\n\n" + more + "\n", encoding="utf-8")
    assert read_conversations(path) == Conversations([said("a", "b", system="c")] * 2, [2, 4])


def test_an_answer_has_all_messages_before_it():
    messages = said("a", "b", "c", " d\n", "e", system="f")
    first, second = turns_of(Conversations([messages], [3]))
    assert (first.before, first.answer, first.question, first.line) == (messages[:2], "b", "a", 3)
    assert (second.before, second.answer, second.question) == (messages[:4], "d", "c")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("user: Who?", "it is not JSON (line 1, column 1)"),
        ('{"messages": []}', "it has no messages"),
        ('{"message": "a"}', "it has no messages"),
        ("[1, 2]", "it has no messages"),
        (
            line({"role": "bot", "content": "a"}),
            "message 1 has the role 'bot', which is none of system, user, assistant",
        ),
        (line({"role": "user", "content": ""}), "message 1, of the user, is empty"),
        (line({"role": "user"}), 'message 1 has no strings "role" and "content"'),
        (line(*said("a"), *said("b")), "message 2 is of the user, where it is the assistant's turn"),
        (line(*said("a")), "the assistant says nothing in it"),
        ('{"messages": [], "messages": []}', "'messages' is there twice"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
    ids=range(11),
)
def test_a_line_that_is_no_conversation(tmp_path, content, wrong):
    path = tmp_path / "chats.jsonl"
    path.write_text(line(*said("a", "b")) + "\n\n" + content + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_conversations(path)
    assert caught.value.wrong == f"Line 3 of {path} is no conversation: {wrong}."
    assert caught.value.remedy.startswith('A line looks like {"messages"')


def test_a_file_without_a_conversation(tmp_path):
    path = tmp_path / "chats.jsonl"
    path.write_text(" \n\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"holds no text|has no conversation"):
        read_conversations(path)


def test_conversations_that_begin_alike_are_held_out_together():
    some = conversations(40)
    others = [said(messages[0]["content"], "Nobody.") for messages in some.messages]
    twins = Conversations(some.messages + others, [*range(80)])
    split = split_conversations(twins, 1, "list")
    first = [{messages[0]["content"] for messages in part.messages} for part in split]
    assert len(split.held_out.lines) == 8 and not first[0] & first[1]
    with pytest.raises(InputError, match="list has 9 different conversations, too few"):
        split_conversations(some.chosen(range(9)), 0, "list")


def test_held_out_ones_of_their_own(tmp_path):
    paths = [write_conversations(tmp_path / f"{n}.jsonl", conversations(n)) for n in (3, 2)]
    split = read_conversation_split(*paths)
    assert [len(part.lines) for part in split] == [3, 2] and split.words() == split.held_out.messages[0][0]["content"]
    assert split.sha256() != read_conversation_split(*paths[::-1]).sha256()
