"""Texts are cut into sentences, and Chinese ones are known."""

from minillm.text.sentences import is_chinese, sentences_of


def test_a_sentence_ends_with_its_mark_which_may_be_chinese():
    assert sentences_of(" It rained at 1.5 km. We sang! ") == ["It rained at 1.5 km.", "We sang!"]
    assert sentences_of("狐狸睡了。我们看见了它。") == ["狐狸睡了。", "我们看见了它。"]


def test_texts_are_chinese_if_most_of_them_are():
    assert is_chinese(["一只猫", "the cat", "狗"]) and not is_chinese(["“un chat” — là", "the cat"])
