"""Networks made of networks: one after the other, and around a shortcut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from latticekit.flows.base import Residuals
from latticekit.flows.networks.activations import CURVES, check_activation
from latticekit.flows.networks.base import Network, same_width
from latticekit.flows.networks.convolution import Convolution, Dense
from latticekit.flows.networks.stencil import Stencil, apply_stencils, stencils_vjp
from latticekit.flows.parameters import Parametric, Tree

Array = Any


@dataclass(frozen=True)
class Stack(Network):
    """y = f_n(... f_1(x)).  (chain, inputs, *sites) -> (chain, outputs, *sites)

    Convolutions and dense layers that follow each other are worked on in one go.
    """

    parts: tuple[Network, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if wrong := [type(one).__name__ for one in self.parts if not isinstance(one, Network)]:
            raise TypeError(f"Stack takes networks, got {', '.join(wrong)}")
        if not self.parts:
            raise ValueError("Stack needs at least one network, got none")

    @property
    def odd(self) -> bool:
        """If every part is."""
        return all(one.odd for one in self.parts)

    @property
    def width(self) -> int:
        """That of the last part that chooses it."""
        return next((one.width for one in reversed(self.parts) if not one.keeps), 0)

    def members(self) -> dict[str, Parametric]:
        """The parts, numbered."""
        return {str(i): one for i, one in enumerate(self.parts)}

    def with_members(self, members: dict[str, Any]) -> Self:
        """Other parts in the same order."""
        return replace(self, parts=tuple(members.values()))

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """Channels handed from part to part; the last part that can choose gives `outputs`."""
        deciding = max((i for i, one in enumerate(self.parts) if not one.keeps), default=0)
        made = []
        for i, one in enumerate(self.parts):
            made.append(one.between(inputs, outputs if i == deciding else 0))
            inputs = inputs if one.keeps else made[-1].width
        return replace(self, parts=tuple(made))

    def _runs(self) -> list[tuple[Network, ...]]:
        """What is worked on in one go: stencils that follow each other and share their inner activation."""
        runs: list[tuple[Network, ...]] = []
        for one in self.parts:
            if runs and isinstance(one, Stencil) and _continues(runs[-1]):
                runs[-1] = (*runs[-1], one)
            else:
                runs.append((one,))
        return runs

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """Every part in turn."""
        kept = []
        for run in self._runs():
            x, residuals = apply_stencils(run, x) if isinstance(run[0], Stencil) else run[0].apply(x)  # type: ignore[arg-type]
            kept.append(residuals)
        return x, tuple(kept)

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """Back through the parts."""
        bars: list[Tree] = []
        for run, kept in zip(reversed(self._runs()), reversed(residuals)):
            if isinstance(run[0], Stencil):
                y_bar, found = stencils_vjp(run, kept, y_bar)  # type: ignore[arg-type]
                bars += reversed(found)
            else:
                y_bar, one = run[0].vjp(kept, y_bar)
                bars.append(one)
        return y_bar, {str(i): bar for i, bar in enumerate(reversed(bars))}


@dataclass(frozen=True)
class ResidualBlock(Network):
    """y = x + f(x).  (chain, channel, *sites) -> the same.  1512.03385, eq. (1)"""

    network: Network
    keeps: ClassVar[bool] = True

    @property
    def odd(self) -> bool:
        """If the network is."""
        return self.network.odd

    def members(self) -> dict[str, Parametric]:
        """The network."""
        return {"network": self.network}

    def between(self, inputs: int, outputs: int = 0) -> Self:
        """The network gives back as many channels as it takes."""
        same_width(self, inputs, outputs)
        return replace(self, network=self.network.between(inputs, inputs))

    def apply(self, x: Array) -> tuple[Array, Residuals]:
        """x + f(x)."""
        y, residuals = self.network.apply(x)
        return x + y, residuals

    def vjp(self, residuals: Residuals, y_bar: Array) -> tuple[Array, Tree]:
        """The shortcut adds y_bar itself."""
        x_bar, bars = self.network.vjp(residuals, y_bar)
        return y_bar + x_bar, {"network": bars}


def _continues(run: tuple[Network, ...]) -> bool:
    """Whether a stencil may join: the activations so far, which become inner ones, are the same."""
    return len({one.activation if isinstance(one, Stencil) else None for one in run} - {None}) == 1


def ConvNet(
    hidden: tuple[int, ...] = (8, 8),
    kernel: int | tuple[int, ...] = 3,
    activation: str = "tanh",
    final: str = "identity",
    *,
    start: float = 0.1,
    odd: bool = False,
    tied: str = "none",
) -> Stack:
    """Convolutions inputs -> hidden[0] -> ... -> outputs.  (chain, inputs, *sites) -> (chain, outputs, *sites)

    activation: behind every hidden convolution; final: behind the last one.  start: gain of the last weights.
    odd: no biases, so that f(-x) = -f(x) with odd activations.  tied: symmetry of the filters (see `Convolution`).
    """
    _check_odd(odd, activation, final)
    shared = {"bias": not odd, "kernel": kernel, "tied": tied}
    inner = [Convolution(n, activation=activation, **shared) for n in hidden]  # type: ignore[arg-type]
    return Stack((*inner, Convolution(activation=final, gain=start, **shared)))  # type: ignore[arg-type]


def DenseNet(
    hidden: tuple[int, ...] = (32, 32),
    activation: str = "tanh",
    final: str = "identity",
    *,
    start: float = 0.1,
    odd: bool = False,
) -> Stack:
    """Dense layers inputs -> hidden[0] -> ... -> outputs at each site; `Flattened(DenseNet(...))` sees a whole lattice.

    (chain, inputs, *sites) -> (chain, outputs, *sites), or (chain, inputs) -> (chain, outputs); arguments: `ConvNet`.
    """
    _check_odd(odd, activation, final)
    inner = [Dense(n, bias=not odd, activation=activation) for n in hidden]
    return Stack((*inner, Dense(bias=not odd, activation=final, gain=start)))


def _check_odd(odd: bool, *names: str) -> None:
    if wrong := [name for name in map(check_activation, names) if odd and not CURVES[name].odd]:
        known = ", ".join(name for name, curve in CURVES.items() if curve.odd)
        raise ValueError(f"an odd network needs odd activations ({known}), got {', '.join(wrong)}")
