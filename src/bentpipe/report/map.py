"""The map: every cell coloured by the share of the time its terminals are connected."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np

from bentpipe.report.outlines import Outlines
from bentpipe.report.projection import Projection, projection_for
from bentpipe.report.reading import Boolean, Float, Integer, Reading
from bentpipe.report.svg import Drawing, number, text_width
from bentpipe.report.wording import count, percent, plural

WIDTH = 1000.0
DRAWN_CELLS = 6_000
"""Above this many cells the map is an image: shapes would make the page too large."""
RASTER_PIXELS = 260_000
THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Lower edges of the classes above the first; fixed, so that two reports compare."""
CLASS_LABELS = ("under 50", "50 to 70", "70 to 80", "80 to 90", "90 to 95", "95 to 99", "99 to 100")
PALETTE = ("440154", "443a83", "31688e", "21918c", "35b779", "90d743", "fde725")
"""Seven steps of viridis (S. van der Walt, N. Smith, 2015; CC0): monotone in lightness, colour-blind safe."""
NO_TERMINALS = "b9b9b4"
LABELLED_GATEWAYS = 12
GATEWAY_TYPE = 15.0
"""Size taken for the names of gateways: set bold at 13 px, which is about as wide as this."""
NUMBERED_REGIONS = 40
"""Up to so many regions with sites have their number written in the mark: more marks would cover one another."""
LARGEST_CELL = 8.0
"""The sheet is at least this many cells wide."""
OUTLINE_GRID = 8
"""Outlines are drawn on a grid of this many tenths of a px: finer is not seen."""
BEYOND = 250.0
"""Outlines are cut off this many px beyond the sheet."""
NEAR = 0.12
"""Gateways this far beyond the cells, as a share of the extent, are still drawn where they are."""
POINTERS_APART = 24.0
"""Arrows to gateways beyond the map that are nearer than this, px, are one."""


def share_class(share: Float) -> Integer:
    """Return the class 0..6 of each share (1 = all); -1 where it is NaN."""
    found = np.searchsorted(np.array(THRESHOLDS), np.nan_to_num(share, nan=-1.0), side="right")
    return np.where(np.isnan(share), -1, found).astype(np.int64)


@dataclass(frozen=True)
class Sheet:
    """A projection scaled to the drawing: WIDTH px wide, `height` px high."""

    projection: Projection
    left: float
    top: float
    scale: float
    height: float

    def place(self, latitude_deg: Float, longitude_deg: Float) -> tuple[Float, Float]:
        """Place degrees on the sheet, in px."""
        x, y = self.projection.forward(latitude_deg, longitude_deg)
        return (x - self.left) * self.scale, (self.top - y) * self.scale

    def holds(self, x: float, y: float, inset: float = 0.0) -> bool:
        """Whether a point lies on the sheet."""
        return inset <= x <= WIDTH - inset and inset <= y <= self.height - inset


