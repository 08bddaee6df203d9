"""What is there, slot by slot: each kind of disruption does what it says, where it says, and when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corner import corner, event

from bentpipe.errors import ScenarioError
from bentpipe.simulate.alone import seed_samples
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.run import sampled_slots
from bentpipe.simulate.world import World, same_sky, seed_worlds, world_state

HALF = "start = 2022-10-24T10:05:00Z\nend = 2022-10-24T10:08:00Z\n"


def states(prepared: Prepared, people: int = 0) -> World:
    return world_state(prepared, np.array(prepared.slots), people)


def during(prepared: Prepared) -> np.ndarray:
    return states(prepared).active[:, 0]


def test_nothing_breaks_by_itself() -> None:
    prepared = corner()
    world = states(prepared)
    assert world.active.shape == (40, 0)
    assert world.allowed.all() and world.satellite_up.all() and not world.terrestrial_down.any()
    np.testing.assert_array_equal(world.antennas, np.full((40, 2), 2))
    np.testing.assert_array_equal(world.ready, np.tile(prepared.people[0].total, (40, 1)))
    np.testing.assert_allclose(world.fibre_route_m[0], prepared.ground.fibre_route_m[[0, 1], [0, 1]])


def test_a_window_holds_from_its_start_up_to_its_end() -> None:
    prepared = corner(event("gateway-loss", HALF + 'gateways = ["west"]'))
    world = states(prepared)
    time = world.unix_s - world.unix_s[0] + 12.0
    np.testing.assert_array_equal(world.active[:, 0], (time >= 300.0) & (time < 480.0))
    np.testing.assert_array_equal(world.antennas[:, 0] == 0, world.active[:, 0])
    assert (world.antennas[:, 1] == 2).all()


def test_a_lost_point_of_presence_fails_over_and_fibre_does_not() -> None:
    lost = corner(event("pop-loss", HALF + 'pops = ["frankfurt"]'))
    world, on = states(lost), during(lost)
    np.testing.assert_allclose(world.fibre_route_m[on, 0], lost.ground.fibre_route_m[0, 1])
    np.testing.assert_allclose(world.fibre_route_m[~on, 0], lost.ground.fibre_route_m[0, 0])
    assert (world.antennas == 2).all()
    both = states(corner(event("pop-loss", HALF + 'pops = ["frankfurt", "sofia"]')))
    assert (both.antennas[on] == 0).all() and (both.antennas[~on] == 2).all()
    cut = states(corner(event("fibre-loss", HALF + 'gateways = ["west"]')))
    assert (cut.antennas[on, 0] == 0).all() and (cut.antennas[:, 1] == 2).all()


def test_satellites_are_lost_by_plane_or_share_and_each_seed_draws_its_own() -> None:
    plane = states(corner(event("satellite-loss", HALF + "shell = 0\nplanes = [0, 2]")))
    assert (~plane.satellite_up).sum(axis=1).max() == 48
    prepared = corner(event("satellite-loss", HALF + "share = 0.3"), seeds=2)
    on = during(prepared)
    first, second = (~states(prepared, i).satellite_up[on] for i in (0, 1))
    assert first[0].mean() == pytest.approx(0.3, abs=0.06)
    assert (first == first[0]).all()
    assert not np.array_equal(first, second)


def test_an_area_closes_inside_it_only() -> None:
    prepared = corner(event("jamming", HALF + "centre = [50.4, 30.5]\nradius_km = 60"))
    world, on = states(prepared), during(prepared)
    inside = prepared.territory.area((), (), (50.4, 30.5), 60e3)
    assert 0 < inside.sum() < len(inside)
    assert not world.allowed[np.ix_(on, inside)].any() and world.allowed[:, ~inside].all()
    assert not world.ready[np.ix_(on, inside)].any()
    region = corner(event("licence-withdrawn", HALF + 'regions = ["UA-32"]'))
    closed = ~states(region).allowed[on][0]
    np.testing.assert_array_equal(closed, region.territory.area(["UA-32"]))


def test_a_ground_network_outage_holds_for_its_share_everywhere_unless_it_names_regions() -> None:
    everywhere = corner(event("terrestrial-outage", HALF + "share = 0.4"))
    down, on = states(everywhere).terrestrial_down, during(everywhere)
    np.testing.assert_allclose(down[on], 0.4)
    assert not down[~on].any()
    named = corner(event("terrestrial-outage", HALF + 'regions = ["UA-32"]'))
    column = named.territory.region_code.index("UA-32")
    down = states(named).terrestrial_down[on]
    assert (down[:, column] == 1.0).all() and not np.delete(down, column, axis=1).any()


def test_a_power_cut_of_no_region_spares_gateways_abroad() -> None:
    prepared = corner(event("power-cut", HALF + "share = 1.0"))
    world, on = states(prepared), during(prepared)
    assert (world.antennas[:, 0] == 2).all()  # in Poland
    np.testing.assert_array_equal(world.antennas[:, 1] == 0, on)


def test_a_power_cut_can_be_one_abroad() -> None:
    prepared = corner(event("power-cut", HALF + 'regions = ["PL-MZ"]\nshare = 1.0'))
    world, on = states(prepared), during(prepared)
    np.testing.assert_array_equal(world.antennas[:, 0] == 0, on)
    assert (world.antennas[:, 1] == 2).all()
    np.testing.assert_array_equal(world.ready, np.tile(prepared.people[0].total, (40, 1)))
    with pytest.raises(ScenarioError, match="no such region of the territory or of a gateway; found 'DE-HE'"):
        corner(event("power-cut", HALF + 'regions = ["DE-HE"]\nshare = 1.0'))
    with pytest.raises(ScenarioError, match="no such region of the territory; found 'PL-MZ'"):
        corner(event("licence-withdrawn", HALF + 'regions = ["PL-MZ"]'))


def test_each_seed_draws_its_own_dark_gateways() -> None:
    prepared = corner(event("power-cut", 'share = 0.5\npattern = "rolling"\nwindow = "1m"'), seeds=4)
    dark = {tuple((states(prepared, i).antennas[:, 1] == 0).tolist()) for i in range(4)}
    assert len(dark) == 4


@pytest.mark.parametrize("pattern", ["steady", "rolling"])
def test_what_holds_at_an_instant_does_not_rest_on_the_start_of_the_run(pattern: str) -> None:
    text = event("power-cut", f'share = 0.6\npattern = "{pattern}"\nwindow = "3h"')
    # A region's terminals and licence are those of the start; this territory's do not change.
    early = corner(text, time__start="2022-10-24T06:00:00Z", time__duration="5h")
    late = corner(text)
    slots = np.array(late.slots)
    one, two = world_state(early, slots), world_state(late, slots)
    np.testing.assert_array_equal(one.ready, two.ready)
    np.testing.assert_array_equal(one.antennas, two.antennas)
    assert 0 < one.ready.sum() < early.people[0].total.sum() * len(slots)


def test_a_cut_without_a_start_finds_batteries_empty_and_one_with_a_start_finds_them_full() -> None:
    hubs = corner().people[0].terminals.count[1].sum()
    forever = corner(event("power-cut", "share = 1.0"))
    assert not states(forever).ready.any()
    begun = corner(event("power-cut", "share = 1.0\nstart = 2022-10-24T09:00:00Z"))
    assert (states(begun).ready.sum(axis=1) == hubs).all()
    of_a_time = corner(event("power-cut", 'share = 1.0\nduration = "5m"'))  # begins with the run
    assert states(of_a_time).ready.sum(axis=1)[0] == hubs


SITE = '\n[[sites]]\nid = "convoy"\nname = "Convoy"\nkind = "hub"\ntrack = "way.csv"\nbattery_hours = {hours}\n'


def convoy(folder: Path, extra: str, hours: float = 0.0) -> Prepared:
    """A site that goes from 50.0 to 51.0 degrees north in ten minutes, along 30.5 degrees east."""
    rows = "time,lat,lon\n2022-10-24T10:00:00Z,50.0,30.5\n2022-10-24T10:10:00Z,51.0,30.5\n"
    (folder / "way.csv").write_text(rows, encoding="utf-8")
    return corner(SITE.format(hours=hours) + extra, folder=folder)


BOX = "[[50.4, 29.5], [50.6, 29.5], [50.6, 31.5], [50.4, 31.5]]"


@pytest.mark.parametrize(
    "extra",
    [
        event("jamming", f"polygon = {BOX}"),
        event("licence-withdrawn", f"polygon = {BOX}"),
        f"\n[[licence.masks]]\npolygon = {BOX}\nallowed = false\n",
    ],
    ids=["jamming", "licence-withdrawn", "mask"],
)
def test_a_moving_site_is_where_it_is(tmp_path: Path, extra: str) -> None:
    prepared = convoy(tmp_path, extra)
    allowed = states(prepared).allowed[:, -1]
    latitude = prepared.territory.tracks[0][1].along(states(prepared).unix_s)[0]
    np.testing.assert_array_equal(allowed, (latitude <= 50.4) | (latitude >= 50.6))
    assert 0 < allowed.sum() < 40


def test_a_moving_site_enters_a_region(tmp_path: Path) -> None:
    prepared = convoy(tmp_path, event("licence-withdrawn", 'regions = ["UA-30"]'))
    territory, world = prepared.territory, states(prepared)
    lat, lon, _ = territory.tracks[0][1].along(world.unix_s)
    there = territory.region_of(territory.cells_under(lat, lon)) == territory.region_code.index("UA-30")
    assert 0 < there.sum() < 40
    np.testing.assert_array_equal(world.allowed[:, -1], ~there)


@pytest.mark.parametrize("hours", [0.0, 0.05])
def test_a_moving_site_has_the_mains_of_where_it_is_and_a_battery_between(tmp_path: Path, hours: float) -> None:
    prepared = convoy(tmp_path, event("power-cut", "share = 0.5"), hours)
    territory, world = prepared.territory, states(prepared)
    lat, lon, _ = territory.tracks[0][1].along(world.unix_s)
    cell = territory.cells_under(lat, lon)
    # A cell is dark where its homes, which have no batteries, are off.
    homes = prepared.people[0].terminals.count[0, : len(territory.cell_id)]
    at = [int(np.flatnonzero(territory.cell_id == c)[0]) for c in cell]
    assert (homes[at] > 0).all() and len(set(at)) > 2
    dark = world.ready[0, at] < prepared.people[0].total[at]
    assert 0 < dark.sum() < 40
    if hours == 0.0:
        np.testing.assert_array_equal(world.ready[:, -1] == 0, dark)
    since, expected = 0, []
    for t, off in enumerate(dark):
        since = since + 1 if off else 0
        # Where it starts in the dark it has stood there forever.
        forever = bool(dark[: t + 1].all())
        expected.append(bool(off) and (forever or 15.0 * (since - 1) >= 3600.0 * hours))
    np.testing.assert_array_equal(world.ready[:, -1] == 0, expected)
    # A slot's answer does not rest on the slots asked for together with it.
    slots = np.array(prepared.slots)
    for t in (0, 17, 39):
        assert world_state(prepared, slots[t : t + 1]).ready[0, -1] == world.ready[t, -1]
    np.testing.assert_array_equal(world_state(prepared, slots[5::7]).ready, world.ready[5::7])


def test_the_worlds_of_the_seeds_differ_in_what_is_drawn() -> None:
    prepared = corner(event("satellite-loss", HALF + "share = 0.3"), seeds=3)
    slots = np.array(prepared.slots)
    worlds = seed_worlds(prepared, slots)
    for i, world in enumerate(worlds):
        alone = world_state(prepared, slots, i)
        for name in world._fields:
            np.testing.assert_array_equal(getattr(world, name), getattr(alone, name))
    assert not same_sky(worlds[0], worlds[1], 22) and same_sky(worlds[0], worlds[1], 0)
    plain = corner(event("power-cut", 'share = 0.5\nregions = ["UA-30"]'), seeds=3)
    own = seed_worlds(plain, slots)
    assert all(own[i].satellite_up is own[0].satellite_up for i in (1, 2))
    np.testing.assert_array_equal(own[2].ready, world_state(plain, slots, 2).ready)


def test_a_seed_sample_is_what_a_run_under_that_seed_gives() -> None:
    """Also where satellites are lost at random: the seeds are compared under the skies that each of them draws."""
    text = event("satellite-loss", "share = 0.5")
    pair, alone = corner(text, seeds=2), corner(text, seed=6)
    slots = np.array(pair.slots)[::13]
    found, _ = seed_samples(pair, slots)
    np.testing.assert_array_equal(found[:, 1], seed_samples(alone, slots)[0][:, 0])
    assert not np.array_equal(found[:, 1], found[:, 0])


@pytest.mark.parametrize(("duration", "samples"), [("15s", 1), ("2m", 8), ("10m", 14), ("1h", 12), ("24h", 48)])
def test_short_runs_compare_the_seeds_at_about_twelve_slots_too(duration: str, samples: int) -> None:
    found = sampled_slots(corner(time__duration=duration))
    assert len(found) == samples
    stride = np.diff(found)
    assert (found % (stride[0] if len(stride) else 1) == 0).all()
