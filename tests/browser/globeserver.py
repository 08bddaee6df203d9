"""A run of half an hour, its server, and pages of a real Chromium on it, for the tests of the globe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: WebGL without a graphics card, and no look at the outside of its own.
SOFTWARE_GL = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
)
#: The hour before and after the busiest begins.
START, HALF_AN_HOUR = "2022-10-24T17:00:12Z", "30m"


def make_run(folder: Path, name: str = "ukraine", more: str = "") -> Path:
    """Simulate half an hour of the main job, with more lines in its scenario."""
    import bentpipe

    file = folder / f"{name}.toml"
    file.write_text(f'schema = 1\nextends = "ukraine-2022"\nname = "{name}"\n{more}', encoding="utf-8")
    scenario = bentpipe.load_scenario(file, {"time.start": START, "time.duration": HALF_AN_HOUR})
    return bentpipe.run(scenario, out=folder / name).path


class Served:
    """``bentpipe serve`` in a process of its own."""

    def __init__(self, *runs: Path) -> None:
        command = [sys.executable, "-c", "from bentpipe.cli import main; main()", "serve", *map(str, runs), "--quiet"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def opened(browser: Any, address: str, width: int = 1280, height: int = 860, **options: Any) -> Any:
    """Open a page and wait until it shows its run; notes what it complains of and what it asks for."""
    page = browser.new_page(viewport={"width": width, "height": height}, **options)
    page.complaints, page.asked = [], []
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("html[data-ready=yes]", state="attached", timeout=60_000)
    return page


def settled(page: Any) -> None:
    """Wait until what is shown is that of the slot that is set."""
    page.evaluate(
        """async () => {
          const { page, state } = window.bentpipe;
          for (let i = 0; i < 400; i++) {
            await page.refresh();
            if (page.drawn === state.slot && !page.refreshing) return;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          throw new Error("the page does not settle");
        }"""
    )
