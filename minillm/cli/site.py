"""python -m minillm site: the course and the docs as a site of pages."""

import importlib.util

from minillm.cli.parser import path
from minillm.cli.terminal import say
from minillm.site import build, write_project

DESCRIPTION = """example: python -m minillm site --to site

The lessons with what they print and draw, their exercises with hints and solutions to unfold, the docs and the measurements, as
pages with a search. They are written as Markdown with a mkdocs.yml; with Zensical (pip install zensical) they become HTML that
works from a folder, without a network. Nothing is run: what a lesson prints and draws lies in the repository."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--to", type=path, metavar="DIR", required=True, help="the folder of the site")
    add("--repository", metavar="URL", help="the repository on the web, to link to files that are no pages")
    add("--web", action="store_true", help="with the pages in which minillm runs, for a site on a server")


def run(args) -> None:
    write_project(args.to, repository=args.repository, web=args.web)
    if importlib.util.find_spec("zensical") is None:
        say(
            f"{args.to} has the pages as Markdown. To make HTML of them: pip install zensical, then this command again."
        )
        return
    print(build(args.to))
