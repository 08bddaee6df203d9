"""The network of one slot as plain arrays: satellites, sites, gateways and points of presence, and what links them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.earth import ecef_to_geodetic, geodetic_to_ecef
from bentpipe.errors import Fault, InputError
from bentpipe.geometry.usable import UsableLinks, usable_links
from bentpipe.network.delay import SPEED_OF_LIGHT_M_S
from bentpipe.network.mesh import Mesh
from bentpipe.network.topology import Topology
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario
from bentpipe.simulate.explain import slot_at
from bentpipe.simulate.graphfiles import graphml, table
from bentpipe.simulate.lasers import world_meshes
from bentpipe.simulate.pathends import prepare_network
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.world import World, world_state

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.str_]

NODE_KINDS = ("satellite", "site", "gateway", "pop")
LINK_KINDS = ("laser", "user", "feeder", "fibre")
#: Digits of degrees and metres that are more than rounding.
_DIGITS, _HEIGHT_DIGITS = 9, 3


class Nodes(NamedTuple):
    """V nodes: satellites in service, then sites, gateways and points of presence.

    Parameters
    ----------
    id : (V,) str
        Unique: the kind, a colon, and the catalogue number or the id.
    kind : (V,) str
        One of `NODE_KINDS`.
    name : (V,) str
        For people.
    latitude_deg, longitude_deg : (V,) float64
        Geodetic (WGS 84), degrees.
    height_m : (V,) float64
        Above the ellipsoid, m.
    position_m : (V, 3) float64
        Earth-fixed, m.
    satellite : (V,) int64
        Index in the run's dimension "satellite"; -1 on the ground.
    catalog_number : (V,) int64
        Catalogue number; -1 on the ground.
    shell, plane, place : (V,) int64
        By which the topology links satellites; -1 where there is none.
    """

    id: Words
    kind: Words
    name: Words
    latitude_deg: FloatArray
    longitude_deg: FloatArray
    height_m: FloatArray
    position_m: FloatArray
    satellite: IntArray
    catalog_number: IntArray
    shell: IntArray
    plane: IntArray
    place: IntArray


class NetworkLinks(NamedTuple):
    """L links, both ways alike.

    Parameters
    ----------
    start, end : (L,) int64
        Rows of the nodes.
    kind : (L,) str
        One of `LINK_KINDS`.
    length_m : (L,) float64
        Length, of a fibre that of its route, m.
    delay_s : (L,) float64
        One way, of a laser with forwarding, s.
    usable : (L,) bool
        Whether it carries anything now. A laser that the topology wants does not while it is acquired, too long, or
        behind the Earth; nor does a fibre whose gateway is out of service.
    """

    start: IntArray
    end: IntArray
    kind: Words
    length_m: FloatArray
    delay_s: FloatArray
    usable: Mask


@dataclass(frozen=True)
class NetworkSnapshot:
    """The network in one slot.

    Parameters
    ----------
    name : str
        Of the scenario.
    slot : int
        Absolute slot.
    start_utc : str
        Its start, to which everything is meant.
    nodes : Nodes
        Satellites in service, sites, gateways and points of presence.
    links : NetworkLinks
        Lasers; links of sites and of gateways with satellites that they can use; fibre.
    """

    name: str
    slot: int
    start_utc: str
    nodes: Nodes
    links: NetworkLinks

    def to_networkx(self) -> Any:
        """Make a graph of NetworkX of the links that are usable now.

        Returns
        -------
        networkx.Graph
            Nodes by id, with the columns of `Nodes` as attributes; links with kind, length_m and delay_s. On the
            ground nothing is relayed: leave out the other ground nodes before you look for paths between two.

        Raises
        ------
        InputError
            NetworkX is not installed.
        """
        try:
            import networkx
        except ModuleNotFoundError:
            what, remedy = "NetworkX is not installed", "pip install 'bentpipe[network]', or write GraphML or CSV"
            raise InputError(Fault(what, "to_networkx", remedy=remedy)) from None
        graph = networkx.Graph(name=self.name, slot=self.slot, start_utc=self.start_utc)
        nodes, links = self._rows()
        known = ({key: value for key, value in row.items() if value is not None} for row in nodes)
        graph.add_nodes_from((row.pop("id"), row) for row in known)
        graph.add_edges_from((row.pop("source"), row.pop("target"), row) for row in links if row.pop("usable"))
        return graph

    def write_graphml(self, path: str | Path) -> Path:
        """Write nodes and the links that are usable now as GraphML, whole or not at all.

        Parameters
        ----------
        path : str or pathlib.Path
            File to write; its folder is made.

        Returns
        -------
        pathlib.Path
            The file.
        """
        nodes, links = self._rows()
        usable = [row for row in links if row.pop("usable")]
        about = {"name": self.name, "slot": self.slot, "start_utc": self.start_utc}
        return graphml(Path(path), about, nodes, usable)

    def write_csv(self, folder: str | Path) -> Path:
        """Write nodes.csv and links.csv, each whole or not at all; links that are not usable now, too.

        Parameters
        ----------
        folder : str or pathlib.Path
            Folder to write into; it is made.

        Returns
        -------
        pathlib.Path
            The folder.
        """
        nodes, links = self._rows()
        names = {"id": "Id", "name": "Label", "source": "Source", "target": "Target"}  # as Gephi reads them
        table(Path(folder) / "nodes.csv", nodes, names)
        table(Path(folder) / "links.csv", [{**row, "Type": "Undirected"} for row in links], names)
        return Path(folder)

    def _rows(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Nodes and links as dictionaries of plain values, None where there is none."""
        own = {name: column.tolist() for name, column in self.nodes._asdict().items() if name != "position_m"}
        own |= {f"{axis}_m": self.nodes.position_m[:, i].tolist() for i, axis in enumerate("xyz")}
        nodes = [
            {key: None if isinstance(value, int) and value < 0 else value for key, value in zip(own, row, strict=True)}
            for row in zip(*own.values(), strict=True)
        ]
        links = {"source": self.nodes.id[self.links.start].tolist(), "target": self.nodes.id[self.links.end].tolist()}
        links |= {
            name: column.tolist() for name, column in self.links._asdict().items() if name not in ("start", "end")
        }
        return nodes, [dict(zip(links, row, strict=True)) for row in zip(*links.values(), strict=True)]


