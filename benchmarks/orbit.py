"""Time the propagation: ``python benchmarks/orbit.py``.

Targets on one core: 5,760 slots of 15 s of 3,171 satellites under 2 s of processor time, and 240 slots of
10,744 satellites under 0.5 s, both with SGP4 and with the kernels compiled.
"""

from __future__ import annotations

import time

import numpy as np

from bentpipe.orbit import CircularElements, Propagator, Sgp4Elements, earth_fixed_positions, walker_shell

START = 1_721_088_000.0


def element_set(count: int) -> Sgp4Elements:
    """Element sets of a made-up shell at 550 km and 53 degrees."""
    number = np.arange(count, dtype=np.int64)
    full = np.ones(count)
    return Sgp4Elements(
        catalog_number=400_000 + number,
        epoch_unix_s=START - 3600.0 * full,
        bstar=1e-4 * full,
        ndot=0.0 * full,
        nddot=0.0 * full,
        ecco=1e-4 * full,
        argpo_rad=1.5 * full,
        inclo_rad=np.radians(53.0) * full,
        mo_rad=np.mod(number * 2.399963, 2.0 * np.pi, dtype=np.float64),
        no_kozai_rad_per_min=15.06 * 2.0 * np.pi / 1440.0 * full,
        nodeo_rad=np.mod(number * 0.087266, 2.0 * np.pi, dtype=np.float64),
    )


def report(name: str, elements: Sgp4Elements | CircularElements, slots: int) -> None:
    """Print the processor time of a run, first with and then without the initialisation."""
    unix_s = START + 12.0 + 15.0 * np.arange(slots)
    begin = time.process_time()
    earth_fixed_positions(elements, unix_s)
    whole = time.process_time() - begin
    propagator = Propagator(elements)
    begin = time.process_time()
    propagator.earth_fixed_positions(unix_s)
    warm = time.process_time() - begin
    rate = slots * len(elements.catalog_number) / whole / 1e6
    print(f"{name:38s} {whole:6.2f} s whole  {warm:6.2f} s initialised  {rate:6.1f} M positions/s")


def main() -> None:
    # Kernels are compiled, and memory that a virtual machine has never used is fetched, outside the timing.
    earth_fixed_positions(element_set(2), np.array([START]))
    np.empty((5_760, 3, 3_171)).fill(0.0)
    report("SGP4, 5,760 slots x 3,171 satellites", element_set(3_171), 5_760)
    report("SGP4, 240 slots x 10,744 satellites", element_set(10_744), 240)
    shell = walker_shell(550e3, 53.0, 72, 44, 11)
    report("Walker, 5,760 slots x 3,168 satellites", shell, 5_760)
    report("Walker, 240 slots x 3,168 satellites", shell, 240)


if __name__ == "__main__":
    main()
