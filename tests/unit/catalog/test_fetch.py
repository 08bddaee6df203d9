"""Downloads, against a server on this machine: good answers, bad ones, none."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import element_files as made
import pytest

from bentpipe.cachefolder import elements_folder
from bentpipe.catalog.cached import cached_files, exclusive
from bentpipe.catalog.fetch import Fetched, Limits, fetch_elements
from bentpipe.errors import FetchError, InputError

GOOD = made.as_json([made.record(n) for n in (1, 2, 3)]).encode()
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the next answer of the server, the last one for ever."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.agents.append(self.headers.get("User-Agent", ""))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """A server on a free port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = [status(200, GOOD)]
        self.asked: list[str] = []
        self.agents: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/gp.php"


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        if "Content_Length" not in headers:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def slow(seconds: float) -> Answer:
    def answer(handler: Handler) -> None:
        time.sleep(seconds)

    return answer


def trickle(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def fetch(server: Server, tmp_path: Path, waits: list[float]) -> Callable[..., Fetched]:
    def call(group: str | None = None, **changes: object) -> Fetched:
        limits = Limits(**({"timeout_s": 2.0, "attempts": 3, "sleep": waits.append} | changes))  # type: ignore[arg-type]
        return fetch_elements(group, url=server.url, folder=tmp_path / "cache", limits=limits)

    return call


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def left_over(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.suffix in (".part", ".lock") or p.name.startswith("."))


def test_a_download_is_read_kept_and_described(server: Server, fetch: Callable[..., Fetched], tmp_path: Path) -> None:
    got = fetch()
    assert got.downloaded and got.satellites == 3
    assert got.median_epoch.startswith("2022-10-24T12:00:00")
    assert got.path.read_bytes() == GOOD
    assert server.asked == ["/gp.php?GROUP=starlink&FORMAT=json"]
    assert server.agents[0].startswith("bentpipe/")
    assert left_over(tmp_path / "cache") == []


def test_within_two_hours_the_cached_file_is_used(server: Server, fetch: Callable[..., Fetched]) -> None:
    first = fetch()
    age(first.path, 2 * 3600 - 60)
    again = fetch()
    assert not again.downloaded and again.path == first.path and again.sha256 == first.sha256
    assert again.age_s == pytest.approx(2 * 3600 - 60, abs=30)
    assert len(server.asked) == 1
    age(first.path, 2 * 3600 + 60)
    assert fetch().downloaded
    assert len(server.asked) == 2


def test_a_damaged_cached_file_is_downloaded_again(server: Server, fetch: Callable[..., Fetched]) -> None:
    fetch().path.write_text("[{")
    assert fetch().downloaded
    assert len(server.asked) == 2


def test_groups_names_and_servers_have_files_of_their_own(server: Server, tmp_path: Path) -> None:
    paths = {
        fetch_elements(url=server.url, folder=tmp_path).path,
        fetch_elements("OneWeb", url=server.url, folder=tmp_path).path,
        fetch_elements(name="STARLINK-1", url=server.url, folder=tmp_path).path,
        fetch_elements(url=f"{server.url}?key=a", folder=tmp_path).path,
    }
    assert len(paths) == 4
    assert server.asked[1:] == [
        "/gp.php?GROUP=oneweb&FORMAT=json",
        "/gp.php?NAME=STARLINK-1&FORMAT=json",
        "/gp.php?key=a&GROUP=starlink&FORMAT=json",
    ]


def test_csv_and_the_environment(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = [status(200, made.as_csv([made.record(7)]).encode())]
    monkeypatch.setenv("BENTPIPE_CELESTRAK_URL", server.url)
    monkeypatch.setenv("BENTPIPE_CACHE", str(tmp_path))
    got = fetch_elements(notation="csv")
    assert got.path.suffix == ".csv" and got.path.parent == elements_folder() == tmp_path / "bentpipe" / "elements"
    assert server.asked == ["/gp.php?GROUP=starlink&FORMAT=csv"]


@pytest.mark.parametrize("failure", [status(500), status(503), status(429)])
def test_what_may_pass_is_tried_again(
    server: Server, fetch: Callable[..., Fetched], waits: list[float], failure: Answer
) -> None:
    server.answers = [failure, failure, status(200, GOOD)]
    assert fetch().satellites == 3
    assert waits == [1.0, 2.0]


def test_the_server_says_how_long_to_wait(server: Server, fetch: Callable[..., Fetched], waits: list[float]) -> None:
    server.answers = [status(503, Retry_After="7"), status(503, Retry_After="9999"), status(200, GOOD)]
    assert fetch().downloaded
    assert waits == [7.0, 60.0]


def test_after_the_last_try_it_gives_up(server: Server, fetch: Callable[..., Fetched]) -> None:
    server.answers = [status(500)]
    with pytest.raises(FetchError, match=r"answered 500 \(3 tries\)"):
        fetch()
    assert len(server.asked) == 3


@pytest.mark.parametrize(("code", "words"), [(403, "wait two hours"), (404, "check the group"), (400, "answered 400")])
def test_a_refusal_is_final_and_says_what_to_do(
    server: Server, fetch: Callable[..., Fetched], code: int, words: str
) -> None:
    server.answers = [status(code)]
    with pytest.raises(FetchError, match=words):
        fetch()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(200, b"No GP data found"), "No GP data found"),
        (status(200, b"<html>maintenance</html>"), "a web page"),
        (status(200, GOOD[:-40]), "not valid JSON"),
        (status(200, b"[]"), "no element set"),
        (status(200, b""), "the file is empty"),
        (status(200, os.urandom(2000)), "no usable element sets"),
        (status(200, GOOD.replace(b"53.0541", b"530.541")), "INCLINATION out of range"),
    ],
)
def test_an_answer_without_sound_elements_never_replaces_the_cached_file(
    server: Server, fetch: Callable[..., Fetched], tmp_path: Path, answer: Answer, words: str
) -> None:
    path = fetch().path
    age(path, 3 * 3600)
    server.answers = [answer]
    with pytest.raises(FetchError, match=words) as caught:
        fetch()
    assert path.read_bytes() == GOOD
    assert "an earlier download, 3.0 hours old, is kept" in str(caught.value)
    assert left_over(tmp_path / "cache") == []


