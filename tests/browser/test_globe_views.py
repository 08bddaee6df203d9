"""The globe and the flat map in real Chromium, over a small scene made here: positions, cells, picking, labels."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

import bentpipe

pytestmark = pytest.mark.browser
api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STATIC = Path(bentpipe.__file__).parent / "globe" / "static"
SOFTWARE = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}

RADIUS_M, PERIOD_S, T0 = 6_921_000.0, 5_730.0, 1_700_000_000
EARTH_RATE = 7.292115e-5
BOX = {"width": 360, "height": 240, "bytes": 2, "west": 20.0, "east": 38.0, "south": 44.0, "north": 56.0}
SIDE = 12
COUNT = (BOX["width"] // SIDE) * (BOX["height"] // SIDE)

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>views</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/view.css"><link rel="stylesheet" href="/page.css">
</head><body><div id="host"></div><script type="module" src="/page.js"></script></body></html>"""
STYLE = "html, body { margin: 0; } #host { position: relative; width: 100%; height: 100vh; overflow: hidden; }"
SCRIPT = """
import { Globe3D } from "/static/globe3d.js";
import { FlatMap } from "/static/flatmap.js";
import { colours } from "/static/colours.js";
const host = document.getElementById("host");
const [, kind, theme] = location.hash.split("/");
window.colours = colours;
window.makeView = (kind) => new (kind === "map" ? FlatMap : Globe3D)(host, { theme: theme ?? "light" });
let view;
try {
  view = makeView(kind ?? "globe");
} catch (error) {
  window.refused = error.message;
  view = makeView("map");
}
const bytes = async (name) => (await fetch(name)).arrayBuffer();
const scene = await (await fetch("/scene.json")).json();
const land = [[18, 42, 40, 42, 40, 58, 18, 58, 18, 42]];
view.setWorldOutlines({ countries: land });
view.setScene(scene, { index: new Uint16Array(await bytes("/index")), outlines: { countries: land, regions: [] } });
const [a, b] = [new Float32Array(await bytes("/first")), new Float32Array(await bytes("/second"))];
view.setKeyframes({ t0: scene.t0, t1: scene.t0 + 60, a, b });
view.setSatelliteStates(new Uint8Array(a.length / 6).fill(1).map((_, i) => (i % 10 ? 1 : 3)));
const rgba = new Uint8ClampedArray(4 * scene.cells.count);
for (let i = 0; i < scene.cells.count; i++) rgba.set([(37 * i) % 256, (91 * i) % 256, (53 * i) % 256, 255], 4 * i);
view.setCellColours(rgba);
view.setLinks({ feeder: Int32Array.from([0, 0, 7, 0]), lasers: Int32Array.from([3, 4]),
  sites: [{ site: 0, satellite: 1, gateway: 0 }], picked: null });
view.setSun([0.9, 0.3, 0.3]);
view.setTime(scene.t0 + 20);
view.camera = { latitude_deg: 50, longitude_deg: 29, distance_km: 2200 };
Object.assign(window, { view, rgba, picks: [], moves: 0 });
view.onPick = (found) => window.picks.push(found);
view.onCamera = () => { window.moves += 1; };
const loop = () => { view.frame(); requestAnimationFrame(loop); };
loop();
window.ready = true;
"""


