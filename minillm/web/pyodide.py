"""Python for the browser: Pyodide (https://pyodide.org) and the NumPy that is built for it, from its CDN or from a folder."""

from pathlib import Path
from typing import Any, NamedTuple

from minillm.errors import InputError
from minillm.files import read_object

VERSION = "0.29.0"
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
# Bytes from the CDN, before they are compressed on the way; NumPy's are not known exactly.
SIZES = {"Pyodide": 12_300_000, "NumPy": 3_000_000}
CORE = ("pyodide.mjs", "pyodide.asm.*", "pyodide-lock.json", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
REMEDY = f"Unpack the full distribution of a release there, such as pyodide-{VERSION}.tar.bz2, or leave `pyodide` out."


class Pyodide(NamedTuple):
    """url: where the page finds it. files: to be copied beside the page. sizes: bytes by what they are."""

    url: str
    files: list[Path]
    sizes: dict[str, int]


def from_cdn() -> Pyodide:
    return Pyodide(CDN, [], SIZES)


def from_folder(folder: str | Path) -> Pyodide:
    """What the page needs of a distribution. InputError where a part of it is missing: the package of npm has no NumPy."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", REMEDY)
    core = []
    for pattern in CORE:
        found = sorted(folder.glob(pattern))
        if not found:
            raise InputError(f"{folder} has no {pattern}.", REMEDY)
        core += found
    packages = [folder / name for name in _packages(read_object(folder / LOCK, REMEDY))]
    for path in packages:
        if path.parent != folder or not path.is_file():
            raise InputError(f"{folder} has no {path.name}, which its {LOCK} names.", REMEDY)
    sizes = {"Pyodide": core, "NumPy": packages}
    return Pyodide(
        "./", core + packages, {what: sum(path.stat().st_size for path in files) for what, files in sizes.items()}
    )


def _packages(lock: dict[str, Any]) -> list[str]:
    """The files of NumPy and of what it depends on."""
    found, wanted = {}, ["numpy"]
    try:
        while wanted:
            package = lock["packages"][wanted.pop()]
            if package["file_name"] not in found.values():
                found[package["name"]] = str(package["file_name"])
                wanted += package["depends"]
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"The {LOCK} of this distribution does not name NumPy as it should.", REMEDY) from None
    return sorted(found.values())
