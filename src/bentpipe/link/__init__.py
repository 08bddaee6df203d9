"""Losses of a radio path between the ground and a satellite: one file per ITU-R Recommendation.

::

    climate of a place ─┬─ p838 p839 p837 ── p618 rain ──────────┐
                        ├─ p676 gas, zenith ─────────────────────┤
                        ├─ p840 cloud, zenith ───────────────────┼─ placeweather: (place, elevation, p) -> dB
                        └─ p453 N_wet ────── p618 scintillation ─┘
    seed, wind ────────── rainfield: (place, time) -> p          (the present weather as an exceedance)
    rain rate now ─────── rainrate: (rate, path) -> dB           (a user's own rain field)
    distance ──────────── p525: free-space loss

`p` is the probability that what is seen is exceeded: 0.01 % is a cloudburst, 50 % the median sky.
"""
