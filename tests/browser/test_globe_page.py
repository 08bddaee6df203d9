"""The globe in real Chromium: what is drawn is what was computed, and what a user does with it works."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

pytestmark = pytest.mark.browser
api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from globeserver import CHROMIUM, SOFTWARE_GL, Served, make_run, opened, settled  # noqa: E402

GATEWAY = "wola-krobowska"
LOST = f"""
[[disruptions]]
id = "lost"
kind = "gateway-loss"
gateways = ["{GATEWAY}"]
title = "Gateway lost"
tag = "hypothetical"
"""
SHOTS = Path(__file__).resolve().parents[2] / "screenshots"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    base = tmp_path_factory.mktemp("globe")
    return make_run(base), make_run(base, "without-gateway", LOST)


@pytest.fixture(scope="module")
def run(folders):
    import bentpipe

    return bentpipe.open_run(folders[0])


@pytest.fixture(scope="module")
def data(run):
    return run.dataset


@pytest.fixture(scope="module")
def url(folders):
    served = Served(*folders)
    yield served.url
    served.close()


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as play:
        yield play.chromium


@pytest.fixture(scope="module")
def browser(chromium):
    shown = chromium.launch(executable_path=CHROMIUM, args=list(SOFTWARE_GL))
    yield shown
    shown.close()


@pytest.fixture
def page(browser, url):
    shown = opened(browser, url)
    yield shown
    assert shown.complaints == []
    assert {urlsplit(asked).hostname for asked in shown.asked if not asked.startswith(("blob:", "data:"))} == {
        "127.0.0.1"
    }
    shown.close()


PIXELS = """async (places) => {
  const { page, set, state } = window.bentpipe, view = page.a.view;
  set({ layers: Object.fromEntries(Object.keys(state.layers).map((name) => [name, name === "cells"])) });
  page.fly({ latitude_deg: 48.9, longitude_deg: 31.5 }, 1400);
  await page.refresh();
  const picture = await createImageBitmap(await view.picture());
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const c = canvas.getContext("2d", { willReadFrequently: true });
  c.drawImage(picture, 0, 0);
  const scale = picture.width / page.a.host.clientWidth;
  const colours = await import("/static/colours.js"), stage = await import("/static/stage.js");
  const given = colours.colours(page.a.values, stage.colourRule(page.variable(), { theme: page.theme }));
  const land = page.theme === "dark" ? [32, 36, 41] : [248, 247, 243];
  return places.flatMap(([i, latitude, longitude]) => {
    const at = view.projectGround(view._placed(latitude, longitude));
    if (!at || at[0] < 2 || at[1] < 2 || at[0] > view.width - 2 || at[1] > view.height - 2) return [];
    const seen = [...c.getImageData(Math.round(at[0] * scale), Math.round(at[1] * scale), 1, 1).data].slice(0, 3);
    const alpha = given[4 * i + 3] / 255;
    return [[seen, [0, 1, 2].map((k) => alpha * given[4 * i + k] + (1 - alpha) * land[k])]];
  });
}"""


def values_shown(page):
    """Values of the cells as the page has them, NaN where there is none."""
    values = page.evaluate("Array.from(window.bentpipe.page.a.values, (v) => Number.isFinite(v) ? v : null)")
    return np.array(values, float)


def kept(page, name):
    """Keep a picture of the page to be looked at."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def state_of(page):
    return page.evaluate("JSON.parse(JSON.stringify(window.bentpipe.state))")


def break_it(page, gateway=GATEWAY):
    """Switch a gateway off and wait until all of its slots are computed."""
    page.click("#tab-break")
    page.check(f"input[name=gateway][value={gateway}]")
    page.click("#panel-break button[type=submit]")
    page.wait_for_selector("#panel-break .outcome .headline", timeout=60_000)
    page.wait_for_selector("#panel-break progress", state="detached", timeout=120_000)
    settled(page)


