"""Every public concrete class has a case, and every accelerated function has inputs."""

import importlib
import inspect
import pkgutil

import pytest

import latticekit
from latticekit.actions import Action, Phi4
from latticekit.arrays import REGISTRY
from latticekit.groups import Group
from latticekit.observables import Observable
from latticekit.updates import Update
from tests import cases
from tests.cases.kernels import KERNELS

PROTOCOLS = {
    "groups": (Group, [c.group for c in cases.GROUPS.values()]),
    "actions": (Action, [c.action for c in cases.ACTIONS.values()]),
    "updates": (Update, [c.make(Phi4(1.0, 1.0)) for c in cases.UPDATES.values()]),
    "observables": (Observable, [c.observable for c in cases.OBSERVABLES.values()]),
}


def public_classes(package: str, protocol: type) -> list[type]:
    """Public concrete classes of a package that follow a protocol."""
    module = importlib.import_module(f"latticekit.{package}")
    found = [getattr(module, name) for name in module.__all__]
    return [c for c in found if inspect.isclass(c) and issubclass(c, protocol) and not inspect.isabstract(c)]


def without_case(classes: list[type], objects: list[object]) -> list[str]:
    """Names of the classes that no object is an instance of."""
    return [c.__name__ for c in classes if not any(type(one) is c for one in objects)]


def import_everything() -> None:
    """Load every module but the kernels and the command line, so that REGISTRY is full."""
    for module in pkgutil.walk_packages(latticekit.__path__, "latticekit."):
        if not module.name.startswith(("latticekit.kernels", "latticekit.cli")):
            importlib.import_module(module.name)


@pytest.mark.parametrize("package", PROTOCOLS)
def test_every_public_class_has_a_case(package):
    protocol, objects = PROTOCOLS[package]
    classes = public_classes(package, protocol)
    assert classes, "the protocol has public classes"
    assert without_case(classes, objects) == [], "add a line to tests/cases"


def test_a_missing_case_is_seen():
    assert without_case([Phi4], []) == ["Phi4"]


def test_every_accelerated_function_has_cases():
    import_everything()
    missing = set(REGISTRY) - set(KERNELS)
    assert not missing, "add inputs to tests/cases: KERNELS"


@pytest.mark.parametrize("package", PROTOCOLS)
def test_public_things_have_docstrings(package):
    protocol, _ = PROTOCOLS[package]
    for cls in public_classes(package, protocol):
        assert cls.__doc__
        methods = [m for n, m in vars(cls).items() if inspect.isfunction(m) and not n.startswith("_")]
        assert [m.__qualname__ for m in methods if not m.__doc__] == []
