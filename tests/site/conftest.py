"""The site, written once, and built once where Zensical is installed."""

import importlib.util

import pytest

from minillm.site import build, write_project

REPOSITORY = "https://example.org/minillm"


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The folder with the pages as Markdown."""
    folder = tmp_path_factory.mktemp("site") / "project"
    write_project(folder, repository=REPOSITORY)
    return folder


@pytest.fixture(scope="session")
def html(project):
    """The folder of the HTML."""
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("Zensical is not installed")
    return build(project).parent
