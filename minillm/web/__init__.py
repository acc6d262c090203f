"""minillm in a web page: a static folder in which Python runs in the browser, and what the page's worker asks of it."""

from minillm.web.folder import save_web
from minillm.web.session import Session

__all__ = ["Session", "save_web"]
