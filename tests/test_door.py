"""The door: what `import minillm` offers, and that it is loaded only when it is asked for."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import minillm


@pytest.mark.parametrize("name", sorted(set(minillm.__all__) - {"__version__"}))
def test_every_name_of_the_door_is_one_of_its_room(name):
    room = next(room for room, names in minillm.DOOR.items() if name in names)
    module = importlib.import_module(f"minillm.{room}")
    assert getattr(minillm, name) is getattr(module, name)
    assert name in getattr(module, "__all__", [name])


def test_rooms_are_there_without_being_imported_by_name():
    code = "import minillm; print(minillm.ops.softmax.__name__, minillm.GPT.__name__)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "softmax GPT\n"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Gpt'"):
        minillm.Gpt  # noqa: B018
    with pytest.raises(ImportError):
        exec("from minillm import Gpt")


def test_everything_is_listed():
    assert {*minillm.__all__, *minillm.ROOMS} - {"__version__"} == set(dir(minillm))


@pytest.mark.parametrize("package", [minillm, minillm.plots], ids=lambda package: package.__name__)
def test_no_module_is_called_as_a_name_is(package):
    """Once imported, the module would stand in the place of what it gives."""
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(package.__all__)


@pytest.mark.parametrize("name", minillm.plots.__all__)
def test_every_name_of_the_figures_is_there(name):
    assert getattr(minillm.plots, name) is not None
