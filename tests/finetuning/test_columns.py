"""Lists of texts that a program gives."""

import pytest

from minillm.errors import InputError
from minillm.finetuning import finetune, learn_pairs
from minillm.models import GPT, GPTConfig
from minillm.text import CharTokenizer

BODY = GPT(GPTConfig(vocab_size=2, context=4, layers=1, heads=1, d_model=4))


@pytest.mark.parametrize("column", [None, 3, "ab", b"ab", [None], ["a", b"b"]], ids=repr)
def test_what_is_no_list_of_strings_is_told(column):
    for columns in ((column, ["a"]), (["a"], column)):
        with pytest.raises(InputError, match="are lists of strings"):
            learn_pairs(*columns)
        with pytest.raises(InputError, match="are lists of strings"):
            finetune(BODY, CharTokenizer("ab"), *columns)
