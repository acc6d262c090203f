"""What the lessons in `lessons/` have in common: their options and figures, their stories, the checks of their exercises."""

from minillm.course.exercises import Exercise, Mistake
from minillm.course.lesson import Lesson
from minillm.course.stories import EXAMPLE, write_stories

__all__ = ["EXAMPLE", "Exercise", "Lesson", "Mistake", "write_stories"]
