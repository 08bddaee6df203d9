"""One number for each run: what is chosen, how it is reduced, in which unit, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from made_study import made_study

from bentpipe.errors import InputError
from bentpipe.sweep.measure import candidates

REGIONS = {"region": ("region", ["UA-30", "UA-46"]), "region_name": ("region", ["Kyiv city", "Lviv"]),
           "region_terminals": ("region", [100, 300])}  # fmt: skip
SITES = {"site": ("site", ["kyiv", "lviv"]), "site_name": ("site", ["Kyiv, a home", "Lviv"])}


def numbers(study, name=None):  # type: ignore[no-untyped-def]
    measure = study.measure(name)
    return measure, measure.values.values


def study(**other):  # type: ignore[no-untyped-def]
    return made_study(
        {"load": [0.1, 0.9]},
        {
            "site_rtt_s_mean": (("site",), np.array([[0.04, 0.06], [0.08, np.nan]])),
            "site_served_mean": (("site",), np.array([[1.0, 0.5], [1.0, 0.0]])),
            "region_terminals_connected_mean": (("region",), np.array([[90.0, 150.0], [50.0, 30.0]])),
            "gateway_antennas_in_use_max": (("gateway",), np.array([[4.0, 2.0], [4.0, 4.0]])),
            "site_serving_satellite_min": (("site",), np.zeros((2, 2))),
            "handovers": (("slot",), np.array([[1, 2, 3], [0, 0, 0]], np.int32)),
        },
        places=REGIONS | SITES, **other,
    )  # fmt: skip


def test_terminals_connected_come_first_as_a_share_of_those_placed() -> None:
    measure, values = numbers(study())
    assert measure.name == "region_terminals_connected_mean"
    assert measure.unit == "share"
    assert values == pytest.approx([240 / 400, 80 / 400])
    assert measure.rule == "mean over time; sum over the 2 regions; over the 400 terminals placed"
    assert "of those placed" in measure.words


def test_they_are_counted_where_the_study_varies_how_many_there_are() -> None:
    measure, values = numbers(study(keys={"load": ["terminals.total"]}))
    assert measure.unit == "1"
    assert values == pytest.approx([240, 80])


def test_without_terminals_the_round_trip_of_the_sites_comes_first() -> None:
    made = study()
    made.dataset["region_terminals_connected_mean"][:] = 0.0
    measure, values = numbers(made)
    assert measure.name == "site_rtt_s_mean"
    assert measure.unit == "s"
    assert values == pytest.approx([0.05, 0.08])
    assert measure.rule == "mean over time; mean over the 2 sites"


@pytest.mark.parametrize(
    ("name", "expected", "unit", "rule"),
    [
        ("site_rtt_s_mean@kyiv", [0.04, 0.08], "s", "mean over time; site kyiv"),
        ("site_rtt_s_mean@LVIV", [0.06, np.nan], "s", "mean over time; site lviv"),
        ("site_rtt_s_mean@max", [0.06, 0.08], "s", "mean over time; max over the 2 sites"),
        ("site_served_mean", [0.75, 0.5], "share", "mean over time; mean over the 2 sites"),
        ("region_terminals_connected_mean@UA-46", [150, 30], "1", "mean over time; region UA-46"),
        ("gateway_antennas_in_use_max", [6, 8], "1", "largest over time; sum over the 2 gateways"),
        ("gateway_antennas_in_use_max@mean", [3, 4], "1", "largest over time; mean over the 2 gateways"),
        ("handovers", [2, 0], "1", "mean over time"),
    ],
)
def test_a_variable_becomes_one_number(name: str, expected: list[float], unit: str, rule: str) -> None:
    measure, values = numbers(study(), name)
    assert values == pytest.approx(expected, nan_ok=True)
    assert (measure.unit, measure.rule) == (unit, rule)
    assert measure.name.lower() == name.lower()


def test_a_run_that_is_not_there_has_no_measure() -> None:
    for name in ("handovers", "region_terminals_connected_mean", "gateway_antennas_in_use_max"):
        _, values = numbers(study(complete=[True, False]), name)
        assert np.isnan(values).tolist() == [False, True]


def test_names_of_satellites_are_no_measure() -> None:
    made = study()
    assert "site_serving_satellite_min" not in candidates(made.dataset, made.dims)
    assert candidates(made.dataset, made.dims)[0] == "region_terminals_connected_mean"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("site_rtt_s_maen", "did you mean 'site_rtt_s_mean'"),
        ("site_rtt_s_mean@kiev", "did you mean 'kyiv'"),
        ("handovers@kyiv", "nothing of this name in the variable"),
    ],
)
def test_what_is_wrong_is_told(name: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        study().measure(name)


def test_services_do_not_add_up() -> None:
    works = np.array([[[9.0, 4.0], [1.0, 2.0]], [[8.0, 0.0], [2.0, 2.0]]])  # load, region, service
    held = made_study(
        {"load": [0.1, 0.9]},
        {"region_service_works_mean": (("region", "service"), works)},
        places={**REGIONS, "service": ("service", ["voice", "web"])},
    )
    measure, values = numbers(held, "region_service_works_mean@web")
    np.testing.assert_array_equal(values, [6.0, 2.0])
    assert "service web" in measure.rule and "sum over the 2 regions" in measure.rule
    assert numbers(held, "region_service_works_mean@UA-30,voice")[1].tolist() == [9.0, 8.0]
    with pytest.raises(InputError, match=r"services do not add up: name one.*voice, web.*works_mean@voice"):
        held.measure("region_service_works_mean")
    with pytest.raises(InputError, match=r"nothing that is one number for a run.*region_service_works_mean@voice"):
        held.measure()
