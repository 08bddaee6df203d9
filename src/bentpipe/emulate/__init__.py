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
plan.py                 what a live link is to do; runplan.py (from a run)
ways.py                 a program behind it, by the best way that is allowed: the entry
execute.py              namespaces: the caller's side; supervisor.py (starts, signals, exit codes, cleaning up)
linkprocess.py          the link's own process; feed.py (steps, a slot at a time), shaper.py (packets)
farend.py               what lies beyond the link: this host's services, the Internet
namespaces.py           system calls; netdevices.py (devices and routes), leftovers.py (what killed runs leave)
relay.py                where namespaces are not allowed: livelink.py (the plan on the clock), crossing.py (streams),
                        relayudp.py, socks5.py; behindrelay.py (a program behind it)
account.py              what a link did, and whether to believe it; outcome.py (how its program ended)
joinlink.py             a further program in the namespaces of a running one: what the pytest fixture does
======================  =============================================================================
"""
