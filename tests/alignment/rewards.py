"""A reward that a tiny model soon learns, and a text to take prompts from."""

from minillm.preferences import Reward

LIKES_A = Reward("likes a", lambda lines: [line.count("a") / max(len(line), 1) for line in lines])
TEXT = "abc\ndefg\nh\nij\n" * 20