class Labels:
    """Texts placed one by one, each only where it covers no earlier one."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.boxes: list[tuple[float, float, float, float]] = []

    def block(self, x: float, y: float, half: float) -> None:
        """Keep labels off a marker."""
        self.boxes.append((x - half, y - half, x + half, y + half))

    def find(self, text: str, size: float, places: list[tuple[float, float]]) -> tuple[float, float] | None:
        """Return the first free centre among `places`, and keep it; None where all are taken."""
        half, tall = text_width(text, size) / 2 + 2, size * 0.62
        for x, y in places:
            box = (x - half, y - tall, x + half, y + tall)
            inside = box[0] >= 2 and box[2] <= WIDTH - 2 and box[1] >= 2 and box[3] <= self.height - 2
            if inside and not any(_overlap(box, other) for other in self.boxes):
                self.boxes.append(box)
                return x, y
        return None


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@dataclass(frozen=True)
class MapFigure:
    """The finished map and what its caption must say."""

    svg: str
    classes: tuple[tuple[int, str, int], ...]
    """Class, label in per cent, number of cells."""
    hatched: int
    outside: tuple[str, ...]
    gateways: int
    site_regions: int


def draw_map(reading: Reading, outlines: Outlines, exact_sites: bool, stamp: str) -> MapFigure | None:
    """Draw the map; None for a run without cells.

    Parameters
    ----------
    reading : Reading
        The run; its cells must be H3 cells.
    outlines : Outlines
        Borders, in degrees.
    exact_sites : bool
        Draw sites where they are; otherwise one mark at the middle of their region.
    stamp : str
        The word written on the figure.
    """
    cells = reading.cells
    if not len(cells.ids):
        return None
    drawing = Drawing(WIDTH, 0, f"Map: share of the time connected, by cell ({stamp})")
    sheet, boundary = _sheet(reading, exact_sites)
    drawing.height = sheet.height
    classes = share_class(cells.connected_share)
    drawing.add("<defs>" + _hatch("hatch", 10) + _hatch("hatch-key", 1) + "</defs>")
    drawing.rect(0, 0, WIDTH, sheet.height, "sea")
    _rings(drawing, sheet, outlines.around, "land")
    if boundary is None:
        drawing.add(_raster(reading, sheet, classes))
    else:
        _shapes(drawing, reading, sheet, boundary, classes)
    _rings(drawing, sheet, outlines.regions, "border")
    labels = Labels(sheet.height)
    labels.boxes.append((WIDTH - 250, 0, WIDTH, 22))
    site_regions = _sites(drawing, reading, sheet, labels, exact_sites)
    shown, outside = _gateways(drawing, reading, sheet, labels)
    _region_names(drawing, reading, sheet, labels)
    _scale_bar(drawing, sheet)
    drawing.text(WIDTH - 10, 18, stamp, "stamp halo", "end")
    tally = np.bincount(classes[classes >= 0], minlength=len(PALETTE))
    return MapFigure(
        svg=drawing.markup("map"),
        classes=tuple((i, CLASS_LABELS[i], int(tally[i])) for i in range(len(PALETTE))),
        hatched=int((classes < 0).sum()),
        outside=tuple(outside),
        gateways=shown,
        site_regions=site_regions,
    )


def _hatch(name: str, scale: int) -> str:
    """Return a hatch pattern: cells are drawn in tenths of a px, so theirs is ten times as wide."""
    return (
        f'<pattern id="{name}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45) scale({scale})"><rect class="hatch-ground" width="5" height="5"/>'
        '<path class="hatch-line" d="M0 0V5"/></pattern>'
    )


def _sheet(reading: Reading, exact_sites: bool) -> tuple[Sheet, list[Float] | None]:
    """Return the sheet, and the boundary of every cell unless there are too many to draw."""
    import h3

    cells = reading.cells
    boundary: list[Float] | None = None
    if len(cells.ids) <= DRAWN_CELLS:
        boundary = [np.asarray(h3.cell_to_boundary(c), dtype=np.float64) for c in cells.ids]
        points = np.concatenate(boundary)
    else:
        points = np.stack([cells.latitude_deg, cells.longitude_deg], axis=1)
    projection = projection_for(points[:, 0], points[:, 1])
    x, y = projection.forward(points[:, 0], points[:, 1])
    left, right, low, high = (float(v) for v in (x.min(), x.max(), y.min(), y.max()))
    if boundary is not None:  # a few cells alone would each fill the sheet
        room = (LARGEST_CELL * float(np.ptp(x[: len(boundary[0])])) - (right - left)) / 2
        left, right = left - max(room, 0), right + max(room, 0)
    left, right, low, high = _widened(reading, projection, (left, right, low, high), exact_sites)
    margin = 0.0 if projection.world else 0.05 * max(right - left, high - low)
    left, right, low, high = left - margin, right + margin, low - margin, high + margin
    if projection.world:
        left, right, low, high = -180.0, 180.0, -85.0, 85.0
    wide, tall = right - left, high - low
    if tall < 0.45 * wide:
        low, high = low - (0.45 * wide - tall) / 2, high + (0.45 * wide - tall) / 2
    elif tall > wide:
        left, right = left - (tall - wide) / 2, right + (tall - wide) / 2
    scale = WIDTH / (right - left)
    return Sheet(projection, float(left), float(high), float(scale), float((high - low) * scale)), boundary


def _widened(
    reading: Reading, projection: Projection, frame: tuple[float, float, float, float], exact_sites: bool
) -> tuple[float, float, float, float]:
    """Widen a frame (left, right, low, high) to gateways just beyond it, and to the sites if they are shown."""
    left, right, low, high = frame
    if projection.world:
        return frame
    gateways, sites = reading.gateways, reading.sites
    known = np.isfinite(gateways.latitude_deg)
    gx, gy = projection.forward(gateways.latitude_deg[known], gateways.longitude_deg[known])
    wide, tall = NEAR * (right - left), NEAR * (high - low)
    near = (gx > left - wide) & (gx < right + wide) & (gy > low - tall) & (gy < high + tall)
    px, py = gx[near], gy[near]
    if exact_sites:
        placed = np.isfinite(sites.latitude_deg)
        sx, sy = projection.forward(sites.latitude_deg[placed], sites.longitude_deg[placed])
        px, py = np.concatenate([px, sx]), np.concatenate([py, sy])
    if not px.size:
        return frame
    return min(left, px.min()), max(right, px.max()), min(low, py.min()), max(high, py.max())


def _ring_path(x: Float, y: Float, height: float) -> str:
    """Return a closed path in tenths of a px: points on a coarse grid, and what is far off the sheet cut off."""
    px = np.rint(np.clip(x, -BEYOND, WIDTH + BEYOND) * 10 / OUTLINE_GRID).astype(np.int64) * OUTLINE_GRID
    py = np.rint(np.clip(y, -BEYOND, height + BEYOND) * 10 / OUTLINE_GRID).astype(np.int64) * OUTLINE_GRID
    moved = np.append(True, (np.diff(px) != 0) | (np.diff(py) != 0))
    px, py = px[moved], py[moved]
    if len(px) < 4:
        return ""
    steps = " ".join(f"{a},{b}" for a, b in zip(np.diff(px).tolist(), np.diff(py).tolist(), strict=True))
    return f"M{px[0]},{py[0]}l{steps}z".replace(" -", "-").replace(",-", "-")


def _shapes(drawing: Drawing, reading: Reading, sheet: Sheet, boundary: list[Float], classes: Integer) -> None:
    """Draw cells as shapes, in tenths of a px; cells without terminals as one hatched shape."""
    lengths = [len(b) for b in boundary]
    points = np.concatenate(boundary)
    x, y = sheet.place(points[:, 0], points[:, 1])
    cuts = np.cumsum([0, *lengths])
    paths = [_hexagon(x[a:b], y[a:b]) for a, b in pairwise(cuts)]
    empty = "".join(paths[i] for i in (classes < 0).nonzero()[0])
    drawing.add('<g class="cells">')
    if empty:
        drawing.add(f'<g fill="url(#hatch)"><path transform="scale(.1)" d="{empty}">'
                    "<title>No terminals in these cells</title></path></g>")  # fmt: skip
    drawing.add('<g transform="scale(.1)">')
    names = (*reading.regions.names, "No region")
    for i in (classes >= 0).nonzero()[0]:
        share, region = float(reading.cells.connected_share[i]), int(reading.cells.region[i])
        terminals = plural(reading.cells.terminals[i], "terminal")
        title = f"{names[region]}: connected {percent(share)} of the time; {terminals}"
        drawing.path(paths[i], f"k{classes[i]}", title)
    drawing.add("</g></g>")


def _hexagon(x: Float, y: Float) -> str:
    px, py = np.rint(x * 10).astype(int).tolist(), np.rint(y * 10).astype(int).tolist()
    steps = [f"{px[i] - px[i - 1]},{py[i] - py[i - 1]}" for i in range(1, len(px))]
    return f"M{px[0]},{py[0]}l{' '.join(steps)}z"


def _rings(drawing: Drawing, sheet: Sheet, rings: tuple[Float, ...], kind: str) -> None:
    paths = []
    for ring in rings:
        if len(ring) < 3:
            continue
        x, y = sheet.place(ring[:, 0], ring[:, 1])
        if x.max() < 0 or x.min() > WIDTH or y.max() < 0 or y.min() > sheet.height:
            continue
        if sheet.projection.world and np.ptp(x) > WIDTH * 0.9 and np.abs(np.diff(x)).max() > WIDTH / 2:
            continue  # a ring cut by the edge of the world would draw a bar across it
        paths.append(_ring_path(x, y, sheet.height))
    if paths:
        drawing.add(f'<g transform="scale(.1)"><path class="{kind}" d="{"".join(paths)}"/></g>')


def _raster(reading: Reading, sheet: Sheet, classes: Integer) -> str:
    """Draw cells as an image with one palette entry a class, for territories of very many cells."""
    import h3.api.numpy_int as h3

    ids = np.array([h3.str_to_int(c) for c in reading.cells.ids], dtype=np.uint64)
    order = np.argsort(ids)
    resolution = h3.get_resolution(int(ids[0]))
    wide = int(np.sqrt(RASTER_PIXELS * WIDTH / sheet.height))
    tall = max(int(wide * sheet.height / WIDTH), 1)
    px, py = np.meshgrid((np.arange(wide) + 0.5) * WIDTH / wide, (np.arange(tall) + 0.5) * sheet.height / tall)
    lat, lon = sheet.projection.inverse(px / sheet.scale + sheet.left, sheet.top - py / sheet.scale)
    to_cell = h3.latlng_to_cell
    pairs = zip(lat.ravel().tolist(), lon.ravel().tolist(), strict=True)
    found = np.fromiter((to_cell(a, b, resolution) for a, b in pairs), dtype=np.uint64, count=lat.size)
    at = np.minimum(np.searchsorted(ids[order], found), len(ids) - 1)
    known: Boolean = ids[order][at] == found
    shade = np.where(known, classes[order][at] + 1, len(PALETTE) + 1).reshape(tall, wide)
    stripe = (np.add.outer(np.arange(tall), np.arange(wide)) % 4) > 0
    shade = np.where((shade == 0) & stripe, len(PALETTE) + 2, shade)
    image = base64.b64encode(_png(shade.astype(np.uint8))).decode()
    return (
        f'<image class="raster" x="0" y="0" width="{number(WIDTH)}" height="{number(sheet.height)}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{image}"/>'
    )


def _png(shade: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """Write an indexed PNG: 0 hatch line, 1..7 the classes, 8 nothing, 9 hatch ground (PNG, third edition)."""
    palette = bytes.fromhex(NO_TERMINALS + "".join(PALETTE) + "000000" + NO_TERMINALS)
    alpha = bytes([255] * (len(PALETTE) + 1) + [0, 70])
    tall, wide = shade.shape
    rows = np.concatenate([np.zeros((tall, 1), dtype=np.uint8), shade], axis=1).tobytes()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", wide, tall, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette),
        (b"tRNS", alpha),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def region_middle(reading: Reading, region: int) -> tuple[float, float] | None:
    """Return the latitude and longitude, in degrees, of the cell nearest the middle of a region."""
    chosen = (reading.cells.region == region).nonzero()[0]
    if not chosen.size:
        return None
    lat, lon = np.radians(reading.cells.latitude_deg[chosen]), np.radians(reading.cells.longitude_deg[chosen])
    points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    best = chosen[int((points @ points.mean(axis=0)).argmax())]
    return float(reading.cells.latitude_deg[best]), float(reading.cells.longitude_deg[best])


def _sites(drawing: Drawing, reading: Reading, sheet: Sheet, labels: Labels, exact: bool) -> int:
    """Mark the sites: where they are, or how many there are in each region; return the regions marked."""
    sites = reading.sites
    if exact:
        x, y = sheet.place(sites.latitude_deg, sites.longitude_deg)
        for i, name in enumerate(sites.names):
            if np.isfinite(x[i]) and sheet.holds(x[i], y[i]):
                drawing.add(f'<circle class="site" cx="{number(x[i])}" cy="{number(y[i])}" r="6">'
                            f"<title>{escape(name)}</title></circle>")  # fmt: skip
                labels.block(x[i], y[i], 7)
        return 0
    marked, small = 0, len(set(sites.regions)) > NUMBERED_REGIONS
    for code in dict.fromkeys(sites.regions):
        middle = region_middle(reading, reading.regions.codes.index(code)) if code in reading.regions.codes else None
        if middle is None:
            continue
        x, y = sheet.place(np.array([middle[0]]), np.array([middle[1]]))
        here = sum(r == code for r in sites.regions)
        name = reading.regions.names[reading.regions.codes.index(code)]
        radius = min(3.5 + here, 8.0) if small else 11.0
        drawing.add(f'<g><title>{plural(here, "site")} in {escape(name)}; positions are not shown</title>'
                    f'<circle class="site" cx="{number(x[0])}" cy="{number(y[0])}" r="{number(radius)}"/>')  # fmt: skip
        if not small:
            drawing.text(x[0], y[0] + 4.5, str(here), "site-count", "middle")
        drawing.add("</g>")
        labels.block(x[0], y[0], radius + 1)
        marked += 1
    return marked


def _gateways(drawing: Drawing, reading: Reading, sheet: Sheet, labels: Labels) -> tuple[int, list[str]]:
    """Mark the gateways on the sheet, and point to those beyond it; return how many, and which are beyond."""
    gateways = reading.gateways
    x, y = sheet.place(gateways.latitude_deg, gateways.longitude_deg)
    known = np.isfinite(x).nonzero()[0].tolist()
    inside = [i for i in known if sheet.holds(x[i], y[i], 8)]
    beyond = [i for i in known if i not in set(inside)]
    named = len(gateways.ids) <= LABELLED_GATEWAYS
    size = 8.0 if named else 4.0
    for i in inside:
        shape = f"M{number(x[i])} {number(y[i] - size)}l{number(size)} {number(1.7 * size)}h{number(-2 * size)}z"
        drawing.path(shape, "gateway", f"Gateway {gateways.names[i]}")
        labels.block(x[i], y[i], size)
    for i in inside if named else ():
        name = gateways.names[i]
        wide = text_width(name, GATEWAY_TYPE) / 2 + 13
        spots = [(x[i] + wide, y[i]), (x[i] - wide, y[i]), (x[i], y[i] + 22), (x[i], y[i] - 20)]
        spot = labels.find(name, GATEWAY_TYPE, spots)
        if spot:
            drawing.text(spot[0], spot[1] + 4.5, name, "gateway-name halo", "middle")
    if named:
        _pointers(drawing, sheet, labels, [(gateways.names[i], float(x[i]), float(y[i])) for i in beyond])
    return len(inside), [gateways.names[i] for i in beyond]


def _pointers(drawing: Drawing, sheet: Sheet, labels: Labels, beyond: list[tuple[str, float, float]]) -> None:
    """Draw arrows at the edge of the sheet towards gateways beyond it; one for those that would touch."""
    cx, cy, inset = WIDTH / 2, sheet.height / 2, 14.0
    arrows: list[tuple[float, float, float, float, list[str]]] = []
    for name, x, y in beyond:
        dx, dy = x - cx, y - cy
        share = min((cx - inset) / max(abs(dx), 1e-9), (cy - inset) / max(abs(dy), 1e-9))
        ax, ay = cx + share * dx, cy + share * dy
        near = next((a for a in arrows if np.hypot(a[0] - ax, a[1] - ay) < POINTERS_APART), None)
        if near:
            near[4].append(name)
            continue
        arrows.append((ax, ay, dx, dy, [name]))
        labels.block(ax, ay, 10)
    for ax, ay, dx, dy, names in arrows:
        told = escape(f"Gateway{'s' if len(names) > 1 else ''} {', '.join(names)}, beyond the map")
        angle = np.degrees(np.arctan2(dy, dx))
        drawing.add(
            f'<path class="gateway" transform="translate({number(ax)} {number(ay)}) rotate({number(angle)})" '
            f'd="M9 0L-6 -7V7z"><title>{told}</title></path>'
        )
        label = names[0] if len(names) == 1 else f"{len(names)} gateways"
        wide = text_width(label, GATEWAY_TYPE) / 2 + 13
        inward = ax - np.sign(dx) * wide
        places = [(inward, ay), (ax, ay - np.sign(dy) * 20), (inward, ay - 18), (inward, ay + 18)]
        spot = labels.find(label, GATEWAY_TYPE, places)
        if spot:
            drawing.text(spot[0], spot[1] + 4.5, label, "gateway-name halo", "middle")


def _region_names(drawing: Drawing, reading: Reading, sheet: Sheet, labels: Labels) -> None:
    """Name the regions, largest first, where a name fits; none for a territory of very many."""
    if len(reading.regions.codes) > 60:
        return
    for region in np.argsort(-reading.regions.cells, kind="stable").tolist():
        middle = region_middle(reading, region)
        if middle is None:
            continue
        x, y = sheet.place(np.array([middle[0]]), np.array([middle[1]]))
        name = reading.regions.names[region]
        across = float(x[0])
        spot = labels.find(name, 12, [(across, float(y[0]) + d) for d in (0, 20, -20, 34, -34)])
        if spot:
            drawing.text(spot[0], spot[1] + 4, name, "region-name halo", "middle")


def _scale_bar(drawing: Drawing, sheet: Sheet) -> None:
    """Draw a bar of round length; an equal-area sheet of a country is true to scale within a few per cent."""
    if sheet.projection.world:
        return
    metres = WIDTH / sheet.scale * 0.2
    length = 10.0 ** np.floor(np.log10(metres))
    length = max(m * length for m in (1, 2, 5) if m * length <= metres)
    wide, y = length * sheet.scale, sheet.height - 16
    drawing.path(f"M16 {number(y - 5)}v5h{number(wide)}v-5", "scale")
    words = f"{count(length / 1e3)} km" if length >= 1e3 else f"{count(length)} m"
    drawing.text(16 + wide / 2, y - 8, words, "tick halo", "middle")