def network_at(
    run: Run | Scenario, at: str, *, topology: str | Topology | Callable[[Any], Any] | None = None
) -> NetworkSnapshot:
    """Show the network of one slot: every node with its place, every link with its length and delay.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario that need not have been run; with lasers.
    at : str
        Instant in UTC that `numpy.datetime64` reads.
    topology : str, Topology or callable, optional
        Who points lasers at whom, in place of the scenario's; of a run only the function that it was made with.

    Returns
    -------
    NetworkSnapshot

    Raises
    ------
    InputError
        No lasers, an instant outside the run, or the run was made with a function that is not given.
    """
    prepared = prepare_network(run, topology)
    slot = np.array([slot_at(prepared, at)], np.int64)
    world, (position,) = world_state(prepared, slot), prepared.positions(slot)
    (mesh,) = world_meshes(prepared, world, np.array([0]), slot, position[None])
    nodes, of = _nodes(prepared, world, position)
    links = _links(prepared, world, int(slot[0]), position, mesh, of)
    start = str(np.datetime_as_string(prepared.clock.start_utc(slot)[0], "s"))
    return NetworkSnapshot(prepared.scenario.name, int(slot[0]), start, nodes, links)


class _Rows(NamedTuple):
    """Row of the nodes where each kind is: of each satellite (-1 out of service), and the first of the others."""

    satellite: IntArray
    site: int
    gateway: int
    pop: int


def _nodes(prepared: Prepared, world: World, position: FloatArray) -> tuple[Nodes, _Rows]:
    fleet, territory, ground = prepared.fleet, prepared.territory, prepared.ground
    assert prepared.lasers is not None
    shown = np.flatnonzero(world.satellite_up[0] & np.isfinite(position).all(axis=0))
    row_of = np.full(len(fleet.up), -1, np.int64)
    row_of[shown] = np.arange(len(shown))
    cells, sites, gateways = len(territory.cell_id), len(territory.sites), len(ground.id)
    counts = (len(shown), sites, gateways, len(ground.pops))
    pop_m = geodetic_to_ecef([p.latitude_deg for p in ground.pops], [p.longitude_deg for p in ground.pops], 0.0)
    places = territory.places_at(float(world.unix_s[0]))
    at = [position.T[shown], places.position_m[cells:], ground.places.position_m, pop_m.reshape(-1, 3)]
    xyz = np.concatenate(at)
    lat, lon, height = ecef_to_geodetic(xyz)
    keys = [
        fleet.satellite_id[shown].tolist(), [s.id for s in territory.sites], ground.id, [p.id for p in ground.pops],
    ]  # fmt: skip
    names = [*(fleet.name[s] for s in shown.tolist()), *(s.name for s in territory.sites), *ground.name]
    names += [p.name for p in ground.pops]
    labels = prepared.lasers.labels
    ids = [f"{kind}:{key}" for kind, group in zip(NODE_KINDS, keys, strict=True) for key in group]

    def of_satellites(values: IntArray) -> IntArray:
        return np.concatenate([values[shown], np.full(sum(counts[1:]), -1, np.int64)])

    nodes = Nodes(
        np.array(ids, np.str_), np.repeat(np.array(NODE_KINDS), counts), np.array(names, np.str_),
        lat.round(_DIGITS), lon.round(_DIGITS), height.round(_HEIGHT_DIGITS) + 0.0, xyz,
        of_satellites(np.arange(len(row_of))), of_satellites(fleet.satellite_id), of_satellites(labels.shell),
        of_satellites(labels.plane), of_satellites(labels.place),
    )  # fmt: skip
    return nodes, _Rows(row_of, counts[0], counts[0] + sites, counts[0] + sites + gateways)