def test_satellites_are_drawn_where_the_run_had_them(page, run):
    from bentpipe.simulate.prepare import prepare
    from bentpipe.simulate.saved import saved_scenario

    prepared = prepare(saved_scenario(run), seeds=1)
    start = float(prepared.clock.start_unix_s([prepared.slots.start])[0])
    draw = np.random.default_rng(1)
    for unix_s in start + draw.uniform(0.0, 1800.0, 6):
        page.evaluate(
            """async (unixS) => {
              const { page } = window.bentpipe;
              page.seek(page.scene.grid.start + Math.floor((unixS - page.scene.grid.unix_s) / page.scene.grid.slot_s));
              page.unixS = unixS;
              await page.a.follow(unixS, 1);
            }""",
            unix_s,
        )
        drawn = np.array(page.evaluate(
            "(unixS) => Array.from({ length: window.bentpipe.page.scene.satellites.count }, (_, i) => "
            "Array.from(window.bentpipe.page.a.view.position(i, unixS)))", unix_s
        ))  # fmt: skip
        ut1 = prepared.orientation.ut1_minus_utc(np.array([unix_s]))
        computed = prepared.propagator.earth_fixed_positions(np.array([unix_s]), ut1)[0].T
        assert np.linalg.norm(drawn - computed, axis=1).max() < 10.0  # m


@pytest.mark.parametrize("view", ["globe", "map"])
def test_cells_have_the_values_and_colours_of_the_run(page, data, view):
    page.evaluate("(view) => window.bentpipe.set({ view, variable: 'rtt' })", view)
    settled(page)
    stored = 1e3 * data["rtt_s"].sel(slot=state_of(page)["slot"]).values
    np.testing.assert_allclose(values_shown(page), stored, rtol=1e-6)
    # The pixel in the middle of a cell, as the canvas has it: the colour of its value over that of land.
    every = [[i, float(data.latitude_deg[i]), float(data.longitude_deg[i])] for i in range(0, data.sizes["cell"], 41)]
    seen, wanted = np.array(page.evaluate(PIXELS, every), float).transpose(1, 0, 2)
    assert len(seen) > 40 and np.ptp(wanted, axis=0).min() > 30  # of 255
    np.testing.assert_allclose(seen, wanted, atol=6.0)


def test_it_plays_and_steps(page):
    first = state_of(page)["slot"]
    page.keyboard.press(".")
    assert state_of(page)["slot"] == first + 1
    page.select_option("#speed", "300")
    page.click("#play")
    page.wait_for_timeout(1500)
    page.click("#play")
    moved = state_of(page)["slot"]
    assert moved > first + 5
    page.keyboard.press("Home")
    settled(page)
    assert state_of(page)["slot"] == page.evaluate("window.bentpipe.page.scene.grid.start")
    assert "17:00:12" in page.inner_text("#clock")


def test_a_click_on_a_site_asks_it(page, data):
    at = page.evaluate(
        """() => {
          const { page } = window.bentpipe, site = page.scene.sites.find((s) => s.id === "kharkiv");
          page.fly(site, 1500);
          page.a.view.render();
          const view = page.a.view, box = page.a.host.getBoundingClientRect();
          const seen = view.projectGround(view._placed(site.latitude_deg, site.longitude_deg));
          return [box.left + seen[0], box.top + seen[1]];
        }"""
    )
    page.mouse.click(*at)
    page.wait_for_selector("#panel-place .headline")
    text = page.inner_text("#panel-place")
    assert page.inner_text("#panel-place h2").startswith("Kharkiv")
    slot = state_of(page)["slot"]
    site = data.site.values.tolist().index("kharkiv")
    satellite = data.satellite_name.values[int(data["site_serving_satellite"].sel(slot=slot)[site])]
    assert satellite in text and "Delay," in text and "Videoconference".lower() in text.lower()
    page.wait_for_selector("#panel-place .chart canvas")
    kept(page, "place")


