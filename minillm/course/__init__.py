"""What the lessons in `lessons/` have in common: their options and figures, the texts that they read, the checks of their exercises."""

from minillm.lazy import attach

GIVEN = {
    "exercises": ("Exercise", "Mistake"),
    "lesson": ("Lesson",),
    "reviews": ("Review", "write_reviews"),
    "stories": ("EXAMPLE", "write_stories"),
    "translations": ("Translation", "write_translations"),
}
__getattr__, __dir__ = attach(__name__, GIVEN)
__all__ = [name for names in GIVEN.values() for name in names]
