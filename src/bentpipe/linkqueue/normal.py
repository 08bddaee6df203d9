"""Standard normal distribution for kernels."""

from __future__ import annotations

import math

from bentpipe.kernel import kernel


@kernel()
def normal_quantile(u: float) -> float:
    """Quantile of the standard normal distribution.

    Parameters
    ----------
    u : float
        Probability, above 0 and below 1.

    Returns
    -------
    float
        Standard deviations. Relative error below 1.2e-9 (P. J. Acklam's rational approximation, 2003).
    """
    if u < 0.02425 or u > 0.97575:
        q = math.sqrt(-2.0 * math.log(u if u < 0.5 else 1.0 - u))
        tail = (
            ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q
              - 2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783
        ) / (
            (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q
             + 3.754408661907416) * q + 1.0
        )  # fmt: skip
        return tail if u < 0.5 else -tail
    q = u - 0.5
    r = q * q
    return q * (
        ((((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02) * r
          + 1.383577518672690e02) * r - 3.066479806614716e01) * r + 2.506628277459239
    ) / (
        ((((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r
          + 6.680131188771972e01) * r - 1.328068155288572e01) * r + 1.0
    )  # fmt: skip
