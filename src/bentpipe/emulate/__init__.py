"""A finished run as a live link: traces, exports, the shaper, namespaces, a virtual dish.

======================  =============================================================================
file                    what
======================  =============================================================================
fromrun.py              the link of a site, read from a finished run
dish/                   the local gRPC service of a user terminal, answered from a finished run
======================  =============================================================================
"""
