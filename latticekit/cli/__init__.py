"""The command line `latticekit`: demo, init, run, train, measure, summary, plot, convert, info.  (floor 7)"""

from latticekit.cli.program import main

__all__ = ["main"]
