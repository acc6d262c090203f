"""What the lessons in `lessons/` have in common: their options and figures, the texts that they read, the checks of their exercises."""

from minillm.course.exercises import Exercise, Mistake
from minillm.course.lesson import Lesson
from minillm.course.reviews import Review, write_reviews
from minillm.course.stories import EXAMPLE, write_stories
from minillm.course.translations import Translation, write_translations

__all__ = [
    "EXAMPLE",
    "Exercise",
    "Lesson",
    "Mistake",
    "Review",
    "Translation",
    "write_reviews",
    "write_stories",
    "write_translations",
]
