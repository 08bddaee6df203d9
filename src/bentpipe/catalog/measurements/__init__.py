"""A user's own measurements of a link: ping logs, iperf3 results, a dish's history.

======================  =============================================================================
file                    what
======================  =============================================================================
read.py                 `read_measurements`: which kind a file is, and its reader
samples.py              `Measurements`, what every reader returns; lines that could not be read
instants.py             times as files write them
pinglog.py              the output of ping on Linux, macOS and the BSDs
sequence.py             replies with sequence numbers to probes sent, answered and lost
tables.py               CSV of time and round trip, CSV of a dish's status
iperf.py                JSON of iperf3
dish.py                 JSON of a dish's history
======================  =============================================================================
"""

from bentpipe.catalog.measurements.read import KINDS, read_measurements
from bentpipe.catalog.measurements.samples import Measurements

__all__ = ["KINDS", "Measurements", "read_measurements"]
