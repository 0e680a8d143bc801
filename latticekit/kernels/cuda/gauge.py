"""Gauge fields on CuPy arrays: action, force, trajectories (references: `latticekit.actions.gauge`, `groups.sun`)."""

from __future__ import annotations

import importlib
import math
import sys
from typing import Any

import numpy as np

from latticekit.arrays import namespace
from latticekit.kernels.cuda import su_bodies, su_local_bodies, u1_bodies, u1_local_bodies
from latticekit.kernels.cuda.launch import launch
from latticekit.kernels.cuda.links import specialised
from latticekit.kernels.cuda.phi4 import PIECES
from latticekit.kernels.site import philox, su_exp, su_project

Array = Any
LARGEST = 4
"""N up to which matrices are kept in the registers of a thread; larger ones are left to the reference."""
EXPONENTIALS = {2: su_exp.exp2, 3: su_exp.exp3}
DETERMINANTS = {2: su_project.determinant2, 3: su_project.determinant3}


class Links:
    """A field of links as the bodies read it: flat real numbers, and the integers that say where they are."""

    def __init__(self, x: Array) -> None:
        self.u1 = x.dtype.kind == "f"
        self.n, self.dim = 1 if self.u1 else x.shape[2], x.shape[1]
        self.real = np.dtype(x.dtype.char.lower())
        self.single = self.real.char == "f"
        self.sites = x.shape[-self.dim :]
        self.shape = (self.dim, *(1, 1, 1, *self.sites)[-4:])
        self.volume, self.chains = math.prod(self.sites), x.shape[0]
        self.count = self.chains * self.dim * self.volume
        self.algebra = x.shape if self.u1 else (*x.shape[:2], self.n**2 - 1, *self.sites)

    def numbers(self, x: Array) -> Array:
        """A field as one row of real numbers, re and im in turn."""
        return x.reshape(-1) if self.u1 else x.reshape(-1).view(self.real)

    def body(self, name: str) -> Any:
        """A body for this group and precision."""
        modules = (u1_bodies, u1_local_bodies) if self.u1 else (su_bodies, su_local_bodies)
        found = next(getattr(module, name) for module in modules if hasattr(module, name))
        return specialised(found, **compiled_in(self.n, self.single))

    def project(self, numbers: Array, out: Array) -> None:
        """Links back onto the group; out may be the same."""
        volume = () if self.u1 else (self.volume,)
        launch(self.body("project"), self.count, self.single, numbers, out, *volume)


def compiled_in(n: int, single: bool) -> dict[str, Any]:
    """What is constant in the bodies: the formulas for a group and a precision, and how many numbers there are."""
    return {
        "N": n,
        "SIZE": 2 * n**2,
        "ROOM": 6 * n**2,
        "A": n**2 - 1,
        "EVEN": n**2 - n**2 % 2,
        "PAIRS": n * (n - 1) // 2,
        "INVERSE": 1 / n,
        "exponential": EXPONENTIALS.get(n, su_exp.exp_any),
        "determinant": DETERMINANTS.get(n, su_project.determinant),
        "uniforms": philox.uniforms_single if single else philox.uniforms_double,
        "normals": philox.normals_single if single else philox.normals_double,
    }


def takes(x: Array, *algebra: Array) -> bool:
    """Whether the kernels know this field of links, in 2 to 4 dimensions, and these algebra elements."""
    kind = x.dtype.kind
    internal = 0 if kind == "f" else 2
    if (
        x.dtype.char not in "dfDF"
        or x.ndim < 4 + internal
        or x.ndim != 2 + internal + x.shape[1]
        or x.ndim > 6 + internal
    ):
        return False
    if internal and not (x.shape[2] == x.shape[3] and 2 <= x.shape[2] <= LARGEST):
        return False
    one = Links(x)
    fits = x.size > 0 and x.flags.c_contiguous
    return fits and all(p.flags.c_contiguous and p.dtype == one.real and p.shape == one.algebra for p in algebra)


def is_wilson(x: Array, action: Any) -> bool:
    """Whether an action is the library's own of plaquettes, of the group that the field belongs to."""
    gauge = sys.modules.get("latticekit.actions.gauge")
    if gauge is None or type(action) is not gauge.GaugeAction or action.c1 != 0:
        return False
    groups = importlib.import_module("latticekit.groups")
    return action.group == (groups.U1() if x.dtype.kind == "f" else groups.SU(x.shape[2]))


