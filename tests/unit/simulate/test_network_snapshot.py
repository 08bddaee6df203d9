"""The network of one slot: its geometry, its files, and the same shortest delay as the paths."""

from __future__ import annotations

import csv
import itertools
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lasered import lasered

import bentpipe
from bentpipe.errors import InputError
from bentpipe.network.delay import SPEED_OF_LIGHT_M_S

AT = "2022-10-24T10:05"
BROKEN = """
[[disruptions]]
id = "broken"
kind = "laser-loss"
title = "Broken"
tag = "hypothetical"
shell = 0
planes = [4]

[[disruptions]]
id = "gone"
kind = "satellite-loss"
title = "Gone"
tag = "hypothetical"
shell = 0
planes = [9]

[[disruptions]]
id = "dark"
kind = "gateway-loss"
title = "Dark"
tag = "hypothetical"
gateways = ["gw-spain"]
"""


@pytest.fixture(scope="module")
def found() -> bentpipe.NetworkSnapshot:
    return bentpipe.network_at(lasered(), AT)


def test_nodes_and_links_are_where_they_belong(found: bentpipe.NetworkSnapshot) -> None:
    nodes, links = found.nodes, found.links
    assert Counter(nodes.kind.tolist()) == {"satellite": 576, "site": 3, "gateway": 3, "pop": 3}
    assert len(set(nodes.id.tolist())) == len(nodes.id)
    up = nodes.kind == "satellite"
    assert (nodes.height_m[up] > 540e3).all() and (nodes.height_m[up] < 575e3).all()
    assert np.abs(nodes.height_m[~up]).max() < 1.0
    np.testing.assert_array_equal(nodes.catalog_number[up], np.arange(1, 577))
    assert (nodes.satellite[~up] == -1).all()
    kyiv = nodes.id.tolist().index("site:kyiv")
    assert (nodes.latitude_deg[kyiv], nodes.longitude_deg[kyiv]) == (50.45, 30.52)
    apart = np.linalg.norm(nodes.position_m[links.start] - nodes.position_m[links.end], axis=1)
    straight = links.kind != "fibre"
    np.testing.assert_allclose(links.length_m[straight], apart[straight], atol=0.5)
    assert (links.length_m[~straight] > apart[~straight]).all()
    through = {"laser": 1.0, "user": 1.0, "feeder": 1.0, "fibre": 1 / 0.68}
    light_s = links.length_m * np.array([through[kind] for kind in links.kind]) / SPEED_OF_LIGHT_M_S
    np.testing.assert_allclose(links.delay_s, light_s + np.where(links.kind == "laser", 0.2e-3, 0.0), rtol=1e-12)
    ends = {
        kind: {(nodes.kind[a], nodes.kind[b]) for a, b in zip(links.start[of], links.end[of], strict=True)}
        for kind in through
        for of in [links.kind == kind]
    }
    assert ends == {
        "laser": {("satellite", "satellite")}, "user": {("site", "satellite")},
        "feeder": {("gateway", "satellite")}, "fibre": {("gateway", "pop")},
    }  # fmt: skip


def test_what_does_not_work_is_shown_as_such() -> None:
    found = bentpipe.network_at(lasered(BROKEN), AT)
    nodes, links = found.nodes, found.links
    broken, gone = np.arange(4 * 24, 5 * 24) + 1, np.arange(9 * 24, 10 * 24) + 1
    assert set(nodes.catalog_number.tolist()) == set(range(1, 577)) - set(gone.tolist()) | {-1}
    idle = ~links.usable
    assert set(links.kind[idle]) == {"laser", "fibre"}
    numbers = nodes.catalog_number[[links.start, links.end]]
    touched = np.isin(numbers, broken).any(axis=0)
    np.testing.assert_array_equal(idle & (links.kind == "laser"), touched & (links.kind == "laser"))
    assert nodes.id[links.start[idle & (links.kind == "fibre")]].tolist() == ["gateway:gw-spain"]
    # Each pair once, whether it is in use or not.
    pairs = Counter(frozenset(pair) for pair in zip(links.start.tolist(), links.end.tolist(), strict=True))
    assert set(pairs.values()) == {1}


def shortest(graph: Any, a: str, b: str) -> float:
    """Least delay by NetworkX; only the gateways of an end relay on the ground, and only to it."""
    networkx = pytest.importorskip("networkx", reason="NetworkX is not installed: it is in the extra network")
    arcs = networkx.DiGraph()
    above = {node for node, kind in graph.nodes(data="kind") if kind == "satellite"}
    for one, other, data in graph.edges(data=True):
        for tail, head in ((one, other), (other, one)):
            if tail in above and head in above:
                arcs.add_edge(tail, head, **data)
    for end, leaving in ((a, True), (b, False)):
        steps = [(end, node) for node in graph[end]]
        steps += [(g, s) for _, g in steps if g.startswith("gateway") for s in graph[g] if s in above]
        for near, far in steps:
            arcs.add_edge(*((near, far) if leaving else (far, near)), **graph[near][far])
    return float(networkx.dijkstra_path_length(arcs, a, b, weight="delay_s"))


def test_networkx_finds_the_delay_of_the_paths_in_what_was_written(
    found: bentpipe.NetworkSnapshot, tmp_path: Path
) -> None:
    networkx = pytest.importorskip("networkx", reason="NetworkX is not installed: it is in the extra network")
    read = networkx.read_graphml(found.write_graphml(tmp_path / "deep" / "net.graphml"))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["net.graphml"]
    graph = found.to_networkx()
    assert read.graph["slot"] == graph.graph["slot"] == found.slot
    assert dict(read.nodes(data=True)) == dict(graph.nodes(data=True))
    assert {frozenset(e[:2]): e[2] for e in read.edges(data=True)} == {
        frozenset(e[:2]): e[2] for e in graph.edges(data=True)
    }
    names = ["site:kyiv", "site:quito", "site:osaka", "gateway:gw-england", "pop:seattle"]
    for a, b in itertools.combinations(names, 2):
        (way,) = bentpipe.paths(lasered(), a.split(":")[1], b.split(":")[1], at=AT).data["ways"]
        assert 1e3 * shortest(read, a, b) == pytest.approx(way["one_way_ms"], rel=1e-9), (a, b)


def test_tables_have_every_node_and_link(found: bentpipe.NetworkSnapshot, tmp_path: Path) -> None:
    folder = found.write_csv(tmp_path / "net")
    assert sorted(path.name for path in folder.iterdir()) == ["links.csv", "nodes.csv"]
    nodes = list(csv.DictReader((folder / "nodes.csv").open(encoding="utf-8")))
    links = list(csv.DictReader((folder / "links.csv").open(encoding="utf-8")))
    assert [row["Id"] for row in nodes] == found.nodes.id.tolist()
    assert [float(row["x_m"]) for row in nodes] == found.nodes.position_m[:, 0].tolist()
    assert {row["catalog_number"] for row in nodes if row["kind"] != "satellite"} == {""}
    assert [row["Source"] for row in links] == found.nodes.id[found.links.start].tolist()
    assert [float(row["delay_s"]) for row in links] == found.links.delay_s.tolist()
    assert {row["Type"] for row in links} == {"Undirected"}


def test_without_networkx_the_remedy_is_named(found: bentpipe.NetworkSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(InputError, match=r"pip install 'bentpipe\[network\]'"):
        found.to_networkx()


def test_an_instant_outside_the_run_is_refused() -> None:
    with pytest.raises(InputError, match="does not cover this instant"):
        bentpipe.network_at(lasered(), "2022-10-25T10:05")