def _links(prepared: Prepared, world: World, slot: int, position: FloatArray, mesh: Mesh, of: _Rows) -> NetworkLinks:
    """All links: lasers, then those of sites, of gateways, and fibre."""
    up = np.ascontiguousarray(world.satellite_up[0])
    cells, ground = len(prepared.territory.cell_id), prepared.ground
    places = prepared.territory.places_at(float(world.unix_s[0]))
    steering = prepared.scenario.satellite.steering_deg
    own = usable_links(position, places, up, np.ascontiguousarray(world.allowed[0]), steering)
    feeder = usable_links(position, ground.places, up, world.antennas[0] > 0, 90.0)
    pair, length, usable = _lasers(prepared, world, slot, position, mesh)
    user_end, user_row, user_m = _up_links(own, cells, len(places.position_m))
    gate_end, gate_row, gate_m = _up_links(feeder, 0, len(ground.id))
    gateways, velocity = np.arange(len(ground.id)), prepared.scenario.fibre.velocity_factor
    fibre = ground.fibre_route_m[gateways, ground.home] if len(gateways) else np.zeros(0)
    delay_m = [length + prepared.hop_m, user_m, gate_m, fibre / velocity]
    counts = [len(part) for part in delay_m]
    return NetworkLinks(
        np.concatenate([of.satellite[pair[:, 0]], of.site + user_row, of.gateway + gate_row, of.gateway + gateways]),
        np.concatenate(
            [of.satellite[pair[:, 1]], of.satellite[user_end], of.satellite[gate_end], of.pop + ground.home]
        ),
        np.repeat(np.array(LINK_KINDS), counts),
        np.concatenate([length, user_m, gate_m, fibre]),
        np.concatenate(delay_m) / SPEED_OF_LIGHT_M_S,
        np.concatenate([usable, np.ones(counts[1] + counts[2], np.bool_), world.antennas[0] > 0]),
    )


def _lasers(
    prepared: Prepared, world: World, slot: int, position: FloatArray, mesh: Mesh
) -> tuple[IntArray, FloatArray, Mask]:
    """Lasers in use, and those that the topology wants besides: pairs, lengths (m), whether they are in use."""
    net = prepared.lasers
    assert net is not None
    up = world.satellite_up[0]
    wanted = net.wanted(slot, position, net.able & up & world.laser_up[0]).astype(np.int64)
    wanted = wanted[up[wanted].all(axis=1)]
    used, count = mesh.pair.astype(np.int64), len(up)
    besides = wanted[~np.isin(wanted @ [count, 1], used @ [count, 1])]
    length = np.linalg.norm(position[:, besides[:, 0]] - position[:, besides[:, 1]], axis=0)
    in_use = np.arange(len(used) + len(besides)) < len(used)
    return np.concatenate([used, besides]), np.concatenate([mesh.length_m, length]), in_use


def _up_links(links: UsableLinks, first: int, stop: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Usable links of places from one on: satellites, places counted from there, slant ranges (m)."""
    counts = (links.stop - links.start)[first:stop]
    place = np.repeat(np.arange(stop - first), counts)
    row = (
        np.repeat(links.start[first:stop], counts)
        + np.arange(len(place))
        - np.repeat(np.cumsum(counts) - counts, counts)
    )
    return links.satellite[row].astype(np.int64), place, links.slant_range_m[row].astype(np.float64)
