"""The stand-in offers the names and signatures of CuPy that are frozen, and no others."""

import numpy as np
import pytest

from . import cupy as cp
from . import fake_cupy, freeze_api, frozen


def test_frozen_list_is_the_installed_cupy():
    real = pytest.importorskip("cupy")
    installed, written = real.__version__.split("."), frozen.API["version"].split(".")
    if installed[:2] != written[:2]:
        pytest.skip(f"CuPy {real.__version__} is installed, {frozen.API['version']} is written down")
    assert {**freeze_api.listing(), "version": frozen.API["version"]} == frozen.API


def test_frozen_list_is_small_and_in_its_written_form():
    text = freeze_api.PATH.read_text(encoding="utf-8")
    assert len(text) < 60_000
    assert text == freeze_api.render(frozen.API)


@pytest.mark.parametrize("path", [path for path in frozen.API if path not in ("version", "ufunc.at")])
def test_every_frozen_signature_can_be_read(path):
    for entry in frozen.API[path].values():
        frozen.signature(entry)


def test_signatures_know_positional_and_keyword_only():
    for entry, args, kwargs in [("ufunc(x, /, out=)", (), {"x": 1}), ("function(a, *, b=)", (1, 2), {})]:
        with pytest.raises(TypeError):
            frozen.signature(entry).bind(*args, **kwargs)


def test_a_module_cannot_be_given_a_name_that_cupy_lacks():
    with pytest.raises(AttributeError, match="has no 'vecdot'"):
        fake_cupy.Module("cupy", np, vecdot=print)


@pytest.mark.parametrize("path", list(fake_cupy.MODULES))
def test_modules_offer_only_what_is_frozen(path):
    offered = {name for name in vars(fake_cupy.MODULES[path]) if not name.startswith("_")}
    assert offered <= set(frozen.API[path])


@pytest.mark.parametrize(
    ("path", "fake"),
    [
        ("cupy.ndarray", cp.ndarray),
        ("cupy.ufunc", cp.ufunc),
        ("cupy.random.Generator", cp.random.Generator),
        ("cupy.cuda.Device", cp.cuda.Device),
        ("cupy.cuda.Stream", cp.cuda.Stream),
        ("cupy.cuda.MemoryPool", cp.cuda.MemoryPool),
    ],
)
def test_classes_offer_only_what_is_frozen(path, fake):
    python = set(dir(object)) | {
        "__dict__",
        "__weakref__",
        "__module__",
        "__slots__",
        "__getattr__",
        "__call__",
        "_host",
    }
    offered = {name for name in dir(fake) if name not in python and (name.startswith("__") or not name.startswith("_"))}
    assert offered - set(frozen.API[path]) == set()


def test_every_name_is_offered_or_refused_with_an_attribute_error():
    offered = [name for name in frozen.API["cupy"] if hasattr(cp, name)]
    assert len(offered) > 300


@pytest.mark.parametrize("name", ["errstate", "block", "vecdot", "einsum_path", "nditer", "geomspace", "no_such_name"])
def test_names_that_cupy_lacks(name):
    with pytest.raises(AttributeError, match=f"cupy has no '{name}'"):
        getattr(cp, name)


@pytest.mark.parametrize("name", ["save", "RawKernel", "from_dlpack", "fft"])
def test_names_that_the_standin_leaves_out_say_so(name):
    with pytest.raises(AttributeError, match="doesn't cover it"):
        getattr(cp, name)


@pytest.mark.parametrize("name", ["vector_norm", "matrix_norm", "multi_dot"])
def test_linalg_names_that_cupy_lacks(name):
    with pytest.raises(AttributeError, match=r"cupy\.linalg has no"):
        getattr(cp.linalg, name)


def test_array_names_that_cupy_lacks(x):
    with pytest.raises(AttributeError, match="has no 'resize'"):
        x.resize(6)
    with pytest.raises(AttributeError, match="doesn't cover it"):
        x.scatter_add(0, 1)


@pytest.mark.parametrize("name", ["__imatmul__", "__contains__", "__index__"])
def test_operators_that_cupy_lacks(x, name):
    assert not hasattr(x, name)


def test_a_0d_array_is_no_index():
    with pytest.raises(TypeError):
        range(cp.asarray(3))


def test_arrays_have_no_hash(x):
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
