"""A finished run as a live link: traces, exports, the shaper, namespaces, a virtual dish.

======================  =============================================================================
file                    what
======================  =============================================================================
fromrun.py              the link of a site, read from a finished run
moments.py              where a trace begins: an instant, the worst outage, a handover, the busy hour
resample.py             from frames to steps
tracefile.py            traces as CSV, written and read; wholefiles.py (whole or not at all)
exports/                other emulators' formats
maketrace.py            all of it in one call: what ``bentpipe trace`` does
======================  =============================================================================
"""
