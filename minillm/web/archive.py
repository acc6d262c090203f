"""minillm's own source, unmodified, as archives that Python unpacks in the browser."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import minillm
from minillm.course.outline import FOLDER
from minillm.weights import SHIPPED, folder_of

PACKAGE = Path(minillm.__file__).parent
LESSONS = "lessons"  # where they lie in the package, as in the wheel
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of every file: the same source gives the same archive


def library() -> bytes:
    """The package with the course in it, without the models that come with it."""
    return _packed(_library_files())


def model(name: str) -> bytes:
    """A model that comes with minillm, to be unpacked over the library."""
    folder = folder_of(name)
    return _packed((path, path.relative_to(PACKAGE.parent)) for path in _files(folder))


def _library_files() -> Iterator[tuple[Path, Path]]:
    """Each file, and what it is called in the archive."""
    for path in _files(PACKAGE):
        is_weight = path.is_relative_to(SHIPPED) and path.parent != SHIPPED
        if not is_weight and not path.is_relative_to(PACKAGE / LESSONS):
            yield path, path.relative_to(PACKAGE.parent)
    for path in _files(FOLDER):
        yield path, Path(PACKAGE.name) / LESSONS / path.relative_to(FOLDER)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _packed(files: Iterator[tuple[Path, Path]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, name in files:
            entry = zipfile.ZipInfo(name.as_posix(), EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return packed.getvalue()
