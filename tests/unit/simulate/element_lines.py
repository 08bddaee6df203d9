"""Element sets of a circular shell as TLE text, checksums included."""

from __future__ import annotations


def checksum(line: str) -> int:
    return sum(int(c) if c.isdigit() else c == "-" for c in line) % 10


def element_set(number: int, designator: str, raan_deg: float, anomaly_deg: float) -> str:
    """A satellite at 53 degrees, 15.06 revolutions a day, on 2022-10-24T00:00:00Z."""
    one = f"1 {number:05d}U {designator:<8} 22297.00000000  .00000000  00000-0  00000+0 0  999"
    two = f"2 {number:05d}  53.0000 {raan_deg % 360:8.4f} 0000001   0.0000 {anomaly_deg % 360:8.4f} 15.06000000    1"
    lines = [f"{line}{checksum(line)}" for line in (one, two)]
    assert all(len(line) == 69 for line in lines), [len(line) for line in lines]
    return f"SAT {number}\n" + "\n".join(lines) + "\n"
