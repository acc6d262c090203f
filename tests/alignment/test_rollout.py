"""Rollouts: where prompts end, what an answer is, and what of it is rewarded."""

import numpy as np
import pytest

from minillm.alignment import prompts_from, roll_out
from minillm.errors import InputError
from minillm.preferences import Reward
from minillm.text import CharTokenizer, WordPieceTokenizer
from tests.alignment.rewards import LIKES_A, TEXT


def test_prompts_end_where_lines_end(tokenizer):
    prompts = prompts_from(TEXT, tokenizer, 3)
    assert prompts.shape[1] == 3 and (prompts[:, -1] == 0).all()
    assert {tokenizer.decode(row) for row in prompts} == {"bc\n", "fg\n", "\nh\n", "ij\n"}
    assert prompts_from("ab\n", tokenizer, 3).tolist() == [tokenizer.encode("ab\n").tolist()]
    with pytest.raises(InputError, match="no line end after 5 tokens"):
        prompts_from("ab\ncd", tokenizer, 5)


def test_a_tokenizer_without_line_ends(tokenizer):
    words = WordPieceTokenizer(["[UNK]", "[CLS]", "[SEP]", "[MASK]", "[PAD]", "abc", "ij"])
    for other in (words, CharTokenizer("abcdefghij")):
        with pytest.raises(InputError, match="tokenizer knows no line ends"):
            prompts_from("abc", other, 1)


def test_an_answer_ends_with_its_line(gpt, tokenizer):
    prompts = np.resize(prompts_from(TEXT, tokenizer, 3), (40, 3))
    rollout = roll_out(gpt, tokenizer, prompts, 6, LIKES_A, 0)
    lengths = {len(answer) for answer in rollout.answers}
    assert lengths <= set(range(1, 7)) and len(lengths) > 2
    for answer, reward in zip(rollout.answers, rollout.rewards, strict=True):
        text = tokenizer.decode(answer)
        assert "\n" not in text[:-1] and (len(text) == 6 or text.endswith("\n"))
        assert reward == pytest.approx(LIKES_A([text.removesuffix("\n")])[0])


def test_a_line_that_the_prompt_began_is_judged_as_a_whole(gpt, tokenizer):
    seen = []
    reward = Reward("seen", lambda lines: [seen.append(line) or 0.0 for line in lines])
    roll_out(gpt, tokenizer, np.array([tokenizer.encode("a\nbc")]), 4, reward, 0)
    assert seen[0].startswith("bc")
    roll_out(gpt, tokenizer, np.array([tokenizer.encode("a\nbc")]), 4, reward._replace(whole=True), 0)
    assert seen[1].startswith("a\nbc")
