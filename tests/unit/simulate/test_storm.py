"""Losses that are drawn: storms, gateways by share, lasers; each depends on absolute time and on keys alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from corner import TEXT, corner, event

from bentpipe.earth import geomagnetic_latitude_deg
from bentpipe.errors import ScenarioError
from bentpipe.scenario import LaserLoss, parse_scenario
from bentpipe.simulate.effects import compared_slots
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.recipe import State, advance
from bentpipe.simulate.world import World, seed_worlds, world_state

START = 1666605720.0  # 2022-10-24T10:02:00Z
STORM = 'start = 2022-10-24T10:02:00Z\nduration = "{hours}"\nabove_latitude_deg = {above}\nshare = {share}\n'


def storm(above: float = 55.0, share: float = 1.0, hours: str = "6h", more: str = "") -> str:
    return event("storm", STORM.format(above=above, share=share, hours=hours) + more)


def states(prepared: Prepared, people: int = 0) -> World:
    return world_state(prepared, np.array(prepared.slots), people)


def test_a_satellite_stops_at_its_first_passage_and_not_before() -> None:
    """Against a loop over satellites and minutes."""
    prepared = corner(storm(), time__duration="4h")
    world = states(prepared)
    stops = np.full(576, np.inf)
    for minute in range(192):
        at = START + 60.0 * minute
        (position,) = prepared.propagator.earth_fixed_positions(
            np.array([at]), prepared.orientation.ut1_minus_utc(np.array([at]))
        )
        latitude = geomagnetic_latitude_deg(position)
        for n in range(576):
            if abs(latitude[n]) >= 55.0 and np.isinf(stops[n]):
                stops[n] = at
    assert 0 < np.isfinite(stops).sum() < 576  # not every satellite of 53 degrees gets there
    assert len(np.unique(stops)) > 50
    np.testing.assert_array_equal(world.satellite_up, world.unix_s[:, None] < stops)
    np.testing.assert_array_equal(world.laser_up, world.satellite_up)


def test_a_share_of_those_that_pass_stop_and_each_draws_once() -> None:
    whole, part = (states(corner(storm(share=s), time__duration="4h")) for s in (1.0, 0.4))
    lost, some = ~whole.satellite_up[-1], ~part.satellite_up[-1]
    assert not (some & ~lost).any()
    assert some.sum() / lost.sum() == pytest.approx(0.4, abs=0.08)
    assert (np.diff(part.satellite_up.astype(int), axis=0) <= 0).all()  # nobody comes back, nobody is drawn anew
    np.testing.assert_array_equal(~part.satellite_up, ~whole.satellite_up & some)


def test_they_come_back_after_the_recovery_even_if_the_storm_is_over() -> None:
    forever, healed = (
        states(corner(storm(hours="1h", more=more), time__duration="4h")) for more in ("", 'recovery = "90m"')
    )
    over = forever.unix_s >= START + 3600.0
    assert forever.satellite_up[over].all() and not forever.satellite_up[~over].all()
    stopped = ~forever.satellite_up[~over]
    down = ~healed.satellite_up
    assert down[over].any() and not down[-1].any()
    some = np.flatnonzero(stopped.any(axis=0))
    assert (down[:, some].sum(axis=0) == 360).all()  # slots of 15 s in 90 minutes
    assert not np.delete(down, some, axis=1).any()


def test_nobody_passes_the_pole_and_everybody_the_equator() -> None:
    assert states(corner(storm(above=89.0), time__duration="4h")).satellite_up.all()
    world = states(corner(storm(above=0.0)))
    at = world.unix_s >= START
    assert not world.satellite_up[at].any() and world.satellite_up[~at].all()


@pytest.mark.parametrize(
    "text",
    [storm(share=0.5), storm(hours="3m", share=0.5, more='recovery = "2m"'), event("gateway-loss", "share = 0.5")],
    ids=["storm", "recovery", "gateways"],
)
def test_whole_is_chunked_and_does_not_rest_on_where_the_run_starts(text: str) -> None:
    early, late = corner(text), corner(text, time__start="2022-10-24T10:04:00Z", time__duration="5m")
    slots = np.array(late.slots)
    whole = world_state(early, slots)
    for other in (world_state(late, slots), *(world_state(early, slots[i : i + 1]) for i in (0, 7, 19))):
        rows = np.searchsorted(slots, late.clock.starting_from(float(other.unix_s[0]), 15.0 * len(other.unix_s)))
        for name in ("satellite_up", "laser_up", "antennas"):
            np.testing.assert_array_equal(getattr(other, name), getattr(whole, name)[rows])
    block, _ = advance(early, State(), early.slots)
    for cut in (7, 22):
        part, _ = advance(early, State(), early.slots[cut:])
        np.testing.assert_array_equal(part.satellite, block.satellite[cut:])


def test_a_storm_whose_satellites_are_still_out_belongs_to_the_run() -> None:
    text = event(
        "storm",
        "start = 2022-10-24T08:00:00Z\nend = 2022-10-24T09:30:00Z\nabove_latitude_deg = 55\nshare = 1\n"
        'recovery = "45m"\n',
    )
    prepared = corner(text)
    world = states(prepared)
    assert not world.active.any() and 0 < (~world.satellite_up[0]).sum() < 576
    assert len(compared_slots(prepared, prepared.scenario.disruptions[0])) > 0
    with pytest.raises(ScenarioError, match="lies outside the run"):
        corner(text.replace("45m", "10m"))


def test_gateways_are_drawn_by_share_and_each_seed_draws_its_own() -> None:
    prepared = corner(event("gateway-loss", "share = 0.5"), seeds=16)
    worlds = seed_worlds(prepared, np.array(prepared.slots))
    lost = np.array([world.antennas[0] == 0 for world in worlds])
    assert 0.25 < lost.mean() < 0.75 and len({tuple(row) for row in lost.tolist()}) > 2
    for i in (0, 7):
        np.testing.assert_array_equal(worlds[i].antennas, states(prepared, i).antennas)
    assert (states(corner(event("gateway-loss", "share = 1"))).antennas == 0).all()
    assert (states(corner(event("gateway-loss", "share = 0"))).antennas == 2).all()


def with_lasers_lost(**keys: Any) -> Prepared:
    """An event that a scenario file cannot name before satellites have lasers."""
    loss = LaserLoss(kind="laser-loss", id="dark", title="Dark", tag="hypothetical", **keys)
    scenario = parse_scenario(TEXT)
    return prepare(scenario.model_copy(update={"disruptions": (loss,)}), seeds=2)


def test_lasers_are_lost_by_plane_share_or_all_and_satellites_stay() -> None:
    plane = states(with_lasers_lost(shell=0, planes=(0, 2)))
    assert (~plane.laser_up).sum(axis=1).max() == 48 and plane.satellite_up.all()
    assert not states(with_lasers_lost(all=True)).laser_up.any()
    prepared = with_lasers_lost(share=0.3)
    first, second = (~states(prepared, i).laser_up for i in (0, 1))
    assert first[0].mean() == pytest.approx(0.3, abs=0.06) and not np.array_equal(first, second)
    one, two = seed_worlds(prepared, np.array(prepared.slots))
    np.testing.assert_array_equal(~two.laser_up, second)
    np.testing.assert_array_equal(one.satellite_up, two.satellite_up)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (event("gateway-loss"), "none or both ways which gateways stop"),
        (event("gateway-loss", 'gateways = ["west"]\nshare = 0.1'), "exactly one of gateways, share"),
        (event("gateway-loss", "share = 1.5"), "out of range"),
        (event("gateway-loss", 'share = "half"'), "text where a number belongs"),
        (event("satellite-loss"), "exactly one of satellites, shell with planes, share"),
        (event("satellite-loss", "shell = 0"), "needs shell and planes"),
        (event("satellite-loss", "shell = 1\nplanes = [0]"), "no such shell; found 1"),
        (event("satellite-loss", "shell = 0\nplanes = [24]"), "no such plane of shell 0"),
        (event("satellite-loss", "shell = 0\nplanes = [1, 1]"), "a plane is named twice"),
        (event("laser-loss", "all = true"), "no lasers"),
        (event("laser-loss"), "exactly one of satellites, shell with planes, share, all = true"),
        (event("laser-loss", "share = 0.1\nall = true"), "none or several ways which lasers"),
        (event("storm", 'share = 0.1\nduration = "1h"'), "above_latitude_deg"),
        (event("storm", "share = 0.1\nabove_latitude_deg = 50"), "a storm without a start"),
        (storm(above=91.0), "degrees of geomagnetic latitude"),
        (storm(more='recovery = "soon"'), "not a duration"),
        (storm().replace("hypothetical", "assumed"), "a storm that nobody reports is hypothetical"),
    ],
)
def test_nonsense_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        corner(text)


def test_planes_of_built_in_shells_are_checked_too() -> None:
    text = TEXT[: TEXT.index("[[constellation.shells]]")].replace('"shells"', '"licensed"')
    text += TEXT[TEXT.index("[territory]") :] + event("satellite-loss", "shell = 0\nplanes = [700]")
    with pytest.raises(ScenarioError, match="no such plane of shell 0; found \\[700\\]"):
        prepare(parse_scenario(text))
