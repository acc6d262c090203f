"""Why did a training run go wrong? Its log, its checkpoint and its text, read by rules of which each looks for one cause."""

from minillm.explaining.explanation import RULES, explain, explanation_of
from minillm.explaining.finding import Explanation, Finding

__all__ = ["RULES", "Explanation", "Finding", "explain", "explanation_of"]
