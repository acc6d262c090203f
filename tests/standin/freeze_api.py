"""Write down what an installed CuPy offers: `python tests/standin/freeze_api.py` rewrites cupy_api.json.

No GPU is needed: CuPy imports without one, and only names, kinds and parameters are read. An entry is its kind, followed by its
parameters where it can be called: `"sum": "function(a, axis=, dtype=, out=, keepdims=)"`. A bare `=` marks an optional parameter;
its default is left out, since NumPy supplies one.
"""

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("cupy_api.json")
MODULES = ("cupy", "cupy.linalg", "cupy.random", "cupy.cuda", "cupy.cuda.runtime")
CLASSES = (
    "cupy.ndarray",
    "cupy.ufunc",
    "cupy.random.Generator",
    "cupy.cuda.Device",
    "cupy.cuda.Graph",
    "cupy.cuda.Stream",
    "cupy.cuda.MemoryPool",
)


def listing() -> dict[str, Any]:
    """All that is frozen, read from the installed CuPy."""
    import cupy

    api: dict[str, Any] = {"version": cupy.__version__, "ufunc.at": _scatter_operations(cupy)}
    for path in MODULES:
        importlib.import_module(path)
        api[path] = _entries(_find(cupy, path), inside_class=False)
    for path in CLASSES:
        api[path] = _entries(_find(cupy, path), inside_class=True)
    return api


def render(api: dict[str, Any]) -> str:
    """The text of the file: one entry a line, so that a new CuPy shows as a readable difference."""
    return json.dumps(api, indent=0, sort_keys=True) + "\n"


def _find(cupy: Any, path: str) -> Any:
    found = cupy
    for name in path.split(".")[1:]:
        found = getattr(found, name)
    return found


def _scatter_operations(cupy: Any) -> list[str]:
    """The ufuncs whose `.at` works."""
    return sorted(name for name in dir(cupy) if isinstance(getattr(getattr(cupy, name), "_scatter_op", None), str))


def _entries(owner: Any, inside_class: bool) -> dict[str, str]:
    names = [name for name in dir(owner) if not name.startswith("_") or (inside_class and _is_operator(owner, name))]
    if owner.__name__ == "cupy.cuda.runtime":  # and none of its hundreds of constants
        names = [name for name in names if callable(getattr(owner, name))]
    if owner.__name__ == "cupy.random":  # loaded on first use, so dir() leaves it out
        names.append("Generator")
    entries = {name: _entry(name, getattr(owner, name), inside_class) for name in names}
    return {name: entry for name, entry in entries.items() if entry}


def _is_operator(owner: type, name: str) -> bool:
    machinery = ("pyx", "weakref", "slots", "setstate")
    return name.startswith("__") and name not in dir(object) and not any(word in name for word in machinery)


def _entry(name: str, found: Any, inside_class: bool) -> str:
    if name.startswith("__"):
        return "operator"
    if inspect.ismodule(found):
        return "module"
    if not callable(found):
        return "attribute" if inside_class else "constant" if isinstance(found, float) or found is None else ""
    if str(getattr(found, "__module__", None)).startswith("numpy"):
        return "numpy"  # NumPy's own object, such as float32 or finfo
    if isinstance(found, type):
        return "type"
    kind = {"ufunc": "ufunc", "_GUFunc": "ufunc"}.get(type(found).__name__, "method" if inside_class else "function")
    return f"{kind}({_parameters(found)})"


def _parameters(found: Any) -> str:
    try:
        parameters = list(inspect.signature(found).parameters.values())
    except (TypeError, ValueError):
        return _documented_parameters(found.__doc__ or "")
    # Annotations and defaults differ between Python versions: keep the name, its stars, and whether it may be left out.
    plain = [p.replace(annotation=p.empty, default=p.default if p.default is p.empty else "") for p in parameters]
    text = str(inspect.Signature(plain)).replace("=''", "=")[1:-1]
    return text.removeprefix("self, ").removeprefix("self")


def _documented_parameters(doc: str) -> str:
    """Compiled functions say their signature in the first line of their docstring."""
    match = re.match(r"[\w.]+\((.*)\)", doc)
    if match is None:
        return "*args, **kwargs"
    text = match[1].replace("\\", "")
    if "[" in text:  # a ufunc with two outputs, documented as "x[, out1, out2], / [, out=(None, None)], ..."
        text = text[: text.index("[")] + ", out1=, out2=, /, out=, *, casting=, dtype="
    parts = [part.strip() for part in text.split(",")]
    named = [part.split("=")[0].split()[-1] + ("=" if "=" in part else "") for part in parts if part]
    return ", ".join(name for name in named if name != "self")


if __name__ == "__main__":
    PATH.write_text(render(listing()), encoding="utf-8")
