"""Fit the scheduling policy ``observed`` to the satellites that served a dish at Louvain-la-Neuve.

Run ``python tools/fit_observed.py --shared ../shared`` (two minutes) to print the tables of
``docs/models/observed.md``. The test ``tests/measured/test_louvain_choices.py`` uses the same functions.
Orbits, filters, draws and the policy are bentpipe's own; the measured choices and the element set are
third-party data that the project does not hold.

The weights are fitted by maximum likelihood (in any one slot the policy is a conditional logit), the slow
clock by matching how often a satellite serves again after 1 to 6 slots.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.elements import in_service, load_elements
from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.earth import east_north_up, geodetic_to_ecef, load_earth_orientation, to_unix_s
from bentpipe.geometry.gso import arc_view, separation_deg
from bentpipe.geometry.places import make_places
from bentpipe.geometry.usable import usable_links
from bentpipe.network.observed import (
    OBSERVED,
    ObservedParameters,
    observed_scores,
    poleward_fade,
    satellite_log_weights,
    slow_window,
)
from bentpipe.orbit import Propagator, Sgp4Elements
from bentpipe.slots import SlotClock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Where azimuths and elevations of the record fit best, degrees; the residual is 0.003 degrees.
LATITUDE_DEG, LONGITUDE_DEG = 50.6698, 4.6200
ELEMENTS = "data/elements/starlink_2024-07-16_n6226.tle.gz"
CHOICES = "data/measured/serving_satellite_slots_Louvain_BE_2024-07-17.csv"


@dataclasses.dataclass(frozen=True)
class Dish:
    """Filters of a dish, degrees; the field of view is the full angle of its cone."""

    field_of_view: float = 110.0
    tilt: float = 20.0
    azimuth: float = 311.0
    gso_avoidance: float = 18.0


#: The cone that the measured choices support (see `cone_table`), and one that looks poleward.
LOUVAIN = Dish()
POLEWARD = Dish(tilt=27.0, azimuth=0.0)
OPEN_SKY = Dish(field_of_view=360.0, gso_avoidance=0.0)


@dataclasses.dataclass(frozen=True)
class Record:
    """The measured choices and the sky they were made under: T slots, N satellites."""

    slot: Ints
    chosen: Ints
    position_m: Floats
    catalog_number: Ints
    log_weight: Floats
    newer: Bools
    inclination_deg: Floats
    serves: Bools
    site_m: Floats
    axes: Floats

    def directions(self) -> Floats:
        """East, north and up components of the unit directions, (T, 3, N)."""
        away = self.position_m - self.site_m[:, None]
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        local: Floats = np.einsum("ij,tjn->tin", self.axes, away)
        return local


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Usable satellites of every slot that has any, flat: `row` counts the slots of the record."""

    row: Ints
    satellite: Ints
    sine: Floats
    north: Floats
    east: Floats

    def within(self, first: int, last: int) -> Pairs:
        """Pairs of the rows from first up to last."""
        part = (self.row >= first) & (self.row < last)
        return Pairs(*(column[part] for column in dataclasses.astuple(self)))


def load_record(shared: Path) -> Record:
    """Read the choices and propagate every tracked satellite to the middle of every slot."""
    elements = load_elements(shared / ELEMENTS)
    with (shared / CHOICES).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    middle = to_unix_s(np.array([row["slot_mid_utc"].rstrip("Z") for row in rows], "datetime64[ms]"))
    clock = SlotClock()
    columns = Sgp4Elements(
        elements.catalog_number,
        elements.epoch_unix_s,
        elements.bstar,
        elements.ndot,
        elements.nddot,
        elements.eccentricity,
        elements.argument_of_perigee_rad,
        elements.inclination_rad,
        elements.mean_anomaly_rad,
        elements.mean_motion_rad_per_min,
        elements.raan_rad,
    )
    ut1 = load_earth_orientation().ut1_minus_utc(middle)
    index = {name: i for i, name in enumerate(elements.name)}
    log_weight = satellite_log_weights(elements.name)
    return Record(
        slot=np.array([clock.containing(time) for time in middle.tolist()]),
        chosen=np.array([index[row["serving_satellite"]] for row in rows]),
        position_m=Propagator(columns).earth_fixed_positions(middle, ut1),
        catalog_number=elements.catalog_number,
        log_weight=log_weight,
        newer=log_weight > 0.0,
        inclination_deg=np.degrees(elements.inclination_rad),
        serves=in_service(elements).mask,
        site_m=geodetic_to_ecef(LATITUDE_DEG, LONGITUDE_DEG, 0.0),
        axes=east_north_up(LATITUDE_DEG, LONGITUDE_DEG),
    )


