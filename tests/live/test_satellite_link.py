"""The pytest fixture: programs of a test behind a link, and what becomes of the test."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest_plugins = ["pytester"]

TRACE = "time_s,down_ms,up_ms,down_mbit_s,up_mbit_s\n0,27,27,100,20\n60,27,27,100,20\n"
CONFTEST = 'pytest_plugins = ["bentpipe.testing"]\n'
# Where namespaces are forbidden, as the part of bentpipe exec that makes them would find.
FORBIDDEN = """
import sys
from bentpipe.emulate import execute
def run_program(*_, **__):
    raise execute.NotAllowedError("no network namespace: forbidden")
execute.run_program = run_program
from bentpipe.cli import main
sys.exit(main())
"""


@pytest.fixture
def page():
    """A web server of this machine; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"beyond")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tests(pytester):
    """Run a test file with the plugin; its outcomes and output."""
    (pytester.path / "trace.csv").write_text(TRACE)
    pytester.makeconftest(CONFTEST)

    def run(text):
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rs")

    return run


def test_importing_the_plugin_is_light():
    code = (
        "import sys, bentpipe.testing; print([m for m in ('numpy', 'numba', 'xarray', 'asyncio') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("require", ["relay", "namespace"])
def test_programs_of_a_test_go_over_the_link(tests, page, require):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    result = tests(f"""
import os, subprocess
def test_it(satellite_link, tmp_path):
    with satellite_link("trace.csv", require={require!r}, untrusted="skip") as link:
        words = ["curl", "-sS", "-w", " %{{time_starttransfer}}", f"http://{{link.host}}:{page}/"]
        done = link.run(words, capture_output=True, text=True, timeout=60)
        body, first = done.stdout.split()
        assert body == "beyond" and float(first.replace(",", ".")) >= 0.108
        said = link.run(["sh", "-c", "pwd; echo $A"], cwd=tmp_path, env={{**os.environ, "A": "1"}}, capture_output=True)
        assert said.stdout.decode().split() == [os.path.realpath(tmp_path), "1"]
        assert link.run(["sh", "-c", "exit 3"]).returncode == 3
        left = link.popen(["sleep", "600"])
    assert left.returncode == -15
    assert link.verdict.trusted and "packets" in link.verdict.line
    assert (link.verdict.account["via"] == "relay") == (link.via == "relay")
""")
    outcomes = result.parseoutcomes()
    if "skipped" in outcomes:
        pytest.skip(result.stdout.str()[-600:])
    assert outcomes == {"passed": 1}


# In place of bentpipe exec: runs the holder, and says that the link cannot be trusted.
UNTRUSTED = """
import json, subprocess, sys
words = sys.argv[1:]
file, program = words[words.index("--json") + 1], words[words.index("--") + 1 :]
code = subprocess.run(program).returncode
json.dump({"trusted": False, "verdict": "do not trust this run: late", "via": "relay"}, open(file, "w"))
"""


def test_what_cannot_be_trusted_fails_or_skips_as_chosen_and_failures_stay(tests):
    result = tests(f"""
import pytest
import bentpipe.testing
bentpipe.testing._EXEC = {UNTRUSTED!r}
def test_fails(satellite_link):
    with satellite_link("trace.csv"):
        pass
def test_skips(satellite_link):
    with satellite_link("trace.csv", untrusted="skip"):
        pass
def test_ignores(satellite_link):
    with satellite_link("trace.csv", untrusted="ignore") as link:
        pass
    assert not link.verdict.trusted
def test_stays_failed(satellite_link):
    with satellite_link("trace.csv", untrusted="skip"):
        raise ValueError("of the test")
""")
    assert result.parseoutcomes() == {"failed": 2, "skipped": 1, "passed": 1}
    result.stdout.fnmatch_lines(["*ValueError: of the test*", "*the link: *trust this run: late*"])


def test_where_namespaces_are_forbidden_the_relay_takes_their_place_or_the_test_is_skipped(tests):
    result = tests(f"""
import bentpipe.testing
bentpipe.testing._EXEC = {FORBIDDEN!r}
def test_relay(satellite_link):
    with satellite_link("trace.csv", untrusted="ignore") as link:
        assert link.via == "relay" and link.host == "127.0.0.1"
        assert link.environment["ALL_PROXY"].startswith("socks5h://127.0.0.1:")
def test_namespace(satellite_link):
    with satellite_link("trace.csv", require="namespace"):
        raise AssertionError("not reached")
""")
    assert result.parseoutcomes() == {"passed": 1, "skipped": 1}
    result.stdout.fnmatch_lines(["*no network namespace is allowed here*forbidden*"])


def test_a_link_that_cannot_be_opened_fails_with_its_reason(tests):
    result = tests("""
def test_it(satellite_link):
    with satellite_link("no-such-run", "kyiv"):
        pass
""")
    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["*the link could not be opened*no-such-run*"])
