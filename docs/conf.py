"""Sphinx configuration; pages that follow from the code are made from it at each build."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "bentpipe"
author = "The bentpipe developers"
project_copyright = "The bentpipe developers"
release = version = installed_version("bentpipe")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc", "generated"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = False
numpydoc_show_class_members = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"bentpipe {release}"
html_static_path = ["_static"]
html_theme_options = {
    "footer_icons": [],
    "announcement": "A simulation, not live status. Affiliated with no operator.",
}
