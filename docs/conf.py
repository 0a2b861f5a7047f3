"""Sphinx configuration. ``python docs/generate.py`` makes the pages that come from the catalog."""

from ssmtp_compat import __version__

project = "ssmtp_compat"
author = "ssmtp_compat contributors"
copyright = "ssmtp_compat contributors, MIT licence"
version = release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_theme_options = {"description": "SMTP with S/MIME behind a documented procedural interface"}
