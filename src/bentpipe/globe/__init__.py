"""A finished run as a web page: the globe and a flat map, asked and broken in the browser.

======================  =============================================================================
file                    what
======================  =============================================================================
server.py               a socket, uvicorn and a clean end: the entry; app.py (routes behind the guard)
guard.py                who may ask; connections.py (how many, and how long a client may take)
routes.py               what is asked for, looked up; exportroutes.py, asking.py, answers.py
state.py                what a server holds; library.py (runs by id), assets.py (files of the page),
                        parts.py (functions of a run, loaded when first asked for)
source.py               stored slots of a run, or of a what-if, without xarray
scene.py                what the page needs once; shown.py and shown.csv (variables and their scales)
cellvalues.py           colours of a slot; cellmap.py (cell of every pixel), cellshapes.py (as polygons)
numbers.py              numbers of a slot; places.py (one place), course.py (users over the run)
outlines.py             borders to draw; data/borders.npz (the coarse ones)
exports.py              CSV and GeoJSON; czml.py (orbits)
edits.py                what is switched off; jobs.py (what-ifs, one at a time), differences.py (effects),
                        workfolders.py (where their arrays lie)
events.py               news for the pages that listen
physics.py              what is asked of the physics; physicsprocess.py (the process that computes),
                        keyframes.py (satellites minute by minute, kept)
static/                 the page: main.js, its panels, viewbase.js with globe3d.js and flatmap.js;
                        vendor/ (three.js, uPlot) is made by tools/vendor_web.mjs
======================  =============================================================================
"""
