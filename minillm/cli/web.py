"""python -m minillm web: the pages in which minillm runs in a browser, without installing anything."""

from minillm.cli.parser import add_language, path
from minillm.cli.terminal import program, say, shell_word
from minillm.language import language
from minillm.web import save_web

DESCRIPTION = """example: python -m minillm web --out web

Write a folder of pages in which Python, NumPy and minillm run in the reader's browser: train a GPT on a text and watch it,
let the model tales write, and do the exercises of the course. Any web server can hand it out, and none has to compute. The
browser loads Python (Pyodide) and NumPy from a public CDN; with --pyodide they are in the folder too."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--out", type=path, required=True, metavar="DIR", help="the folder to write")
    add(
        "--pyodide",
        type=path,
        metavar="DIR",
        help="the full distribution of a release of Pyodide, unpacked: what is needed is copied",
    )
    add_language(add)
    add("--overwrite", action="store_true", help="replace what an earlier call wrote there")


def run(args) -> None:
    written = save_web(args.out, pyodide=args.pyodide, language=args.lang or language(), overwrite=args.overwrite)
    say(f"{args.out}: {len(written.names)} files. A reader's browser loads, before compression:")
    for what, size in written.loads.items():
        say(f"  {what:<8} {size / 1e6:5.1f} MB")
    python = program().removesuffix(" -m minillm")
    say(f"look    {python} -m http.server --directory {shell_word(args.out)}, then http://localhost:8000")
