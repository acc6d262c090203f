"""The text that is nearest to another."""

from minillm.finetuning.nearest import NearestText


def test_the_nearest_text_shares_the_rare_words():
    nearest = NearestText(["the the dog runs", "the cat runs", "a cat", "the owl and the fox"])
    queries = ("the dog", "The CAT runs", "a a a", "nothing known", "the cat and the owl")
    assert [nearest.place(query) for query in queries] == [0, 1, 2, 0, 3]
    rare = NearestText(["the and dog", "owl bee fox", "the and cat", "the and pig"])
    assert rare.place("the and owl") == 1, "one rare word in common is more than two that most have"
    chinese = NearestText(["猫在睡觉", "狗在跑"])
    assert chinese.place("黑狗跑了") == 1


def test_the_longer_of_two_texts_is_not_nearer_for_its_length():
    assert NearestText(["cat dog cow owl hen fox", "cat dog", "pig"]).place("cat dog") == 1
