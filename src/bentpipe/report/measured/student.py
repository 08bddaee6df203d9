"""Quantiles of Student's t."""

from __future__ import annotations

import math

from bentpipe.linkqueue.normal import normal_quantile


def two_sided(probability: float, degrees: float) -> float:
    """Bound that Student's t stays within, on both sides, but for a probability.

    Parameters
    ----------
    probability : float
        That it does not, both tails together; above 0, below 1.
    degrees : float
        Degrees of freedom, 2 or more; need not be whole.

    Returns
    -------
    float
        Six digits or better. G. W. Hill, Algorithm 396, Communications of the ACM 13 (1970), 619.
    """
    n, p = max(degrees, 2.0), probability
    if n == 2.0:
        return math.sqrt(2.0 / (p * (2.0 - p)) - 2.0)
    a = 1.0 / (n - 0.5)
    b = 48.0 / (a * a)
    c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36
    d = ((94.5 / (b + c) - 3.0) / b + 1.0) * math.sqrt(a * 0.5 * math.pi) * n
    y = (d * p) ** (2.0 / n)
    if y > 0.05 + a:
        x = normal_quantile(0.5 * p)
        y = x * x
        if n < 5.0:
            c += 0.3 * (n - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x
        y = math.expm1(a * y * y)
    else:
        y = ((1.0 / (((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0) + 0.5 / (n + 4.0)) * y - 1.0) * (
            n + 1.0
        ) / (n + 2.0) + 1.0 / y
    return math.sqrt(n * y)
