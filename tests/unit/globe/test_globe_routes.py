"""Routes, asked as a page asks them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import stand_ins
from stand_ins import CELLS, SATELLITES, SLOTS, START

from bentpipe.globe.server import GlobeServer
from bentpipe.slots import SlotClock

ID = "made-up-1"


@pytest.fixture(scope="module")
def client(server: GlobeServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=20) as found:
        yield found


def what_if(client: httpx.Client, slots: int = 4, **edits: Any) -> httpx.Response:
    asked = {"run": ID, "from_slot": START, "to_slot": START + slots, "edits": edits or {"gateways": ["kaunas"]}}
    return client.post("/api/what-ifs", json=asked)


def settled(client: httpx.Client, id: str) -> dict[str, Any]:
    until = time.monotonic() + 20
    while (found := client.get(f"/api/what-ifs/{id}/result").json())["state"] not in ("done", "failed", "cancelled"):
        assert time.monotonic() < until
        time.sleep(0.02)
    return dict(found)


def test_the_runs(client: httpx.Client) -> None:
    found = client.get("/api/runs")
    first = found.json()["runs"][0]
    assert (first["id"], first["kind"], first["complete"], first["hypothetical"]) == (ID, "run", True, False)
    assert "server" not in found.headers
    assert "date" not in found.headers


def test_numbers_that_are_none_become_null(client: httpx.Client) -> None:
    assert client.get(f"/api/runs/{ID}/scene").json() == {"id": ID, "low": None, "count": 5}
    assert client.get(f"/api/runs/{ID}/slots/{START}").json() == {"slot": START, "users": 1.5}


def test_arrays_are_little_endian(client: httpx.Client) -> None:
    found = client.get(f"/api/runs/{ID}/values/rate/{START + 3}")
    assert found.headers["x-slot-ready"] == "1"
    assert np.frombuffer(found.content, "<f4").tolist() == [3.0, 4.0, 5.0, 6.0, 7.0]
    assert np.frombuffer(client.get(f"/api/runs/{ID}/index").content, "<u2").tolist() == [0, 1, 2, 3]
    found = client.get(f"/api/runs/{ID}/difference/rate/{START}?with={ID}")
    assert np.frombuffer(found.content, "<f4").tolist() == [-1.0, 0.0, 1.0, 2.0, 3.0]


def test_keyframes(client: httpx.Client) -> None:
    k = int(SlotClock(15.0, 12.0).start_unix_s(START)) // 60
    found = client.get(f"/api/runs/{ID}/keyframes/{k}")
    assert "immutable" in found.headers["cache-control"]
    frame = np.frombuffer(found.content, "<f4").reshape(SATELLITES, 6)
    assert (frame == np.float32(k)).all()
    for later in range(k + 1, k + 30):
        assert client.get(f"/api/runs/{ID}/keyframes/{later}").status_code == 200
    for outside in (0, k - 9, k + SLOTS // 4 + 30):
        assert client.get(f"/api/runs/{ID}/keyframes/{outside}").status_code == 404


def test_links_and_fleet(client: httpx.Client) -> None:
    assert client.get(f"/api/runs/{ID}/links/{START}").json() == {
        "feeder": [1, 0, 2, 1], "lasers": [], "exact": True, "note": "",
    }  # fmt: skip
    assert len(client.get(f"/api/runs/{ID}/fleet").json()["state"]) == SATELLITES


@pytest.mark.parametrize(
    ("query", "kind", "id"),
    [
        ("site=kyiv", "site", "kyiv"),
        (f"cell={CELLS[2]}", "cell", CELLS[2]),
        (f"cell={CELLS[2].upper()}", "cell", CELLS[2]),
        ("lat=50.2&lon=30.0", "cell", CELLS[2]),
    ],
)
def test_a_place(client: httpx.Client, query: str, kind: str, id: str) -> None:
    found = client.get(f"/api/runs/{ID}/place?slot={START}&{query}").json()
    assert (found["found"], found["kind"], found["id"], found["region"]) == (True, kind, id, "UA-30")
    assert found["lines"] == [f"{id} at {START}"]
    assert found["explanation"] == {"satellite": "S-1", "wait_ms": None}
    assert found["verdicts"] == {"web": "works"}
    assert client.get(f"/api/runs/{ID}/series?{query}").json() == {"unix_s": [1.0], "connected": [None]}


def test_a_place_that_the_run_lacks(client: httpx.Client) -> None:
    assert client.get(f"/api/runs/{ID}/place?slot={START}&lat=-80&lon=0").json() == {"found": False}
    for query in ("site=nowhere", "cell=zzz", "lat=10&lon=10"):
        assert client.get(f"/api/runs/{ID}/place?slot={START}&{query}").json() == {"found": False}
        assert client.get(f"/api/runs/{ID}/series?{query}").status_code == 404
    for query in ("", "lat=a&lon=2", "lat=91&lon=0", "lat=nan&lon=0", "lat=1"):
        assert client.get(f"/api/runs/{ID}/place?slot={START}&{query}").status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/runs/nothing/scene", 404),
        ("/api/runs/Made_up/scene", 404),
        (f"/api/runs/{ID}/values/rate/{START - 1}", 404),
        (f"/api/runs/{ID}/values/rate/{START + SLOTS}", 404),
        (f"/api/runs/{ID}/values/rate/-1", 400),
        (f"/api/runs/{ID}/values/rate/1e3", 400),
        (f"/api/runs/{ID}/values/rate/" + "9" * 5000, 400),
        (f"/api/runs/{ID}/slots/{START}x", 400),
        (f"/api/runs/{ID}/difference/rate/{START}", 404),
        (f"/api/runs/{ID}/links/{START + SLOTS}", 404),
        (f"/api/runs/{ID}/export/passwd", 404),
        (f"/api/runs/{ID}/scene/", 404),
        ("/api/what-ifs/what-if-999/result", 404),
        ("/api", 404),
        ("/api/what-ifs", 405),
    ],
)
def test_what_is_wrong_is_said(client: httpx.Client, path: str, status: int) -> None:
    found = client.get(path)
    assert found.status_code == status
    assert found.json()["error"]


def test_exports(client: httpx.Client) -> None:
    base = f"/api/runs/{ID}/export"
    cells = client.get(f"{base}/cells.csv?variable=rate&slot={START}")
    assert cells.text == f"rate,{START}\n"
    assert cells.headers["content-disposition"] == f'attachment; filename="{ID}-rate-{START}.csv"'
    odd = client.get(f"{base}/cells.geojson", params={"variable": 'a"\r\n/../b', "slot": START})
    assert odd.headers["content-disposition"] == f'attachment; filename="{ID}-a-b-{START}.geojson"'
    assert client.get(f"{base}/regions.csv?slot={START}").text == "region\n"
    assert client.get(f"{base}/series.csv?site=kyiv").text == "unix_s\n"
    window = f"from_slot={START}&to_slot={START + 40}"
    shape, times = client.get(f"{base}/satellites.czml?satellites=3,1,3&{window}").json()
    assert shape == [times, 2, 6]
    assert times == 12
    for wrong in ("", "a", "1,", ",".join(["1"] * 301)):
        assert client.get(f"{base}/satellites.czml?satellites={wrong}&{window}").status_code == 400
    assert client.get(f"{base}/satellites.czml?satellites={SATELLITES}&{window}").status_code == 404


def test_a_what_if_from_beginning_to_end(client: httpx.Client) -> None:
    begun = what_if(client)
    assert begun.status_code == 202
    id = begun.json()["id"]
    result = settled(client, id)
    assert (result["slots"], result["of"], result["state"]) == (4, 4, "done")
    assert result["users"] == {"before": 2.0, "after": 1.0}
    listed = next(run for run in client.get("/api/runs").json()["runs"] if run["id"] == id)
    assert listed["of"] == ID
    assert listed["hypothetical"] is True
    assert listed["window"] == [START, START + 4]
    assert listed["edits"] == {"gateways": ["kaunas"]}
    assert client.get(f"/api/runs/{id}/values/rate/{START + 3}").status_code == 200
    missing = client.get(f"/api/runs/{id}/values/rate/{START + 4}")
    assert (missing.status_code, missing.content) == (204, b"")
    assert client.get(f"/api/runs/{id}/export/regions.csv?slot={START + 4}").status_code == 404
    assert "kaunas" in client.get(f"/api/runs/{id}/links/{START}").json()["note"]
    assert client.get(f"/api/what-ifs/{id}/scenario.toml").text.startswith("# ")
    assert client.delete(f"/api/what-ifs/{id}").status_code == 202
    assert client.get(f"/api/runs/{id}/scene").status_code == 404


def test_what_ifs_that_are_refused(client: httpx.Client) -> None:
    refused = what_if(client, gateways=["nowhere"])
    assert refused.status_code == 422
    assert refused.json()["faults"][0]["value"] == "nowhere"
    assert what_if(client, slots=0).status_code == 422
    assert what_if(client, slots=SLOTS + 1).status_code == 422
    whole = {"run": ID, "from_slot": START, "to_slot": START + 1, "edits": {}}
    for change, status in (
        ({"run": "no"}, 404),
        ({"run": 3}, 404),
        ({"from_slot": "1"}, 422),
        ({"from_slot": True}, 422),
        ({}, 422),
        ({"edits": []}, 422),
    ):
        assert client.post("/api/what-ifs", json={**whole, **change}).status_code == status
    headers = {"Content-Type": "application/json"}
    for content in (b"", b"[1]", b"{", b"\xff", b"[" * 60_000):
        assert client.post("/api/what-ifs", content=content, headers=headers).status_code == 400
    assert client.post("/api/what-ifs", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 400


def test_a_what_if_that_fails_says_why_and_the_next_goes_on(client: httpx.Client) -> None:
    failing = what_if(client, satellites_percent=99).json()["id"]
    assert settled(client, failing)["state"] == "failed"
    assert settled(client, what_if(client).json()["id"])["state"] == "done"


def test_events_tell_of_a_what_if(client: httpx.Client) -> None:
    with client.stream("GET", "/api/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        id = what_if(client, satellites_percent=5).json()["id"]
        states = []
        for line in stream.iter_lines():
            if line.startswith("data: ") and (state := json.loads(line[6:]))["id"] == id:
                states.append(state)
                if state["state"] == "done":
                    break
    assert {"id", "run", "state", "done", "total", "message"} == set(states[0])
    assert states[-1]["done"] == 4
    order = ["queued", "preparing", "simulating", "done"]
    assert [order.index(state["state"]) for state in states] == sorted(order.index(state["state"]) for state in states)


def test_heads_alone_end(client: httpx.Client) -> None:
    for path in ("/api/runs", "/api/events", f"/api/runs/{ID}/scene"):
        found = client.head(path)
        assert (found.status_code, found.content) == (200, b"")


def test_what_takes_long_to_prepare_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bentpipe.globe.state.PATIENCE_S", 0.0)
    said: list[str] = []
    run = stand_ins.made_up_run(tmp_path / "slow")
    with stand_ins.serving([run], announce=said.append) as server:
        stand_ins.wait_for(lambda: "prepared" in said)
        assert said[0].startswith("preparing")
        assert stand_ins.answers(server)


def test_a_run_that_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins.use_parts(monkeypatch)
    monkeypatch.setattr("bentpipe.globe.state.WATCH_S", 0.05)
    run = stand_ins.made_up_run(tmp_path / "growing", complete=False)
    with stand_ins.serving([run]) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        assert client.get(f"/api/runs/growing/slots/{START}").status_code == 204
        asked = {"run": "growing", "from_slot": START, "to_slot": START + 1, "edits": {"gateways": ["kaunas"]}}
        assert client.post("/api/what-ifs", json=asked).status_code == 409
        with client.stream("GET", "/api/events") as stream:
            told = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
            assert next(told) == {"id": "growing", "complete": False, "slots_done": 0}
            (run / "commits" / f"{START // 240}.json").write_text("{}")
            assert next(state for state in told if state["slots_done"]) == {
                "id": "growing", "complete": False, "slots_done": 240,
            }  # fmt: skip
            assert client.get(f"/api/runs/growing/slots/{START}").status_code == 200
            manifest = json.loads((run / "manifest.json").read_text())
            (run / "manifest.json").write_text(json.dumps({**manifest, "complete": True}))
            assert next(state for state in told if state["complete"])["slots_done"] == SLOTS


def test_without_physics_what_is_stored_is_still_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins.use_parts(monkeypatch)
    run = stand_ins.made_up_run(tmp_path / "alone")
    with (
        stand_ins.serving([run], factory=stand_ins.broken_physics) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        for _ in range(3):
            found = client.get("/api/runs/alone/fleet")
            assert found.status_code == 503
        assert "no module of that name" in found.json()["error"]
        place = client.get(f"/api/runs/alone/place?slot={START}&site=kyiv").json()
        assert place["verdicts"] == {"web": "works"}
        assert place["lines"][0].startswith("why cannot be told")
        assert client.get(f"/api/runs/alone/values/rate/{START}").status_code == 200


def test_a_what_if_that_is_forgotten_is_told_and_its_name_is_nobody_elses(client: httpx.Client) -> None:
    id = what_if(client).json()["id"]
    settled(client, id)
    with client.stream("GET", "/api/events") as stream:
        assert client.delete(f"/api/what-ifs/{id}").status_code == 202
        told = (line for line in stream.iter_lines() if line.startswith("data: "))
        assert any(json.loads(line[6:]).get("state") == "forgotten" for line in told)
    assert client.get(f"/api/runs/{id}/slots/{START}").status_code == 404
    assert len(id.split("-")) == 4  # with what tells the servers of one address apart
