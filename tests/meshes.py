"""Meshes and ends to search: shells with +Grid lasers, some lost, and random ones; and what SciPy finds there."""

from __future__ import annotations

import math

import numpy as np

from bentpipe.network.mesh import Entries, Mesh, join_entries, make_mesh


def grid_pairs(planes: int, per_plane: int) -> np.ndarray:
    """Lasers of +Grid: to the next in the plane and to the same place of the next plane, each pair once."""
    plane, place = np.divmod(np.arange(planes * per_plane), per_plane)
    own = np.arange(planes * per_plane)
    ahead, beside = plane * per_plane + (place + 1) % per_plane, (plane + 1) % planes * per_plane + place
    pair = np.sort(np.concatenate([np.stack([own, ahead], 1), np.stack([own, beside], 1)]), axis=1)
    return np.unique(pair[pair[:, 0] != pair[:, 1]], axis=0).astype(np.int32)


def shell(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions (N, 3) and pairs of a Walker shell of any size, turned anyhow."""
    planes, per_plane = int(rng.integers(1, 12)), int(rng.integers(1, 12))
    plane, place = np.divmod(np.arange(planes * per_plane), per_plane)
    node = 2 * math.pi * plane / planes
    u = 2 * math.pi * (place / per_plane + rng.integers(0, planes) * plane / (planes * per_plane)) + rng.uniform(0, 6)
    tilt = rng.uniform(0.5, 1.6)
    x, y, z = np.cos(u), np.sin(u) * math.cos(tilt), np.sin(u) * math.sin(tilt)
    at = 6.9e6 * np.stack([x * np.cos(node) - y * np.sin(node), x * np.sin(node) + y * np.cos(node), z], 1)
    return at, grid_pairs(planes, per_plane)


def scattered(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions (N, 3) all over a sphere and pairs within some reach."""
    count = int(rng.integers(1, 80))
    at = rng.normal(size=(count, 3))
    at *= 6.9e6 / np.sqrt((at**2).sum(1, keepdims=True))
    apart = np.sqrt(((at[:, None] - at[None]) ** 2).sum(2))
    a, b = np.nonzero(np.triu(apart < rng.uniform(5e5, 6e6), 1))
    return at, np.stack([a, b], 1).astype(np.int32)


def random_mesh(seed: int, ends: int | None = None) -> tuple[Mesh, np.ndarray, Entries]:
    """A mesh, costs of its lasers and entries: some lasers fail, costs may be lengths or whole numbers."""
    rng = np.random.default_rng(seed)
    at, pair = shell(rng) if rng.random() < 0.6 else scattered(rng)
    pair = pair[rng.random(len(pair)) > rng.choice([0.0, 0.1, 0.4])]
    length = np.sqrt(((at[pair[:, 0]] - at[pair[:, 1]]) ** 2).sum(1))
    length = np.maximum(length, 1.0)
    mesh = make_mesh(pair, length, len(at))
    whole = rng.random() < 0.3
    cost = rng.integers(1, 4, len(pair)).astype(float) if whole else length + rng.choice([0.0, 1e5])
    spread = rng.choice([0.0, 1e3, 1e6, 1e8]) if not whole else 3.0
    lists = []
    for _ in range(int(rng.integers(1, 12)) if ends is None else ends):
        some = np.sort(rng.choice(len(at), int(rng.integers(0, min(len(at), 9) + 1)), replace=False)).astype(np.int32)
        price = rng.integers(0, 4, len(some)).astype(float) if whole else 5e5 + rng.uniform(0, 1, len(some)) * spread
        lists.append((some, price))
    return mesh, cost, join_entries(lists)


def dense(mesh: Mesh, cost: np.ndarray) -> np.ndarray:
    """Costs as a matrix, inf where there is no laser."""
    out = np.full((mesh.satellites, mesh.satellites), np.inf)
    out[mesh.pair[:, 0], mesh.pair[:, 1]] = out[mesh.pair[:, 1], mesh.pair[:, 0]] = cost
    return out


def scipy_costs(mesh: Mesh, cost: np.ndarray, entries: Entries) -> np.ndarray:
    """(K, N) by `scipy.sparse.csgraph.dijkstra` with a node for each end, from which arcs lead up only."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    n, count = mesh.satellites, len(entries.start)
    end = np.repeat(np.arange(count), entries.stop - entries.start) + n
    # A cost of exactly 0 would be no arc in a sparse matrix: lift all entries by one and take it off again.
    tail = np.concatenate([mesh.pair[:, 0], mesh.pair[:, 1], end])
    head = np.concatenate([mesh.pair[:, 1], mesh.pair[:, 0], entries.satellite])
    price = np.concatenate([cost, cost, entries.cost_m + 1.0])
    graph = csr_array((price, (tail, head)), shape=(n + count, n + count))
    return dijkstra(graph, indices=np.arange(n, n + count))[:, :n] - 1.0
