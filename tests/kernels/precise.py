"""Elementary functions to 60 digits, for tests of accuracy."""

from decimal import Decimal, getcontext, localcontext

getcontext().prec = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def sine(x: Decimal) -> Decimal:
    """sin x by reduction to [-pi, pi] and the Taylor series."""
    with localcontext() as context:
        context.prec = 80
        x = x - (x / (2 * PI)).to_integral_value() * 2 * PI
        term, total, n = x, x, 1
        while abs(term) > Decimal(10) ** -65:
            n += 2
            term = -term * x * x / (n * (n - 1))
            total += term
    return +total


def cosine(x: Decimal) -> Decimal:
    """cos x = sin(x + pi/2)."""
    return sine(x + PI / 2)


def exponential(x: Decimal) -> Decimal:
    """exp x."""
    return x.exp()


def logarithm(x: Decimal) -> Decimal:
    """log x."""
    return x.ln()
