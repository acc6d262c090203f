"""The course as a site: its lessons, exercises, docs, figures and measurements as Markdown, and the HTML that Zensical makes of it."""

from minillm.lazy import attach

NAMES = {"project": ("build", "write_project")}
__getattr__, __dir__ = attach(__name__, NAMES)
__all__ = [name for names in NAMES.values() for name in names]
