"""`python -m latticekit` is the command `latticekit`."""

import sys

from latticekit.cli import main

if __name__ == "__main__":
    sys.exit(main())
