"""A finished run as a web page: the globe and a flat map, asked and broken in the browser."""
