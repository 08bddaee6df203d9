"""Traces in the formats of other emulators, one file a format; each says what its format loses.

======================  =============================================================================
file                    what
======================  =============================================================================
theaterq.py             the kernel module TheaterQ: the closest match, both ways apart
mahimahi.py             mm-link: chances to send 1,500 bytes; delay and loss fixed
netem.py                a shell script of tc netem commands
chrome.py               a static profile for Chrome's DevTools protocol
timed.py                steps with the time that each is kept, and what holds over a whole trace
======================  =============================================================================
"""
