"""Gauge configurations in the file formats of the field: NERSC, ILDG/SciDAC, MILC, openQCD."""

from latticekit.ensembles.formats.checks import FormatError
from latticekit.ensembles.formats.links import READERS, WRITERS, is_gauge_file, read_links, write_links

__all__ = ["READERS", "WRITERS", "FormatError", "is_gauge_file", "read_links", "write_links"]
