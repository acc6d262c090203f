"""Names of a package that are imported when they are first asked for, so that the package itself loads nothing (PEP 562)."""

import importlib
from collections.abc import Callable, Mapping, Sequence


def attach(
    package: str, names: Mapping[str, Sequence[str]], modules: Sequence[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package: `names` has for each of its modules what it gives; `modules` are reached as they are.

    A module must not be called as a name is: once imported, it would stand in the name's place.
    """
    module_of = {name: module for module, given in names.items() for name in given}

    def __getattr__(name: str) -> object:
        if name in module_of:
            return getattr(importlib.import_module(f"{package}.{module_of[name]}"), name)
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__, lambda: sorted([*module_of, *modules])