def usable_pairs(record: Record, dish: Dish) -> Pairs:
    """Pairs that pass the filters of the dish, by `bentpipe.geometry`."""
    site = make_places(
        record.site_m[None],
        record.axes[None],
        25.0,
        dish.gso_avoidance,
        dish.field_of_view,
        dish.tilt,
        dish.azimuth,
    )
    found = [
        np.sort(usable_links(np.ascontiguousarray(where), site, record.serves).satellite.astype(np.int64))
        for where in record.position_m
    ]
    row = np.repeat(np.arange(len(found)), [len(satellites) for satellites in found])
    satellite = np.concatenate(found)
    away = record.position_m[row, :, satellite] - record.site_m
    east, north, up = (away / np.linalg.norm(away, axis=1, keepdims=True) @ record.axes.T).T
    return Pairs(row, satellite, up, north, east)


# ---------------------------------------------------------------- weights, by maximum likelihood


@dataclasses.dataclass(frozen=True)
class LogitFit:
    """A conditional logit: coefficients, their covariance and how well it does."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    slots: int
    outside: int

    @property
    def errors(self) -> Floats:
        """Standard errors, as if slots were independent; keeps make them somewhat larger."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2.0 * len(self.coefficients) - 2.0 * self.log_likelihood


def choices_within(record: Record, pairs: Pairs) -> tuple[Bools, Ints, int]:
    """Pairs of the slots whose measured choice is a pair; a group number for each; the slots left out."""
    hit = pairs.satellite == record.chosen[pairs.row]
    known = np.zeros(len(record.chosen), np.bool_)
    known[pairs.row[hit]] = True
    part = known[pairs.row]
    return part, np.unique(pairs.row[part], return_inverse=True)[1], int((~known).sum())


def probabilities(utility: Floats, group: Ints) -> Floats:
    """Choice probabilities, given pairs sorted by group."""
    start = np.flatnonzero(np.diff(group, prepend=-1))
    shifted = np.exp(utility - np.maximum.reduceat(utility, start)[group])
    return np.asarray(shifted / np.add.reduceat(shifted, start)[group])


def fit_logit(record: Record, pairs: Pairs, features: Floats) -> LogitFit:
    """Newton's method on the log likelihood, which is concave; features are (P, K)."""
    part, group, outside = choices_within(record, pairs)
    x = features[part]
    hit = (pairs.satellite == record.chosen[pairs.row])[part]
    count = int(group.max()) + 1
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = probabilities(x @ beta, group)
        mean = np.zeros((count, x.shape[1]))
        np.add.at(mean, group, p[:, None] * x)
        centred = x - mean[group]
        information = (centred * p[:, None]).T @ centred
        step = np.linalg.solve(information, centred[hit].sum(axis=0))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    p = probabilities(x @ beta, group)
    covariance = np.asarray(np.linalg.inv(information), np.float64)
    return LogitFit(beta, covariance, float(np.log(p[hit]).sum()), count, outside)


