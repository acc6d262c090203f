"""A GPT as one script of 250 lines, made of the library's own functions: `script` says of which, `specialising` how."""

from minillm.one_file.script import one_file

__all__ = ["one_file"]
