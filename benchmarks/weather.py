"""Time the weather: ``python benchmarks/weather.py``.

Targets: 100,000 links (place, elevation, p) in 50 ms on two cores; the moving field of 2,500 places and 240 slots
in 0.3 s on one core. Where `itur` is installed the same P.618-13 totals are put to it and the ratio printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from bentpipe.catalog.geodata import load_geodata
from bentpipe.catalog.weather import load_weather, weather_at
from bentpipe.link.placeweather import PlaceClimate, attenuation_db, band_weather
from bentpipe.link.rainfield import exceedance, rain_field

FREQUENCY_HZ = 12e9


def quickest(work: Callable[[], object], times: int = 7) -> float:
    """Least wall time of some runs, s; the first one is not counted."""
    work()
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return min(found)


def itur_per_point_s(lat: Any, lon: Any, elevation: Any) -> float | None:
    """Time of one point of an array of points in `itur`, s; None where it is not installed."""
    try:
        import itur
    except ImportError:
        return None
    import warnings

    warnings.filterwarnings("ignore")

    def work() -> object:
        return itur.atmospheric_attenuation_slant_path(lat, lon, FREQUENCY_HZ / 1e9, elevation, 1.0, 0.6)

    return quickest(work, 2) / len(lat)


def main() -> None:
    rng = np.random.default_rng(1)
    towns = load_geodata().places("UKR")
    chosen = rng.integers(0, len(towns), 2500)
    lat, lon = towns.lat_deg[chosen], towns.lon_deg[chosen]
    shipped = load_weather()
    climate = PlaceClimate(**weather_at(shipped, lat, lon)._asdict())
    print(f"climate of 2,500 places from the points: {1e3 * quickest(lambda: weather_at(shipped, lat, lon)):.0f} ms")
    print(
        f"table of a band, 2,500 places: {1e3 * quickest(lambda: band_weather(climate, FREQUENCY_HZ, 0.6), 3):.0f} ms"
    )
    table = band_weather(climate, FREQUENCY_HZ, 0.6, edition=13)

    place, elevation = rng.integers(0, 2500, 100_000), rng.uniform(25.0, 90.0, 100_000)
    for name, p in (("any weather", rng.uniform(0.0, 1.0, 100_000)), ("all in rain", rng.uniform(1e-5, 0.05, 100_000))):
        links = (place, elevation, p)
        whole = quickest(lambda links=links: attenuation_db(table, *links))  # type: ignore[misc]
        halves = [tuple(x[i::2].copy() for x in links) for i in range(2)]
        with ThreadPoolExecutor(2) as pool:
            both = quickest(
                lambda pool=pool, halves=halves: list(pool.map(lambda h: attenuation_db(table, *h), halves))  # type: ignore[misc]
            )
        print(f"100,000 links, {name}: {1e3 * whole:.1f} ms on one thread, {1e3 * both:.1f} ms on two")
    theirs = itur_per_point_s(lat[:1000], lon[:1000], elevation[:1000])
    if theirs is None:
        print("itur is not installed: no ratio")
    else:
        print(f"itur: {1e6 * theirs:.0f} us a link, {1e5 * theirs / whole:,.0f} times as long")

    slots = 1_666_569_612.0 + 15.0 * np.arange(240)
    print(f"drawing a field: {1e3 * quickest(lambda: rain_field(1, 49.0, 31.0)):.1f} ms")
    field = rain_field(1, 49.0, 31.0)
    took = quickest(lambda: exceedance(field, lat, lon, slots))
    print(f"field of 2,500 places and 240 slots: {took:.3f} s on one thread")


if __name__ == "__main__":
    main()