def couplings(x: Array, action: Any, one: Links) -> tuple[Array, int, int]:
    """beta_p / N on the device; the pitch of planes, and 1 if plaquettes of a plane differ, else 0."""
    key = (action, one.sites, one.real.char, str(x.device))  # devices themselves have no hash
    if key not in _KEPT:
        if len(_KEPT) >= 16:
            _KEPT.pop(next(iter(_KEPT)))
        numbers = (action.couplings(one.sites) / action.group.n).reshape(-1).astype(one.real)
        _KEPT[key] = namespace(x).asarray(numbers, device=x.device)
    vary = int(_KEPT[key].size > one.dim * (one.dim - 1) // 2)
    return _KEPT[key], one.volume if vary else 1, vary


_KEPT: dict[Any, Array] = {}


def evolve(x: Array, p: Array, action: Any, schedule: Any) -> Any:
    """Molecular-dynamics trajectory, all links moving, which end on the group.  field, algebra -> the same"""
    if not takes(x, p) or not is_wilson(x, action) or action.held:
        return NotImplemented
    one = Links(x)
    run = _angles if one.u1 else _matrices
    y, q = run(one, one.numbers(x), p.reshape(-1), couplings(x, action, one), schedule.tolist())
    one.project(y, y)
    return y.view(x.dtype).reshape(x.shape), q.reshape(p.shape)


def _angles(
    one: Links, x: Array, p: Array, weights: tuple[Array, int, int], schedule: list[Any]
) -> tuple[Array, Array]:
    """A stage is one launch from one pair of buffers into the other; two pairs and the input suffice."""
    xp, now = namespace(x), (x, p)
    pairs = [(xp.empty_like(x), xp.empty_like(p)) for _ in range(2)]
    for n, (drift, kick, gradient) in enumerate(schedule):
        new = pairs[n % 2]
        launch(
            one.body("stage"), one.count, one.single, *now, *new, *weights, *one.shape, drift, 0.0 if gradient else kick
        )
        if gradient:
            aside, add = xp.empty_like(x), one.body("add_force")
            launch(add, one.count, one.single, new[0], new[0], aside, *weights, *one.shape, gradient)
            launch(add, one.count, one.single, aside, new[1], new[1], *weights, *one.shape, kick)
        now = new
    return now if schedule else (x.copy(), p.copy())


def _matrices(
    one: Links, x: Array, p: Array, weights: tuple[Array, int, int], schedule: list[Any]
) -> tuple[Array, Array]:
    """Drifts and kicks in place: a thread writes its own link only, and reads the others in kicks alone."""
    u, q, xp = x.copy(), p.copy(), namespace(x)
    drift, kick = one.body("drift"), one.body("kick")
    for step, e, gradient in schedule:
        if step:
            launch(drift, one.count, one.single, u, q, u, one.volume, step)
        at = u
        if e and gradient:
            at, force = xp.empty_like(u), xp.zeros_like(q)
            launch(kick, one.count, one.single, u, force, *weights, *one.shape, gradient)
            launch(drift, one.count, one.single, u, force, at, one.volume, 1.0)
        if e:
            launch(kick, one.count, one.single, at, q, *weights, *one.shape, e)
    return u, q


def force(x: Array, action: Any) -> Any:
    """F = -dS.  field -> algebra"""
    if not takes(x) or not is_wilson(x, action):
        return NotImplemented
    one = Links(x)
    out = namespace(x).zeros((math.prod(one.algebra),), dtype=one.real, device=x.device)
    weights = couplings(x, action, one)
    if one.u1:
        launch(one.body("add_force"), one.count, one.single, x.reshape(-1), out, out, *weights, *one.shape, 1.0)
    else:
        launch(one.body("kick"), one.count, one.single, one.numbers(x), out, *weights, *one.shape, 1.0)
    return out.reshape(one.algebra)


def _sums(x: Array, one: Links, weights: tuple[Array, int, int]) -> Array:
    """Weighted sums of Re tr P in float64, in an order that depends on the shape only.  -> (chain, planes)"""
    xp, planes = namespace(x), one.dim * (one.dim - 1) // 2
    pieces = max(1, min(one.volume, PIECES // (one.chains * planes)))
    out = xp.empty((one.chains * planes * pieces,), dtype=xp.float64, device=x.device)
    launch(one.body("sums"), out.size, False, one.numbers(x), out, *weights, planes, pieces, *one.shape)
    return xp.sum(out.reshape((one.chains, planes, pieces)), axis=2)


def value(x: Array, action: Any) -> Any:
    """S, summed in float64.  field -> (chain,)"""
    if not takes(x) or not is_wilson(x, action):
        return NotImplemented
    one = Links(x)
    return -namespace(x).sum(_sums(x, one, couplings(x, action, one)), axis=1)


def plane_averages(x: Array) -> Any:
    """Mean of Re tr P / N over sites, per plane, float64.  field -> (chain, planes)"""
    if not takes(x):
        return NotImplemented
    one, xp = Links(x), namespace(x)
    ones = xp.ones((one.dim * (one.dim - 1) // 2,), dtype=one.real, device=x.device)
    return _sums(x, one, (ones, 1, 0)) * (1.0 / (one.n * one.volume))


def translate(u: Array, v: Array, group: Any) -> Any:
    """exp(i v_a T_a) u.  field, algebra -> field"""
    if not takes(u, v):
        return NotImplemented
    one, out = Links(u), namespace(u).empty_like(u)
    launch(one.body("drift"), one.count, one.single, one.numbers(u), v.reshape(-1), one.numbers(out), one.volume, 1.0)
    return out


def project(u: Array) -> Any:
    """Nearest special unitary matrices.  field -> field"""
    if not takes(u):
        return NotImplemented
    one, out = Links(u), namespace(u).empty_like(u)
    one.project(one.numbers(u), one.numbers(out))
    return out
