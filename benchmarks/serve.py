"""Time the globe: ``python benchmarks/serve.py [--run RUN] [--world RUN | --elements FILE] [--only PART]``. Linux.

Targets on two quiet cores, headless Chromium, WebGL in software:

* ready: the page of a warm server shows the run at most 3 s after it is opened;
* frames: at most 80 ms of processor time a frame, all processes of the browser together, and at least 15 frames/s,
  while time plays and the globe turns: 10,744 satellites, 41,162 cells, some 2,000 links;
* seek: at most 200 ms from the wish for a slot of a day to cells coloured, numbers shown, and the frame drawn,
  the page being at rest before;
* keyframe: at most 1 ms of the server's processor time for the state of 10,744 satellites;
* memory: the server holds at most 150 MB after a session;
* what-if: an hour of ``ukraine-2022`` without one gateway, first map of the difference at most 2 s after the click.

``--run`` is a run of a day, ``--world`` one of 41,162 cells under a whole constellation; what is not given is made:
``ukraine-2022``, and ``world`` under the element sets in FILE. Without either, what is about the world is left out.
Wants playwright and Chromium. Wall times depend on what else the machine does: the load is printed.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PROGRAM = [sys.executable, "-c", "from bentpipe.cli import main; main()"]
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
WORLD = ("--set", "time.start=2026-08-21T00:00:00Z", "--duration", "1h", "--no-report")
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
#: Run in the page: `until(condition)` waits for it, looking once a frame.
UNTIL = """
const page = bentpipe.page;
const frame = () => new Promise((done) => requestAnimationFrame(done));
const until = async (there) => {
  const given = performance.now() + 60000;
  while (!there()) {
    if (performance.now() > given) throw new Error("waited a minute in vain");
    await frame();
  }
};
"""
SEEK = """async (slot) => {%s
  await until(() => page.drawn === bentpipe.state.slot && !page.refreshing);
  await new Promise((done) => setTimeout(done, 400)); // each from rest: links and keyframes of the last one are there
  const begin = performance.now();
  page.drawn = null;
  page.seek(slot);
  await until(() => page.drawn === slot);
  const numbers = performance.now() - begin;
  await frame();
  return [numbers, performance.now() - begin];
}"""
TURN = """() => {%s
  window.turned = 0;
  page.play(true);
  const turn = () => {
    const camera = page.a.view.camera;
    page.a.view.camera = {...camera, longitude_deg: ((camera.longitude_deg + 0.5 + 540) %% 360) - 180};
    window.turned++;
    requestAnimationFrame(turn);
  };
  turn();
}"""
WHAT_IF = """async () => {%s
  const out = {slots: []};
  const begin = performance.now(), paint = page.a.paint.bind(page.a);
  page.a.paint = (values, rule) => {
    paint(values, rule);
    if (values && rule.diverging && !out.first) requestAnimationFrame(() => { out.first = performance.now() - begin; });
  };
  const progress = page.breakPanel.progress.bind(page.breakPanel);
  page.breakPanel.progress = (job) => {
    progress(job);
    out.slots.push([Math.round(performance.now() - begin), job.state, job.done]);
    if (["done", "failed", "cancelled"].includes(job.state)) out.whole = performance.now() - begin;
  };
  document.querySelector("form.break [type=submit]").click();
  await until(() => out.whole && out.first);
  return out;
}"""


class Used(NamedTuple):
    """Processor time of some processes so far, s, and the memory that they hold now, MB."""

    cpu_s: float
    resident_mb: float


def used(pids: list[int]) -> Used:
    """What processes have used, to 10 ms; of those that are gone meanwhile, nothing."""
    cpu_s, pages = 0.0, 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            cpu_s += (int(fields[11]) + int(fields[12])) * TICK_S
        except OSError:
            continue
    return Used(cpu_s, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)


def precise_s(pid: int) -> float:
    """Processor time of a process to the ns, s, of its threads that live; to 10 ms where the kernel does not tell."""
    files = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(file.read_text().split()[0]) for file in files) * 1e-9 if files else used([pid]).cpu_s


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for parent in found:
        for thread in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, thread.read_text().split())
    return found


class Served:
    """A server of runs, warm, and a client of it."""

    def __init__(self, *runs: Path) -> None:
        self._process = subprocess.Popen([*PROGRAM, "serve", *map(str, runs), "--quiet"], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()
        self._client = http.client.HTTPConnection("127.0.0.1", int(self.url.rstrip("/").rpartition(":")[2]))
        self.runs = [run["id"] for run in self.json("/api/runs")["runs"]]
        self.json(f"/api/runs/{self.runs[0]}/fleet")  # answered when the physics has been prepared
        self.pid = self._process.pid
        self.physics = [pid for pid in family(self.pid)[1:] if used([pid]).resident_mb > 50.0]

    def get(self, path: str, method: str = "GET", body: Any = None) -> bytes:
        """Ask the server; anything but success ends the benchmark."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        self._client.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._client.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{path}: {answer.status} {content[:200].decode()}")
        return content

    def json(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Ask the server for JSON."""
        return json.loads(self.get(path, method, body))

    def close(self) -> None:
        """End the server."""
        self._client.close()
        self._process.terminate()
        self._process.wait()


@contextmanager
def served(*runs: Path) -> Iterator[Served]:
    """Serve runs for a while."""
    server = Served(*runs)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def opened(url: str, address: str = "") -> Iterator[tuple[Any, float]]:
    """Open a page in a browser of its own; give it, and how long it took until it showed the run, s."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto("about:blank")
            begin = time.perf_counter()
            page.goto(url + address)
            page.wait_for_selector("html[data-ready=yes]", timeout=60_000, state="attached")
            yield page, time.perf_counter() - begin
        finally:
            browser.close()


def chromium() -> str | None:
    """A Chromium of the system; None for that of playwright."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def browser_pids() -> list[int]:
    """All processes of browsers that this process began, through the driver."""
    found = []
    for pid in family(os.getpid())[1:]:
        try:
            name = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if "chrom" in name or "headless_shell" in name:
            found.append(pid)
    return found


def verdict(value: float, limit: float, unit: str, at_least: bool = False) -> str:
    """A figure beside its limit."""
    met = value >= limit if at_least else value <= limit
    sign = ">=" if at_least else "<="
    return f"{value:.3g} {unit} ({sign} {limit:g}{'' if met else ': MISSED'})"


def ready(runs: list[Path]) -> None:
    """From the address to a page that shows the run."""
    with served(*runs) as server:
        for run in server.runs:
            for view in ("globe", "map"):
                times, cpu = [], []
                for _ in range(4):
                    before = used([server.pid]).cpu_s
                    with opened(server.url, f"#run={run}&view={view}") as (_, took):
                        times.append(took)
                    cpu.append(used([server.pid]).cpu_s - before)
                print(
                    f"  {run}, {view}: first {verdict(times[0], 3.0, 's')}, then {np.median(times[1:]):.2f} s median "
                    f"of 3; server {cpu[0]:.2f} s, then {np.median(cpu[1:]):.2f} s of processor"
                )


def frames(world: Path) -> None:
    """Frames while time plays and the globe turns."""
    with served(world) as server:
        (run,) = server.runs
        scene = server.json(f"/api/runs/{run}/scene")
        links = server.json(f"/api/runs/{run}/links/{scene['grid']['start'] + 8}")
        shown = (len(links["feeder"]) + len(links["lasers"])) // 2
        print(f"  {scene['satellites']['count']:,} satellites, {scene['cells']['count']:,} cells, {shown:,} links")
        for view in ("globe", "map"):
            with opened(server.url, f"#run={run}&view={view}") as (page, _):
                page.evaluate(TURN % UNTIL)
                time.sleep(4.0)
                count = "[bentpipe.page.a.view.stats.frames, window.turned, performance.now()]"
                pids = browser_pids()
                drawn0, turned0, at0 = page.evaluate(count)
                before = used(pids)
                time.sleep(15.0)
                after = used(pids)
                drawn, turned, at = page.evaluate(count)
            number, seconds = max(drawn - drawn0, 1), (at - at0) / 1e3
            print(
                f"  {view}: {verdict(1e3 * (after.cpu_s - before.cpu_s) / number, 80.0, 'ms of processor a frame')}, "
                f"{verdict(number / seconds, 15.0, 'frames/s', at_least=True)}; {number} drawn of "
                f"{turned - turned0} in {seconds:.1f} s; browser {after.resident_mb:.0f} MB"
            )


def seek(run: Path) -> None:
    """Slots at random over the run."""
    with served(run) as server:
        (name,) = server.runs
        grid = server.json(f"/api/runs/{name}/scene")["grid"]
        chosen = np.random.default_rng(1).integers(grid["start"], grid["stop"], 31).tolist()
        for view in ("globe", "map"):
            with opened(server.url, f"#run={name}&view={view}") as (page, _):
                page.evaluate(SEEK % UNTIL, chosen[0])  # the first compiles the page's code
                before, browser = used([server.pid]).cpu_s, used(browser_pids()).cpu_s
                numbers, whole = np.array([page.evaluate(SEEK % UNTIL, slot) for slot in chosen[1:]]).T
                cost = 1e3 * (used([server.pid]).cpu_s - before) / len(whole)
                page_cost = 1e3 * (used(browser_pids()).cpu_s - browser) / len(whole)
            print(
                f"  {view}, 30 slots of {grid['stop'] - grid['start']:,}: worst {verdict(whole.max(), 200.0, 'ms')}, "
                f"median {np.median(whole):.0f} ms (numbers {np.median(numbers):.0f} ms); "
                f"processor: server {cost:.1f} ms, browser {page_cost:.0f} ms a seek"
            )


def keyframe(world: Path) -> None:
    """Processor time of one keyframe."""
    with served(world) as server:
        (run,) = server.runs
        scene = server.json(f"/api/runs/{run}/scene")
        first = int(scene["grid"]["unix_s"] // scene["keyframe_s"])
        numbers = range(first, first + 56)
        time.sleep(1.0)
        print(f"  {scene['satellites']['count']:,} satellites, {len(numbers)} keyframes")
        for what, rounds in (("computed", 1), ("kept", 10)):
            server_s, physics_s = precise_s(server.pid), sum(map(precise_s, server.physics))
            for _ in range(rounds):
                for k in numbers:
                    server.get(f"/api/runs/{run}/keyframes/{k}")
            server_ms, physics_ms = (
                1e3 * (sum(map(precise_s, pids)) - begin) / (rounds * len(numbers))
                for pids, begin in (([server.pid], server_s), (server.physics, physics_s))
            )
            print(f"  {what}: server {verdict(server_ms, 1.0, 'ms')}, physics {physics_ms:.2f} ms of processor each")


def memory(run: Path, worlds: list[Path]) -> None:
    """Memory after a session: open, 50 seeks, 20 keyframes, a what-if, tables, exports; then a look at the world."""
    with served(run, *worlds) as server:
        print(f"  at start: server {used([server.pid]).resident_mb:.0f} MB")
        for name in server.runs:
            session(server, name)
            peak = next(line for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if "HWM" in line)
            print(
                f"  after {name}: server {verdict(used([server.pid]).resident_mb, 150.0, 'MB')}, at most "
                f"{int(peak.split()[1]) * 1024 / 1e6:.0f} MB; physics process {used(server.physics).resident_mb:.0f} MB"
            )


def session(server: Served, name: str) -> None:
    """What a page asks for while somebody looks around."""
    run = f"/api/runs/{name}"
    for path in ("/", "/static/main.js", "/static/vendor/three.js", "/api/outlines", "/api/runs"):
        server.get(path)
    scene = server.json(f"{run}/scene")
    for part in ("index", "outlines", "course", "fleet"):
        server.get(f"{run}/{part}")
    start, stop = scene["grid"]["start"], scene["grid"]["stop"]
    slots = np.random.default_rng(2).integers(start, stop, 50).tolist()
    variables = [variable["name"] for variable in scene["variables"]]
    for number, slot in enumerate(slots):
        for part in (f"values/{variables[number % len(variables)]}/{slot}", f"slots/{slot}", f"links/{slot}"):
            server.get(f"{run}/{part}")
    first = int(scene["grid"]["unix_s"] // scene["keyframe_s"])
    for k in range(first, first + 20):
        server.get(f"{run}/keyframes/{k}")
    slot, window = slots[0], (slots[0], min(slots[0] + 40, stop))
    if scene["sites"]:
        server.get(f"{run}/place?site={scene['sites'][0]['id']}&slot={slot}")
        server.get(f"{run}/export/series.csv?site={scene['sites'][0]['id']}")
    order = {"run": name, "from_slot": window[0], "to_slot": window[1]}
    what_if = server.json("/api/what-ifs", "POST", {**order, "edits": {"gateways": [scene["gateways"][0]["id"]]}})["id"]
    while server.json(f"/api/what-ifs/{what_if}/result")["state"] in ("queued", "preparing", "simulating"):
        time.sleep(0.2)
    server.get(f"/api/runs/{what_if}/scene")
    server.get(f"/api/runs/{what_if}/difference/{scene['default_variable']}/{slot}?with={name}")
    for kind in ("cells.csv", "cells.geojson"):
        server.get(f"{run}/export/{kind}?variable={scene['default_variable']}&slot={slot}")
    server.get(f"{run}/export/regions.csv?slot={slot}")
    flown = ",".join(map(str, range(50)))
    server.get(f"{run}/export/satellites.czml?satellites={flown}&from_slot={window[0]}&to_slot={window[1]}")


def what_if(run: Path) -> None:
    """An hour without one gateway, from the click."""
    with served(run) as server:
        (name,) = server.runs
        scene = server.json(f"/api/runs/{name}/scene")
        for number, gateway in enumerate(scene["gateways"][:2]):
            edits = json.dumps({"gateways": [gateway["id"]]})
            with opened(server.url, f"#run={name}&tab=break&edits={edits}") as (page, _):
                time.sleep(2.0)
                before = [used([server.pid]).cpu_s, used(server.physics).cpu_s]
                found = page.evaluate(WHAT_IF % UNTIL)
                spent = [used([server.pid]).cpu_s - before[0], used(server.physics).cpu_s - before[1]]
            *_, (_, state, done) = found["slots"]
            print(
                f"  {gateway['name']} off, {'the first' if number == 0 else 'the next'}: first difference map "
                f"{verdict(found['first'] / 1e3, 2.0, 's')}; whole {found['whole'] / 1e3:.2f} s ({state}, {done} "
                f"slots); processor: server {spent[0]:.2f} s, physics {spent[1]:.2f} s"
            )


def made(folder: Path, name: str, *options: str) -> Path:
    """Make a run for this benchmark."""
    print(f"making a run of {name} ...", flush=True)
    out = folder / name
    subprocess.run([*PROGRAM, "run", name, *options, "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
    return out


def main() -> None:
    """Print each figure beside its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="run of a day")
    parser.add_argument("--world", type=Path, help="run of 41,162 cells")
    parser.add_argument("--elements", type=Path, help="element sets, from which the world is made")
    parser.add_argument("--only", help="one part: ready, frames, seek, keyframe, memory or what-if")
    chosen = parser.parse_args()
    if importlib.util.find_spec("playwright") is None or chromium() is None:
        print("benchmarks/serve.py wants playwright and Chromium: pip install playwright, and chromium of the system")
        raise SystemExit(2)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run = chosen.run or made(folder, "ukraine-2022", "--no-report")
        world = chosen.world
        if world is None and chosen.elements is not None:
            world = made(folder, "world", "--elements", str(chosen.elements.resolve()), *WORLD)
        worlds = [] if world is None else [world]
        parts: dict[str, Callable[[], None]] = {
            "keyframe": lambda: keyframe(world or run),
            "memory": lambda: memory(run, worlds),
            "ready": lambda: ready([run, *worlds]),
            "seek": lambda: seek(run),
            "what-if": lambda: what_if(run),
            "frames": lambda: frames(world or run),
        }
        for name, part in parts.items():
            if chosen.only in (None, name):
                print(f"{name} ({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before):", flush=True)
                part()


if __name__ == "__main__":
    main()