def circular(t: float, count: int = 240) -> np.ndarray:
    """Earth-fixed position and velocity of satellites on circular orbits, (N, 6) float64."""
    k = np.arange(count)
    node, inclination = 2 * np.pi * (k % 12) / 12, np.radians(53.0)
    u = 2 * np.pi * (k // 12 / 20 + t / PERIOD_S)
    along = np.stack([np.cos(u), np.sin(u)])
    turned = np.stack([-np.sin(u), np.cos(u)]) * 2 * np.pi / PERIOD_S

    def placed(c):
        x, y, z = c[0], c[1] * np.cos(inclination), c[1] * np.sin(inclination)
        return np.stack([np.cos(node) * x - np.sin(node) * y, np.sin(node) * x + np.cos(node) * y, z], 1) * RADIUS_M

    p, v = placed(along), placed(turned)
    c, s = np.cos(EARTH_RATE * t), np.sin(EARTH_RATE * t)
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    fixed = p @ turn.T
    return np.hstack([fixed, v @ turn.T - np.cross([0, 0, EARTH_RATE], fixed)])


def files() -> dict[str, bytes]:
    row, column = np.mgrid[0 : BOX["height"], 0 : BOX["width"]]
    index = 1 + (row // SIDE) * (BOX["width"] // SIDE) + column // SIDE
    index[(row // SIDE == 3) & (column // SIDE == 3)] = 0
    sites = [("Kyiv, hospital", 50.45, 30.52), ("Brovary, school", 50.51, 30.79), ("Odesa", 46.48, 30.72)]
    sites += [(f"Village {i}", 50.2 + 0.07 * i, 30.2 + 0.1 * i) for i in range(8)]
    gateways = [("Gateway one", 52.0, 21.0), ("Gateway two", 45.5, 35.5)]
    placed = [
        [{"id": str(i), "name": n, "latitude_deg": la, "longitude_deg": lo} for i, (n, la, lo) in enumerate(given)]
        for given in (sites, gateways)
    ]
    scene = {"t0": T0, "sites": placed[0], "gateways": placed[1], "cells": {"count": COUNT, "index": BOX}}
    return {
        "/": PAGE.encode(),
        "/page.js": SCRIPT.encode(),
        "/page.css": STYLE.encode(),
        "/scene.json": json.dumps(scene).encode(),
        "/index": index.astype("<u2").tobytes(),
        "/first": circular(0.0).astype("<f4").tobytes(),
        "/second": circular(60.0).astype("<f4").tobytes(),
    }


@pytest.fixture(scope="module")
def address():
    held = files()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            path = self.path.split("?")[0]
            file = STATIC / path.removeprefix("/static/")
            body = held.get(path) or (file.read_bytes() if path.startswith("/static/") and file.is_file() else None)
            self.send_response(200 if body is not None else 404)
            kind = "text/html" if path == "/" else TYPES.get(Path(path).suffix, "application/octet-stream")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as play:
        shown = play.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE)
        yield shown
        shown.close()


def opened(browser, address, hash_="#/globe/light", width=900, height=600, script=""):
    page = browser.new_page(viewport={"width": width, "height": height})
    page.add_init_script(script)
    page.complaints = []
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address + "/" + hash_)
    # Not wait_for_function: it evaluates text in the page, which the policy forbids.
    for _ in range(200):
        if page.evaluate("window.ready === true"):
            break
        page.wait_for_timeout(100)
    page.evaluate("view.render()")
    return page


@pytest.fixture(params=["globe", "map"])
def page(request, browser, address):
    shown = opened(browser, address, f"#/{request.param}/light")
    assert shown.evaluate("view.kind") == request.param
    yield shown
    assert shown.complaints == []
    shown.close()


def test_position_is_that_of_the_circular_orbit(page):
    times = [0.0, 7.5, 20.0, 30.0, 44.0, 60.0]
    ask = "ts => ts.map(t => Array.from({length: 240}, (_, i) => view.position(i, t)))"
    found = np.array(page.evaluate(ask, [T0 + t for t in times]))
    for k, t in enumerate(times):
        assert np.abs(found[k] - circular(t)[:, :3]).max() < 10.0


def test_the_shader_has_the_same_satellites(browser, address):
    """Coefficients that the vertex shader adds, in float32 as there, against the orbit."""
    page = opened(browser, address)
    texels = np.array(page.evaluate("Array.from(view._satellites.texture.uSatellites.value.image.data)"), np.float32)
    texels = texels.reshape(-1, 4, 4)[:240, :, :3]
    axes = np.array([6378137.0, 6378137.0, 6378137.0 * (1 - 1 / 298.257223563)])
    for t in (0.0, 20.0, 31.0, 60.0):
        s = np.float32(t / 60)
        p = texels[:, 0] + s * (texels[:, 1] + s * (texels[:, 2] + s * texels[:, 3]))
        assert np.abs(p * axes - circular(t)[:, :3]).max() < 10.0
    page.close()


def test_cells_have_the_colours_given(page):
    at = page.evaluate("""() => [[55.8, 20.1], [50.31, 29.5], [44.1, 37.9], [43.9, 30], [50, 19.9], [54.0, 22.1]]
      .map(([la, lo]) => view.cellColourAt(la, lo))""")
    wide, tall = BOX["width"] // SIDE, BOX["height"] // SIDE
    row, column = int((56 - 50.31) / 12 * tall), int((29.5 - 20) / 18 * wide)

    def rgba(cell):
        return [37 * cell % 256, 91 * cell % 256, 53 * cell % 256, 255]

    assert at[:3] == [rgba(0), rgba(row * wide + column), rgba(wide * tall - 1)]
    assert at[3:] == [[0, 0, 0, 0]] * 3


def test_the_picture_shows_those_colours(page):
    """Pixels of the canvas at the middle of cells, of which nothing else lies in the way."""
    wrong = page.evaluate("""async () => {
      view.setLayers({ satellites: false, raising: false, feeder: false, lasers: false, siteLinks: false, labels: false,
        sites: false, gateways: false, borders: false, regions: false });
      const image = await createImageBitmap(await view.picture());
      const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      const paint = canvas.getContext("2d", { willReadFrequently: true });
      paint.drawImage(image, 0, 0);
      const wrong = [];
      let seen = 0;
      for (let y = 20; y < view.height; y += 37) for (let x = 20; x < view.width; x += 41) {
        const ground = view.groundAt(x + 0.5, y + 0.5);
        if (!ground) continue;
        const { latitude_deg: la, longitude_deg: lo } = ground;
        const given = view.cellColourAt(la, lo);
        // Away from edges, where two cells share a pixel.
        const near = [[0.06, 0], [-0.06, 0], [0, 0.06], [0, -0.06]].map(([n, e]) => view.cellColourAt(la + n, lo + e));
        if (given[3] === 0 || near.some((c) => c.join() !== given.join())) continue;
        seen += 1;
        const got = paint.getImageData(x, y, 1, 1).data;
        if (given.some((v, i) => Math.abs(v - got[i]) > 1)) wrong.push([la, lo, given, [...got]]);
      }
      return seen > 60 ? wrong : ["too few pixels", seen];
    }""")
    assert wrong == []


def test_a_click_picks_a_site_a_gateway_a_satellite_or_the_ground(page):
    middle = "([kind, i]) => view.projectGround(view._places[kind][i])"
    x, y = page.evaluate(middle, ["sites", 2])
    page.mouse.click(x + 3, y - 2)
    x, y = page.evaluate(middle, ["gateways", 1])
    page.mouse.click(x, y)
    page.evaluate("view.setLayers({ satellites: false, raising: false })")
    page.mouse.click(300, 420)
    site, gateway, ground = page.evaluate("window.picks")
    assert (site["site"], site["gateway"], site["satellite"]) == (2, None, None)
    assert site["latitude_deg"] == 46.48
    assert (gateway["site"], gateway["gateway"], gateway["satellite"]) == (None, 1, None)
    assert (ground["site"], ground["gateway"], ground["satellite"]) == (None, None, None)
    there = page.evaluate("view.groundAt(300, 420)")
    assert abs(ground["latitude_deg"] - there["latitude_deg"]) < 0.01
    page.evaluate("view.setLayers({ satellites: true, raising: true, sites: false, gateways: false })")
    found = page.evaluate("""() => {
      for (let i = 0; i < 240; i++) {
        const at = view.projectSatellite(i);
        if (at && at[0] > 0 && at[0] < view.width && at[1] > 0 && at[1] < view.height) return [i, view.pick(...at)];
      }
    }""")
    assert found is None or found[1]["satellite"] == found[0]


def test_the_satellite_behind_the_earth_is_not_picked(browser, address):
    page = opened(browser, address)
    page.evaluate("view.camera = { latitude_deg: 0, longitude_deg: 0, distance_km: 20000 }")
    behind = page.evaluate("""() => Array.from({length: 240}, (_, i) => i)
      .filter((i) => view.projectSatellite(i) && view.position(i, view.time)[0] < -5e6).length""")
    assert behind == 0
    page.close()


BOXES = """d => {
  view.camera = { latitude_deg: 50.4, longitude_deg: 30.6, distance_km: d };
  view.render();
  return [...document.querySelectorAll(".bp-label.bp-shown")].map((e) => {
    const b = e.getBoundingClientRect();
    return [e.textContent, b.left, b.top, b.right, b.bottom];
  });
}"""


@pytest.mark.parametrize("width", [900, 390])
def test_labels_do_not_overlap(page, width):
    page.set_viewport_size({"width": width, "height": 600})
    page.evaluate("view.resize()")
    for distance in (300, 800, 2200, 6000, 20000):
        boxes = page.evaluate(BOXES, distance)
        assert boxes
        for i, a in enumerate(boxes):
            assert a[1] >= 0 and a[3] <= width
            for b in boxes[:i]:
                apart = a[1] >= b[3] or b[1] >= a[3] or a[2] >= b[4] or b[2] >= a[4]
                assert apart, (distance, a, b)


def test_a_drag_keeps_the_ground_below_the_pointer_and_the_wheel_zooms(page):
    held = page.evaluate("view.groundAt(420, 280)")
    page.mouse.move(420, 280)
    page.mouse.down()
    page.mouse.move(450, 300)
    page.mouse.move(520, 330)
    page.mouse.up()
    there = page.evaluate("view.groundAt(520, 330)")
    assert abs(there["latitude_deg"] - held["latitude_deg"]) < 1e-3
    assert abs(there["longitude_deg"] - held["longitude_deg"]) < 1e-3
    assert page.evaluate("window.picks.length") == 0
    before = page.evaluate("view.camera.distance_km")
    page.mouse.wheel(0, -200)
    for _ in range(100):
        page.wait_for_timeout(50)
        if page.evaluate("!view._zoom"):
            break
    assert page.evaluate("view.camera.distance_km") < 0.8 * before
    there = page.evaluate("view.groundAt(520, 330)")
    assert abs(there["latitude_deg"] - held["latitude_deg"]) < 1e-2
    page.evaluate("view.camera = { distance_km: 10 }")
    assert page.evaluate("view.camera.distance_km") == 150
    assert page.evaluate("window.moves") > 1


def test_nothing_is_drawn_while_nothing_changes(page):
    page.wait_for_timeout(1200)
    frames = page.evaluate("view.stats.frames")
    page.wait_for_timeout(500)
    assert page.evaluate("view.stats.frames") == frames
    page.evaluate("t => view.setTime(t)", T0 + 21)
    page.wait_for_timeout(500)
    assert page.evaluate("view.stats.frames") > frames


def test_the_picture_is_a_png_of_the_views_size(page):
    size = page.evaluate("""async () => {
      const blob = await view.picture(), image = await createImageBitmap(blob);
      return [blob.type, image.width, image.height];
    }""")
    assert size == ["image/png", 900, 600]


def test_a_lost_context_comes_back(browser, address):
    page = opened(browser, address)
    page.evaluate("window.loss = view.renderer.getContext().getExtension('WEBGL_lose_context'); loss.loseContext()")
    page.wait_for_timeout(300)
    page.evaluate("view.render(); loss.restoreContext()")
    page.wait_for_timeout(1500)
    got = page.evaluate("""async () => {
      view.setLayers({ satellites: false, feeder: false, lasers: false, siteLinks: false, labels: false, sites: false,
        gateways: false, borders: false });
      view.camera = { latitude_deg: 48, longitude_deg: 26, distance_km: 800 };
      const image = await createImageBitmap(await view.picture());
      const canvas = Object.assign(document.createElement("canvas"), { width: 900, height: 600 });
      const paint = canvas.getContext("2d", { willReadFrequently: true });
      paint.drawImage(image, 0, 0);
      const g = view.groundAt(450.5, 300.5);
      return [[...paint.getImageData(450, 300, 1, 1).data], view.cellColourAt(g.latitude_deg, g.longitude_deg)];
    }""")
    assert max(abs(a - b) for a, b in zip(*got, strict=True)) <= 1
    page.close()


def test_disposing_leaves_nothing(page):
    assert page.evaluate("() => { view.dispose(); return document.getElementById('host').children.length; }") == 0
    page.evaluate("() => { const v = makeView(view.kind); v.render(); v.dispose(); window.view = { frame() {} }; }")


def test_without_webgl_the_map_takes_over(browser, address):
    without = """const own = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return String(kind).startsWith("webgl") ? null : own.call(this, kind, ...rest);
      };"""
    page = opened(browser, address, script=without)
    assert page.evaluate("window.refused") == "no WebGL"
    assert page.evaluate("[view.kind, document.querySelectorAll('canvas').length]") == ["map", 1]
    assert page.complaints == []
    page.close()


def test_colours_of_values(browser, address):
    page = opened(browser, address, "#/map/light")
    got = page.evaluate("""() => {
      const of = (values, options) => Array.from(colours(Float32Array.from(values), { theme: "light", ...options }));
      const number = { kind: "number", low: 0, high: 10, palette: "sequential", threshold: null };
      return {
        ends: of([0, 10, -5, 99], number), missing: of([NaN], number), flat: of([3], { ...number, low: 3, high: 3 }),
        dimmed: of([1, 9], { ...number, threshold: 5 }),
        middle: of([0], { ...number, low: -2, high: 8, diverging: true }),
        groups: of([0, 1, 2], { kind: "category", palette: "categories", categories: ["a", "b", "c"] }),
      };
    }""")
    assert got["ends"][:3] == [0x44, 0x01, 0x54] and got["ends"][4:7] == [0xFD, 0xE7, 0x25]
    assert got["ends"][8:11] == got["ends"][:3] and got["ends"][12:15] == got["ends"][4:7]
    assert 0 < got["missing"][3] < 80 and len(set(got["missing"][:3])) <= 3
    assert got["flat"][3] > 150
    assert got["dimmed"][3] < 80 < got["dimmed"][7]
    assert min(got["middle"][:3]) > 235
    assert len({tuple(got["groups"][k : k + 3]) for k in (0, 4, 8)}) == 3
    page.close()
