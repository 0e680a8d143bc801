"""Sphinx configuration.  Build without the network: sphinx-build -W docs docs/_build"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent), str(_HERE)]  # the checkout, and plain_docstrings beside this file
os.environ["PYTHONPATH"] = os.pathsep.join([str(_HERE.parent), os.environ.get("PYTHONPATH", "")])  # executed pages
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import latticekit  # noqa: E402

project = "latticekit"
author = "The latticekit developers"
copyright = "the latticekit developers, Apache-2.0"
version = release = latticekit.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "plain_docstrings",
]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints"]
smartquotes = False
templates_path = ["_templates"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # arrays of any library are `Any`; the shapes stand in the docstrings
autodoc_member_order = "groupwise"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "latticekit"
html_show_sourcelink = False
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
