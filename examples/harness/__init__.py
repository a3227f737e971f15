"""What `run.py` needs to build, run, compare and draw the example programs; not an example itself."""

import sys
from pathlib import Path

# The checkout's own omega_slicer, whether or not one is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "src"))