def test_a_gateway_switched_off(page, data, folders, tmp_path):
    import bentpipe

    break_it(page)
    state = state_of(page)
    assert state["show"] == "difference" and state["other"].startswith("what-if-")
    text = page.inner_text("#panel-break .outcome")
    assert "hypothetical" in text and "Kharkiv" in text and "users connected" in text
    assert "hypothetical" in page.inner_text("#badges")
    # The difference that is drawn is that of a run of its own without the gateway.
    page.evaluate("window.bentpipe.set({ variable: 'connected' })")
    settled(page)
    lost = bentpipe.open_run(folders[1]).dataset
    slot, terminals = state["slot"], data["terminals"].values
    with np.errstate(invalid="ignore"):
        wanted = 100.0 * (
            lost["terminals_connected"].sel(slot=slot).values - data["terminals_connected"].sel(slot=slot).values
        ) / np.where(terminals > 0, terminals, np.nan)  # fmt: skip
    np.testing.assert_allclose(values_shown(page), wanted, rtol=1e-5, atol=1e-4)
    kept(page, "difference")
    with page.expect_download() as saved:
        page.click("#panel-break .outcome a.button")
    file = tmp_path / "what-if.toml"
    saved.value.save_as(file)
    assert not bentpipe.validate(file)
    assert bentpipe.load_scenario(file).hypothetical
    # The whole view is in the address: with it another page shows the same.
    page.wait_for_timeout(600)
    again = opened(page.context.browser, page.url)
    settled(again)
    later = state_of(again)
    assert {key: later[key] for key in ("run", "other", "show", "slot", "variable", "edits")} == {
        key: state_of(page)[key] for key in ("run", "other", "show", "slot", "variable", "edits")
    }
    assert "hypothetical" in again.inner_text("#badges")
    again.close()


def test_exports(page, data, tmp_path):
    page.evaluate("window.bentpipe.set({ variable: 'rtt' })")
    settled(page)
    slot = state_of(page)["slot"]

    def saved(text):
        page.keyboard.press("e")
        with page.expect_download() as found:
            page.get_by_text(text, exact=True).click()
        file = tmp_path / found.value.suggested_filename
        found.value.save_as(file)
        page.keyboard.press("Escape")
        return file

    picture = saved("Picture (PNG)")
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 30_000
    lines = saved("Cells (CSV)").read_text(encoding="utf-8").splitlines()
    assert any("simulated" in line for line in lines if line.startswith("#"))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(rows) == data.sizes["cell"]
    stored = 1e3 * data["rtt_s"].sel(slot=slot).values
    given = np.array([float(list(row.values())[-1] or "nan") for row in rows])
    np.testing.assert_allclose(given, stored, rtol=1e-4)
    shapes = json.loads(saved("Cells (GeoJSON)").read_text(encoding="utf-8"))
    assert shapes["type"] == "FeatureCollection" and len(shapes["features"]) == data.sizes["cell"]
    packets = json.loads(saved("Satellites (CZML)").read_text(encoding="utf-8"))
    assert packets[0]["id"] == "document" and len(packets) > 5


def test_two_runs_side_by_side(page):
    page.click("#tab-compare")
    page.select_option("#compare-with", "without-gateway")
    page.wait_for_selector("#pane-b", state="visible")
    settled(page)
    assert page.inner_text("#pane-a-title").startswith("A") and page.inner_text("#pane-b-title").startswith("B")
    assert "Users connected" in page.inner_text("#panel-compare")
    page.evaluate("window.bentpipe.page.fly({ latitude_deg: 49, longitude_deg: 30 }, 3000)")
    assert page.evaluate("window.bentpipe.page.b.view.camera.distance_km") == pytest.approx(3000)
    kept(page, "side-by-side")


