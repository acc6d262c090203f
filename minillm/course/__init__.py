"""What the lessons in `lessons/` have in common: their options and figures, their stories and reviews, the checks of their exercises."""

from minillm.course.exercises import Exercise, Mistake
from minillm.course.lesson import Lesson
from minillm.course.reviews import Review, write_reviews
from minillm.course.stories import EXAMPLE, write_stories

__all__ = ["EXAMPLE", "Exercise", "Lesson", "Mistake", "Review", "write_reviews", "write_stories"]