def feature_table(record: Record, pairs: Pairs) -> dict[str, Floats]:
    """Columns from which the compared models are made, each (P,)."""
    view = arc_view(record.site_m[None], record.axes[None, 2], 18.0)
    local = np.stack([pairs.east, pairs.north, pairs.sine], axis=-1) @ record.axes
    return {
        "newer": record.newer[pairs.satellite].astype(np.float64),
        "sine": pairs.sine,
        "sine^2": pairs.sine**2,
        "log sine": np.log(pairs.sine),
        "north": pairs.north,
        "east": pairs.east,
        "poleward half": (pairs.north > 0.0).astype(np.float64),
        "arc": np.array([np.radians(separation_deg(row[None], view)[0]) for row in local]),
        "70/98 deg": (record.inclination_deg[pairs.satellite] > 60.0).astype(np.float64),
    }


def chosen_model(fit: LogitFit) -> dict[str, tuple[float, float]]:
    """Parameters of the policy and their standard errors, from the fit of newer, sine, sine^2, north."""
    newer, linear, square, north = fit.coefficients
    e_newer, _, e_square, e_north = fit.errors
    slope = np.array([0.0, -0.5 / square, 0.5 * linear / square**2, 0.0])
    e_peak = float(np.sqrt(slope @ fit.covariance @ slope))
    return {
        "peak_sin_elevation": (-linear / (2.0 * square), e_peak),
        "sharpness": (-square, e_square),
        "poleward": (north, e_north),
        "newer_weight": (float(np.exp(newer)), float(np.exp(newer) * e_newer)),
    }


# ---------------------------------------------------------------- simulated choices and their distances


def simulate(
    record: Record, pairs: Pairs, seed: int, parameters: ObservedParameters = OBSERVED, place: str = "louvain"
) -> Ints:
    """Choices of the policy in every slot, (T,): satellite index, -1 where none is usable."""
    key = place_id(place)
    number, slot = record.catalog_number[pairs.satellite], record.slot[pairs.row]
    length = parameters.window_slots
    window = [slow_window(*pair, np.uint64(key), length) for pair in zip(slot, number, strict=True)]
    log_weight = np.where(record.newer, np.log(parameters.newer_weight), 0.0)
    score = observed_scores(
        pairs.sine,
        pairs.north * poleward_fade(LATITUDE_DEG, parameters),
        log_weight[pairs.satellite],
        uniforms(seed, Purpose.PREFERENCE_SLOW, window, number, key),
        uniforms(seed, Purpose.PREFERENCE_FAST, slot, number, key),
        parameters,
    )
    out = np.full(len(record.slot), -1)
    best = np.lexsort((score, pairs.row))
    last = np.flatnonzero(np.diff(pairs.row[best], append=-1))
    out[pairs.row[best][last]] = pairs.satellite[best][last]
    return out


def again(slot: Ints, chosen: Ints, lag: int) -> float:
    """Share of slots whose satellite serves again `lag` slots later (record gaps left out)."""
    at = {int(s): int(c) for s, c in zip(slot, chosen, strict=True)}
    same = [at[s] == at[s + lag] for s in at if s + lag in at]
    return float(np.mean(same))


class Sky:
    """Measures of choices, which need the rank of each among all that are above 25 degrees."""

    def __init__(self, record: Record) -> None:
        self.record = record
        local = record.directions()
        self.north = np.where(np.isfinite(local[:, 1]), local[:, 1], 0.0)
        self.sine = np.where(np.isfinite(local[:, 2]), local[:, 2], -1.0)

    def measures(self, chosen: Ints) -> dict[str, float]:
        """Distances are differences of these, between simulated and measured choices."""
        row = np.flatnonzero(chosen >= 0)
        sine, north = self.sine[row, chosen[row]], self.north[row, chosen[row]]
        rank = (self.sine[row] > sine[:, None]).sum(axis=1) + 1
        elevation = np.degrees(np.arcsin(sine))
        quantiles = np.percentile(elevation, [5, 25, 50, 75, 95])
        inclination = self.record.inclination_deg[chosen[row]]
        slot = self.record.slot[row]
        out = {f"elevation p{p}": float(q) for p, q in zip((5, 25, 50, 75, 95), quantiles, strict=True)}
        out["poleward share"] = float(np.mean(north > 0.0))
        out["median rank"] = float(np.median(rank))
        out["share highest"] = float(np.mean(rank == 1))
        out["53 deg share"] = float(np.mean(np.abs(inclination - 53.0) < 1.0))
        out["newer share"] = float(np.mean(self.record.newer[chosen[row]]))
        for lag in range(1, 7):
            out[f"again after {lag}"] = again(slot, chosen[row], lag)
        return out