def test_by_keyboard_alone(page):
    page.keyboard.press("b")
    box = page.locator(f"input[name=gateway][value={GATEWAY}]")
    for _ in range(60):
        if box.evaluate("(e) => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")  # a form is sent by Enter in one of its fields
    page.wait_for_selector("#panel-break .outcome .headline", timeout=60_000)
    page.keyboard.press("/")
    page.keyboard.type("Kherson")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    settled(page)
    assert state_of(page)["view"] == "map"
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
    page.locator("#pane-a .host").focus()
    before = state_of(page)["camera"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    after = state_of(page)["camera"]
    assert after["longitude_deg"] > before["longitude_deg"] and after["distance_km"] < before["distance_km"]
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel-place .facts, #panel-place .headline")


def test_regions_sort_and_lead_to_the_map(page):
    page.click("#tab-regions")
    settled(page)
    page.click("text=worst slot, %")
    cells = page.locator("#panel-regions tbody tr td:nth-child(6)").all_inner_texts()
    values = [float(text.replace(",", "")) for text in cells if text != "–"]
    assert len(values) > 10 and values in (sorted(values), sorted(values, reverse=True))
    page.click("#panel-regions tbody button:has-text('Kharkiv')")
    camera = state_of(page)["camera"]
    assert abs(camera["latitude_deg"] - 49.6) < 1.0 and abs(camera["longitude_deg"] - 36.4) < 1.0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(browser, url, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    shown = opened(browser, f"{url}#tab=place&theme={theme}&place=site:kyiv", bypass_csp=True)
    settled(shown)
    shown.wait_for_selector("#panel-place .chart canvas")
    for tab in ("place", "break", "regions", "compare", "about"):
        shown.click(f"#tab-{tab}")
        found = axe.Axe().run(shown)
        assert found.violations_count == 0, found.generate_report()
    shown.close()


def test_a_phone_shows_all_of_it(browser, url):
    shown = opened(browser, f"{url}#tab=none", 390, 844)
    for tab in ("none", "place", "break", "regions"):
        if tab != "none":
            shown.click(f"#tab-{tab}")
        settled(shown)
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390
        assert shown.locator("#pane-a canvas").first.bounding_box()["height"] > 200
        assert shown.is_visible("#play")
        assert shown.is_visible("#tab-break")
        kept(shown, f"phone-{tab}")
    assert shown.complaints == []
    shown.close()


@pytest.mark.parametrize(("view", "theme"), [("globe", "light"), ("globe", "dark"), ("map", "dark")])
def test_it_is_to_be_looked_at(browser, url, theme, view):
    shown = opened(browser, f"{url}#tab=about&theme={theme}&view={view}&colour=peak-down", 1440, 900)
    settled(shown)
    shown.wait_for_timeout(400)
    kept(shown, f"{view}-{theme}")
    assert shown.complaints == []
    shown.close()


def test_without_webgl_the_flat_map_works_and_says_so(chromium, url):
    shown = chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-3d-apis"])
    page = opened(shown, url)
    settled(page)
    assert "no WebGL" in page.inner_text("#notice")
    assert page.evaluate("window.bentpipe.page.a.view.kind") == "map"
    assert page.evaluate("window.bentpipe.page.a.view.cellColourAt(49.0, 32.0)[3]") > 0
    break_it(page)
    assert "Kharkiv" in page.inner_text("#panel-break .outcome")
    shown.close()


def test_a_run_that_is_still_being_written(browser, folders, tmp_path):
    import shutil

    folder = tmp_path / "growing"
    shutil.copytree(folders[0], folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    hidden = sorted(p for p in (folder / "commits").glob("*.json") if p.stem.isdigit())[-1]
    record = hidden.read_bytes()
    hidden.unlink()
    (folder / "manifest.json").write_text(json.dumps({**manifest, "complete": False}), encoding="utf-8")
    served = Served(folder)
    shown = opened(browser, served.url)
    assert "still being written" in shown.inner_text("#badges")
    hidden.write_bytes(record)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    shown.wait_for_selector("#badges:not(:has-text('written'))", timeout=30_000)
    settled(shown)
    assert "users connected" in shown.inner_text("#now")
    shown.close()
    served.close()
