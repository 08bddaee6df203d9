"""Link: a radio path between the ground and a satellite, from its losses to its bit rate.

::

    climate of a place ─┬─ p838 p839 p837 ── p618 rain ──────────┐
                        ├─ p676 gas, zenith ─────────────────────┤
                        ├─ p840 cloud, zenith ───────────────────┼─ placeweather: (place, elevation, p) -> dB
                        └─ p453 N_wet ────── p618 scintillation ─┘
    seed, wind ────────── rainfield: (place, time) -> p          (the present weather as an exceedance)
    rain rate now ─────── rainrate: (rate, path) -> dB           (a user's own rain field)

    hop: one radio hop and its paths ─┬─ budget: an ordered list of lines, to be printed
      p525 free space, antenna gains  └─ rates:  the same numbers for many paths at once
                                          └─ modcod: Es/N0 -> spectral efficiency (DVB-S2, S2X, OFDM)

`p` is the probability that what is seen is exceeded: 0.01 % is a cloudburst, 50 % the median sky. One file per
ITU-R Recommendation; the edition is an argument where editions differ.
"""
