"""The map: projection, classes, labels, hatching, and the image for very many cells."""

import base64
import re
import zlib

import h3
import numpy as np
import pytest
from finished_run import make_run

from bentpipe.earth.greatcircle import great_circle_m
from bentpipe.report.map import Labels, draw_map, share_class
from bentpipe.report.outlines import Outlines, outlines_for, outlines_of_cells
from bentpipe.report.projection import Projection, projection_for
from bentpipe.report.reading import read


def draw(run, **options):
    return draw_map(read(run), options.pop("outlines", Outlines()), options.pop("exact_sites", False), "simulated")


def test_classes_have_fixed_edges():
    shares = np.array([np.nan, 0.0, 0.4999, 0.5, 0.8999, 0.9, 0.99, 1.0])
    assert share_class(shares).tolist() == [-1, 0, 0, 1, 3, 4, 6, 6]


def test_the_projection_keeps_areas_and_distances_near_its_centre():
    sheet = Projection(48.5, 31.0, False)
    lat, lon = np.array([48.5, 49.5, 48.5]), np.array([31.0, 31.0, 32.0])
    x, y = sheet.forward(lat, lon)
    assert (x[0], y[0]) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6))
    for i in (1, 2):
        assert np.hypot(x[i], y[i]) == pytest.approx(float(great_circle_m(48.5, 31.0, lat[i], lon[i])), rel=1e-4)


@pytest.mark.parametrize("world", [False, True])
def test_the_projection_can_be_undone(world):
    sheet = Projection(0.0 if world else -18.0, 178.0, world)
    lat, lon = np.array([-17.0, -20.0, -14.0]), np.array([179.5, -179.0, 170.0])
    back = sheet.inverse(*sheet.forward(lat, lon))
    np.testing.assert_allclose(back[0], lat, atol=1e-9)
    np.testing.assert_allclose((back[1] - lon + 180) % 360 - 180, 0, atol=1e-9)


def test_a_territory_across_the_180th_meridian_stays_whole():
    lat, lon = np.array([-16.0, -19.0, -17.5]), np.array([177.0, -178.0, 179.9])
    sheet = projection_for(lat, lon)
    assert not sheet.world
    assert np.ptp(sheet.forward(lat, lon)[0]) < 600e3


def test_points_over_both_hemispheres_take_the_world():
    assert projection_for(np.array([50.0, -40.0, 10.0]), np.array([-120.0, 140.0, 10.0])).world


def test_labels_never_overlap():
    labels = Labels(400)
    assert labels.find("Kyiv", 12, [(200, 200)]) == (200, 200)
    assert labels.find("Kyiv region", 12, [(205, 203), (200, 240)]) == (200, 240)
    assert labels.find("Beyond", 12, [(2, 2)]) is None


def test_cells_without_terminals_are_hatched_and_every_cell_is_drawn(tmp_path):
    run = make_run(tmp_path)
    drawn = draw(run)
    empty = int((run.dataset["terminals"].values == 0).sum())
    assert drawn.hatched == empty > 0
    assert sum(count for _, _, count in drawn.classes) == run.dataset.sizes["cell"] - empty
    assert len(re.findall(r'<path class="k\d"', drawn.svg)) == run.dataset.sizes["cell"] - empty
    assert 'fill="url(#hatch)"' in drawn.svg
    assert "% of the time" in drawn.svg


def test_sites_are_coarsened_unless_exact(tmp_path):
    run = make_run(tmp_path)
    assert "positions are not shown" in draw(run).svg
    assert "Hospital no. 1" not in draw(run).svg
    assert "Hospital no. 1" in draw(run, exact_sites=True).svg


def test_moving_a_site_within_its_region_changes_nothing(tmp_path):
    run = make_run(tmp_path)
    moved = run.dataset.assign_coords(site_latitude_deg=run.dataset["site_latitude_deg"] + 0.2)
    assert draw(run).svg == draw(type(run)(run.path, run.manifest, moved)).svg


def test_very_many_cells_become_an_image(tmp_path):
    cells = sorted(h3.compact_cells([]) or (c for b in h3.get_res0_cells() for c in h3.cell_to_children(b, 2)))
    cells = sorted({child for cell in cells for child in h3.cell_to_children(cell, 3)})[:7000]
    drawn = draw(make_run(tmp_path, cells=cells, slots=2))
    body = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", drawn.svg).group(1))
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    wide = int.from_bytes(body[16:20], "big")
    tall = int.from_bytes(body[20:24], "big")
    start = body.index(b"IDAT")
    length = int.from_bytes(body[start - 4 : start], "big")
    assert len(zlib.decompress(body[start + 4 : start + 4 + length])) == tall * (wide + 1)
    assert len(drawn.svg) < 300_000


def test_no_cells_no_map(tmp_path):
    assert draw(make_run(tmp_path, cells=[])) is None


def test_borders_of_regions_follow_their_cells(tmp_path):
    reading = read(make_run(tmp_path, resolution=3))
    rings = outlines_of_cells(reading).regions
    assert len(rings) >= 5
    assert all(ring.shape[1] == 2 for ring in rings)


def test_countries_around_come_from_the_geodata(tmp_path):
    found = outlines_for(read(make_run(tmp_path, resolution=3)))
    assert len(found.around) > 5
    assert "Natural Earth" in found.source


def test_sites_of_very_many_regions_are_small_marks_that_say_their_number(tmp_path, monkeypatch):
    run = make_run(tmp_path, slots=2, resolution=3, regions=5, sites=8)
    assert 'class="site-count"' in draw(run).svg
    monkeypatch.setattr("bentpipe.report.map.NUMBERED_REGIONS", 4)
    small = draw(run).svg
    assert 'class="site-count"' not in small
    assert small.count('<circle class="site"') == 5 and "2 sites in Kyiv" in small
    assert set(re.findall(r'class="site" cx="[\d.]+" cy="[\d.]+" r="([\d.]+)"', small)) == {"4.5", "5.5"}
