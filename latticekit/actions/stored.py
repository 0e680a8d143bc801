"""An action from the parameters stored with an ensemble."""

from __future__ import annotations

from typing import Any

from latticekit.actions.base import Action, Sum


def action_from(parameters: dict[str, Any]) -> Action | None:
    """The action whose `parameters()` these are; None for a class that this library does not have."""
    couplings = {k: v for k, v in parameters.items() if k != "name"}
    if parameters["name"] == "Sum":
        terms = [action_from(term) for term in couplings["terms"]]
        return None if None in terms else Sum(tuple(terms))  # type: ignore[arg-type]
    found = {cls.__name__: cls for cls in Action.__subclasses__()}.get(parameters["name"])
    return None if found is None else found(**couplings)