def test_a_truncated_answer_is_tried_again(server: Server, fetch: Callable[..., Fetched], waits: list[float]) -> None:
    server.answers = [status(200, GOOD[:50], Content_Length=str(len(GOOD))), status(200, GOOD)]
    assert fetch().satellites == 3
    assert len(waits) == 1


def test_a_server_that_does_not_answer(server: Server, fetch: Callable[..., Fetched]) -> None:
    server.answers = [slow(1.0)]
    with pytest.raises(FetchError, match=r"no answer within 0.1 s \(2 tries\)"):
        fetch(timeout_s=0.1, attempts=2)


def test_a_server_that_trickles(server: Server, fetch: Callable[..., Fetched]) -> None:
    server.answers = [trickle]
    with pytest.raises(FetchError, match="took longer than"):
        fetch(total_s=0.3, attempts=1)


def test_too_large_an_answer(server: Server, fetch: Callable[..., Fetched]) -> None:
    server.answers = [status(200, b" " * 300_000)]
    with pytest.raises(FetchError, match="larger than"):
        fetch(max_bytes=100_000)


def test_offline(tmp_path: Path, waits: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/gp.php"
        with pytest.raises(FetchError, match=r"cannot connect \(offline\?\).*2 tries"):
            fetch_elements(url=url, folder=tmp_path, limits=Limits(attempts=2, sleep=waits.append))
    assert waits == [1.0]


def test_two_fetches_at_once_download_once(server: Server, fetch: Callable[..., Fetched]) -> None:
    def late(handler: Handler) -> None:
        time.sleep(0.3)
        status(200, GOOD)(handler)

    server.answers = [late]
    got: list[Fetched] = []
    threads = [threading.Thread(target=lambda: got.append(fetch())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.downloaded for one in got) == [False, False, True]
    assert len(server.asked) == 1


def test_a_held_lock_is_named_and_an_abandoned_one_is_taken(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    lock.write_text("1\n")
    with pytest.raises(FetchError, match="another download holds"), exclusive(lock, 0.2):
        pass
    age(lock, 3600)
    with exclusive(lock, 1.0):
        assert lock.exists()
    assert not lock.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"group": "a b"},
        {"group": "../x"},
        {"group": ""},
        {"name": " "},
        {"name": "a\n"},
        {"group": "a", "name": "b"},
        {"url": "ftp://x/"},
        {"url": "nonsense"},
        {"notation": "xml"},
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(InputError):
        fetch_elements(folder=tmp_path, **changes)  # type: ignore[arg-type]


def test_a_cache_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="BENTPIPE_CACHE"):
        fetch_elements(url=server.url, folder=tmp_path / "file" / "cache")


def test_the_list_shows_sound_and_damaged_files(fetch: Callable[..., Fetched], tmp_path: Path) -> None:
    good = fetch().path
    age(good, 600)
    (good.parent / "bad.json").write_text("[")
    files = cached_files(tmp_path / "cache")
    assert [(f.path.name, f.satellites) for f in files] == [("bad.json", None), (good.name, 3)]
    assert "not valid JSON" in files[0].fault
    assert files[1].age_s == pytest.approx(600, abs=30)
    assert cached_files(tmp_path / "absent") == ()