def simulated_measures(
    sky: Sky, pairs: Pairs, seeds: range, parameters: ObservedParameters = OBSERVED
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation of each measure over seeds; a seed gives as many slots as were measured."""
    runs = [sky.measures(simulate(sky.record, pairs, seed, parameters)) for seed in seeds]
    mean = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    spread = {key: float(np.std([run[key] for run in runs], ddof=1)) for key in runs[0]}
    return mean, spread


# ---------------------------------------------------------------- tables


def cone_table(record: Record) -> None:
    """Which cone the choices support: choices it excludes, and the likelihood with those as stray ones."""
    print("\n## Cone (GSO avoidance 18 degrees)")
    print("full  tilt  azimuth  outside  -log likelihood (stray choices uniform)")
    everything = usable_pairs(record, OPEN_SKY)
    crowd = len(everything.row) / len(record.slot)
    poleward = [Dish(f, t, 0.0) for f in (100.0, 110.0) for t in (0.0, 20.0, 25.0, 27.0, 30.0)]
    turned = [Dish(f, t, 311.0) for f in (100.0, 110.0, 120.0) for t in (14.0, 17.0, 20.0, 23.0)]
    around = [Dish(110.0, 20.0, a) for a in (291.0, 301.0, 321.0, 331.0)]
    for dish in [Dish(360.0), *poleward, *turned, *around]:
        pairs = usable_pairs(record, dish)
        fit = fit_logit(record, pairs, chosen_features(record, pairs))
        stray = max(fit.outside, 1) / len(record.slot)
        total = -fit.log_likelihood - fit.slots * np.log1p(-stray) - fit.outside * np.log(stray / crowd)
        cone = f"{dish.field_of_view:4.0f} {dish.tilt:5.0f} {dish.azimuth:8.0f}"
        print(f"{cone} {fit.outside:8d} {total:10.1f}")


def chosen_features(record: Record, pairs: Pairs) -> Floats:
    """Features of the chosen model: newer, sine, sine^2, north; (P, 4)."""
    newer = record.newer[pairs.satellite].astype(np.float64)
    return np.stack([newer, pairs.sine, pairs.sine**2, pairs.north], axis=-1)


def model_table(record: Record) -> None:
    """Alternatives by AIC, behind the filters that the choices support."""
    pairs = usable_pairs(record, LOUVAIN)
    table = feature_table(record, pairs)
    print(f"\n## Models ({len(pairs.row) / len(record.slot):.1f} usable a slot)")
    base = ("newer", "sine", "sine^2")
    for names in (
        (),
        ("newer",),
        ("sine", "sine^2", "north"),
        base,
        ("newer", "sine", "north"),
        ("newer", "log sine", "north"),
        (*base, "poleward half"),
        (*base, "arc"),
        (*base, "north"),
        (*base, "north", "arc"),
        (*base, "north", "east"),
        (*base, "north", "70/98 deg"),
    ):
        x = np.stack([table[name] for name in names], axis=-1) if names else np.zeros((len(pairs.row), 0))
        fit = fit_logit(record, pairs, x) if names else uniform_fit(record, pairs)
        numbers = ", ".join(f"{b:.2f}±{e:.2f}" for b, e in zip(fit.coefficients, fit.errors, strict=True))
        print(f"AIC {fit.aic:7.1f}  {' + '.join(names) or 'uniform'}: {numbers}")


def uniform_fit(record: Record, pairs: Pairs) -> LogitFit:
    """Score the model without features: every usable satellite alike."""
    part, group, outside = choices_within(record, pairs)
    hit = (pairs.satellite == record.chosen[pairs.row])[part]
    p = probabilities(np.zeros(len(group)), group)
    return LogitFit(np.zeros(0), np.zeros((0, 0)), float(np.log(p[hit]).sum()), int(group.max()) + 1, outside)


def halves_table(record: Record) -> None:
    """Fit one half of the slots, score the other: nats a slot better than a uniform choice."""
    print("\n## Halves")
    pairs = usable_pairs(record, LOUVAIN)
    middle, end = len(record.slot) // 2, len(record.slot)
    halves = [pairs.within(0, middle), pairs.within(middle, end)]
    fits = [fit_logit(record, half, chosen_features(record, half)) for half in halves]
    for own, other in ((0, 1), (1, 0)):
        half = halves[other]
        part, group, _ = choices_within(record, half)
        hit = (half.satellite == record.chosen[half.row])[part]
        flat = uniform_fit(record, half)
        utility = chosen_features(record, half)[part] @ fits[own].coefficients
        moved = np.log(probabilities(utility, group)[hit])
        own_gain = (fits[other].log_likelihood - flat.log_likelihood) / flat.slots
        moved_gain = (float(moved.sum()) - flat.log_likelihood) / flat.slots
        text = ", ".join(f"{k} {v:.3g}±{e:.2g}" for k, (v, e) in chosen_model(fits[own]).items())
        print(f"half {own}: {text}; on the other half {moved_gain:.3f}, its own fit {own_gain:.3f}")


def clock_table(sky: Sky, pairs: Pairs, parameters: ObservedParameters, seeds: range) -> None:
    """Slow clock: mismatch of the six repeat rates, in standard deviations of one simulated record."""
    print("\n## Slow clock\nwindow  share  repeat rates after 1..6   mean squared mismatch")
    keys = [f"again after {lag}" for lag in range(1, 7)]
    measured = sky.measures(sky.record.chosen)
    print("measured      ", *(f"{measured[key]:.3f}" for key in keys))
    for window in (1, 2, 3, 4, 5, 6, 8):
        for share in (0.3, 0.35, 0.4, 0.45) if window > 1 else (0.5,):
            trial = parameters._replace(window_slots=window, slow_share=share)
            mean, spread = simulated_measures(sky, pairs, seeds, trial)
            mismatch = np.mean([((mean[k] - measured[k]) / max(spread[k], 0.005)) ** 2 for k in keys])
            print(f"{window:6d} {share:6.2f} ", *(f"{mean[key]:.3f}" for key in keys), f"{mismatch:6.2f}")


def distance_table(sky: Sky, seeds: range) -> None:
    """Measured beside simulated, for the dish at Louvain and for one that looks poleward."""
    print("\n## Distances\nmeasure, measured, simulated mean ± spread of one record, for each dish")
    measured = sky.measures(sky.record.chosen)
    results = [simulated_measures(sky, usable_pairs(sky.record, d), seeds) for d in (LOUVAIN, POLEWARD)]
    for key, value in measured.items():
        columns = [f"{mean[key]:8.3f} ± {spread[key]:.3f}" for mean, spread in results]
        print(f"{key:16s} {value:8.3f} ", *columns)


def parameter_table(record: Record, pairs: Pairs) -> None:
    """Parameters of the chosen model beside those of the policy."""
    print("\n## Chosen model")
    fit = fit_logit(record, pairs, chosen_features(record, pairs))
    for key, (value, error) in chosen_model(fit).items():
        print(f"{key} {value:.4g} ± {error:.2g} (OBSERVED: {getattr(OBSERVED, key)})")


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder of validation data")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    record = load_record(options.shared)
    pairs = usable_pairs(record, LOUVAIN)
    sky = Sky(record)
    cone_table(record)
    model_table(record)
    parameter_table(record, pairs)
    halves_table(record)
    clock_table(sky, pairs, OBSERVED, range(options.seeds))
    distance_table(sky, range(5 * options.seeds))


if __name__ == "__main__":
    main()
