"""In service or not: shells against strings, on constellations made up for the purpose."""

from __future__ import annotations

from pathlib import Path

import element_files as made
import numpy as np
import pytest

from bentpipe.catalog.elements import ElementSet, Reason, in_service, load_elements
from bentpipe.errors import ElementsError


def elements(tmp_path: Path, records: list[dict[str, object]]) -> ElementSet:
    path = tmp_path / "sets.json"
    path.write_text(made.as_json(records))
    return load_elements(path)


def reasons(tmp_path: Path, records: list[dict[str, object]], **options: object) -> dict[Reason, int]:
    return in_service(elements(tmp_path, records), **options).counts()  # type: ignore[arg-type]


SHELL = made.shell(550.0, 53.0, 24, 11, 1000)


def test_a_filled_shell_serves(tmp_path: Path) -> None:
    got = in_service(elements(tmp_path, SHELL))
    assert got.mask.all()
    (only,) = got.clusters
    assert only.is_shell and only.satellites == 24 * 11
    assert only.inclination_deg == 53.0
    assert only.altitude_km == pytest.approx(550.0, abs=5.0)
    assert only.bunching < 0.1 and only.sectors == 24


def test_parked_strings_at_one_altitude_do_not_serve(tmp_path: Path) -> None:
    """Ten strings parked at 350 km, their planes spread around the globe: only the bunching tells them."""
    parked = [s for k in range(10) for s in made.string(350.0, 53.0, 36.0 * k, 20, 5000 + 100 * k)]
    assert reasons(tmp_path, SHELL + parked) == {Reason.ON_STATION: 264, Reason.STRING: 200}


def test_climbing_and_sinking_satellites_are_told_by_their_drift(tmp_path: Path) -> None:
    strays = [
        made.record(9000 + k, MEAN_MOTION=made.mean_motion(380.0 + 7.0 * k), INCLINATION=53.0, MEAN_MOTION_DOT=dot)
        for k, dot in enumerate((-0.01, -0.01, 0.01, 0.0))
    ]
    assert reasons(tmp_path, SHELL + strays) == {
        Reason.ON_STATION: 264,
        Reason.RAISING: 2,
        Reason.LOWERING: 1,
        Reason.OFF_STATION: 1,
    }


def test_a_satellite_passing_through_a_shell_does_not_serve(tmp_path: Path) -> None:
    passing = made.record(9000, MEAN_MOTION=made.mean_motion(550.0), INCLINATION=53.0, MEAN_MOTION_DOT=-0.012)
    assert reasons(tmp_path, [*SHELL, passing])[Reason.PASSING] == 1


def test_two_shells_close_in_altitude_and_inclination_stay_apart(tmp_path: Path) -> None:
    got = in_service(elements(tmp_path, SHELL + made.shell(540.0, 53.2, 24, 11, 2000)))
    assert sorted((c.satellites, c.inclination_deg) for c in got.shells) == [(264, 53.0), (264, 53.2)]


def test_a_young_shell_of_one_even_plane_serves_and_an_uneven_one_does_not(tmp_path: Path) -> None:
    even = [r for r in made.shell(570.0, 70.0, 36, 18, 3000) if r["RA_OF_ASC_NODE"] == 0.0]
    assert reasons(tmp_path, SHELL + even) == {Reason.ON_STATION: 264 + 18}
    assert reasons(tmp_path, SHELL + made.string(570.0, 70.0, 0.0, 18, 3000))[Reason.STRING] == 18


def test_mixed_epochs_are_brought_to_one_date(tmp_path: Path) -> None:
    """The same sky, every other set written five days later: planes and phases must come together again."""
    from bentpipe.catalog.elements.motion import secular_rates

    base = elements(tmp_path, SHELL)
    rates = secular_rates(base.mean_motion_rad_per_min, base.eccentricity, base.inclination_rad)
    node, latitude = np.degrees(rates[0][0]) * 86400 * 5, np.degrees(rates[1][0]) * 86400 * 5
    later = [
        r
        | {
            "EPOCH": "2022-10-29T12:00:00.123456",
            "RA_OF_ASC_NODE": (float(str(r["RA_OF_ASC_NODE"])) + node) % 360.0,
            "MEAN_ANOMALY": (float(str(r["MEAN_ANOMALY"])) + latitude) % 360.0,
        }
        for r in SHELL[::2]
    ]
    one, mixed = in_service(base), in_service(elements(tmp_path, SHELL[1::2] + later))
    assert mixed.mask.all()
    assert (mixed.clusters[0].sectors, mixed.clusters[0].largest_gap_deg) == (24, 15.0)
    assert mixed.clusters[0].bunching == pytest.approx(one.clusters[0].bunching, abs=0.02)


def test_a_satellite_with_old_elements_is_stale(tmp_path: Path) -> None:
    lost = SHELL[0] | {"NORAD_CAT_ID": 9, "EPOCH": "2022-09-01T00:00:00"}
    assert reasons(tmp_path, [*SHELL, lost]) == {Reason.ON_STATION: 264, Reason.STALE: 1}


def test_satellites_launched_after_the_date_do_not_serve(tmp_path: Path) -> None:
    newer = [r | {"OBJECT_ID": "2022-125A"} for r in SHELL[:3]]
    assert reasons(tmp_path, newer + SHELL[3:], date="2021-06-01") == {Reason.ON_STATION: 261, Reason.NOT_LAUNCHED: 3}
    assert reasons(tmp_path, newer + SHELL[3:], date="2022-10-24T06:00:00+02:00") == {Reason.ON_STATION: 264}


def test_few_satellites_are_all_taken_to_serve_and_it_is_said(tmp_path: Path) -> None:
    assert reasons(tmp_path, SHELL[:20]) == {Reason.TOO_FEW_TO_JUDGE: 20}


def test_include_and_exclude_override_the_data(tmp_path: Path) -> None:
    stray = made.record(9000, MEAN_MOTION=made.mean_motion(400.0))
    sets = elements(tmp_path, [*SHELL, stray])
    got = in_service(sets, include=[9000], exclude=[1000, 1001])
    assert got.counts() == {Reason.ON_STATION: 262, Reason.INCLUDED: 1, Reason.EXCLUDED: 2}
    assert got.mask.sum() == 263
    with pytest.raises(ElementsError, match="include is not in the element sets") as caught:
        in_service(sets, include=[1, 1000], exclude=[2, 1000])
    assert len(caught.value.faults) == 3


def test_a_bad_date_is_named(tmp_path: Path) -> None:
    with pytest.raises(ElementsError, match="not a date"):
        in_service(elements(tmp_path, SHELL[:3]), "soon")


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    parked = made.string(350.0, 53.0, 40.0, 20, 5000)
    records = SHELL + parked
    shuffled = [records[at] for at in np.random.default_rng(1).permutation(len(records))]
    one, other = elements(tmp_path, records), elements(tmp_path, shuffled)
    serve = set(one.catalog_number[in_service(one).mask].tolist())
    assert serve == set(other.catalog_number[in_service(other).mask].tolist())


def test_every_reason_has_words() -> None:
    assert all(reason.text for reason in Reason)
    assert [reason.name for reason in Reason if reason.serves] == ["ON_STATION", "INCLUDED", "TOO_FEW_TO_JUDGE"]
