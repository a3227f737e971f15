"""`python -m omega_slicer ...`: the guard from the command line."""

from __future__ import annotations

import sys

from ._guard.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
