"""A finished run as a live link: traces, exports, the shaper, namespaces, a virtual dish."""
