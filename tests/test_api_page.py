"""The page of all public names is made from the docstrings, and is current."""

import importlib.util
from pathlib import Path


def test_the_page_of_all_names_is_current():
    spec = importlib.util.spec_from_file_location("api", Path(__file__).parents[1] / "docs" / "api.py")
    api = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(api)
    assert api.PAGE.read_text(encoding="utf-8") == "\n".join(api.lines()), "python docs/api.py makes it anew"
