"""One piece of a rational-quadratic spline: value, log slope, and all their derivatives.

Gregory and Delbourgo, IMA J. Numer. Anal. 2, 123 (1982); Durkan et al., 1906.04032, eqs. 4-8.  A piece of width w and
height h = S w with slopes d0 and d1 at its ends: with xi = (x - x_k) / w in [0, 1] and q = xi (1 - xi),

    y = y_k + h N / D,   y' = S^2 A / D^2,   D = S + (d0 + d1 - 2 S) q,   N = S xi^2 + d0 q,
    A = d1 xi^2 + 2 S q + d0 (1 - xi)^2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from latticekit.arrays import namespace

Array = Any


class Piece(NamedTuple):
    """The piece each number lies in: lower corner, width, height, slopes at both ends.  All of one shape."""

    left: Array
    low: Array
    width: Array
    height: Array
    d0: Array
    d1: Array


def forward(x: Array, piece: Piece) -> tuple[Array, Array]:
    """y and log y'."""
    _, low, _, height, _, _ = piece
    _, n, d, _ = _parts(xi := _place(x, piece), piece)
    return low + height * n / d, log_slope(xi, piece)


def backward(y: Array, piece: Piece) -> tuple[Array, Array]:
    """x and log y' there: the larger root of a xi^2 + b xi + c = 0, c <= 0, in the form without cancellation."""
    xp, (left, low, width, height, d0, d1) = namespace(y), piece
    slope, e = height / width, y - low
    bend = e * (d0 + d1 - 2.0 * slope)
    a, b, c = bend + height * (slope - d0), height * d0 - bend, -slope * e
    root = xp.sqrt(xp.maximum(b * b - 4.0 * a * c, xp.zeros_like(b)))
    falls = b < 0  # then a > 0, or there were no positive root
    safe = xp.where(falls, 2.0 * a, b + root)
    xi = xp.clip(xp.where(falls, root - b, -2.0 * c) / safe, 0.0, 1.0)
    return left + xi * width, log_slope(xi, piece)


def log_slope(xi: Array, piece: Piece) -> Array:
    """log y' = 2 log S + log A - 2 log D."""
    xp = namespace(xi)
    slope, _, d, a = _parts(xi, piece)
    return xp.log(slope * slope * a / (d * d))


def vjp(x: Array, piece: Piece, y_bar: Array, log_bar: Array) -> tuple[Array, Piece]:
    """x_bar and the cotangents of the piece, from those of y and of log y'."""
    _, _, width, height, d0, d1 = piece
    slope, n, d, a = _parts(xi := _place(x, piece), piece)
    rest, q, turn = 1.0 - xi, xi * (1.0 - xi), 1.0 - 2.0 * xi
    b, over = d0 + d1 - 2.0 * slope, y_bar * height / (d * d)
    per_a, per_d = log_bar / a, 2.0 * log_bar / d
    xi_bar = over * slope * a + 2.0 * per_a * (d1 * xi + slope * turn - d0 * rest) - per_d * b * turn
    slope_bar = (
        over * (xi * xi * d - n * (1.0 - 2.0 * q)) + 2.0 * (log_bar / slope + per_a * q) - per_d * (1.0 - 2.0 * q)
    )
    d0_bar = over * q * (d - n) + per_a * rest * rest - per_d * q
    d1_bar = -over * q * n + per_a * xi * xi - per_d * q
    x_bar, per_width = xi_bar / width, slope_bar / width
    width_bar = -x_bar * xi - per_width * slope
    return x_bar, Piece(-x_bar, y_bar, width_bar, y_bar * n / d + per_width, d0_bar, d1_bar)


def _place(x: Array, piece: Piece) -> Array:
    return (x - piece.left) / piece.width


def _parts(xi: Array, piece: Piece) -> tuple[Array, Array, Array, Array]:
    """S, N, D, A."""
    slope, rest = piece.height / piece.width, 1.0 - xi
    q = xi * rest
    n, d = slope * xi * xi + piece.d0 * q, slope + (piece.d0 + piece.d1 - 2.0 * slope) * q
    return slope, n, d, piece.d1 * xi * xi + 2.0 * slope * q + piece.d0 * rest * rest
