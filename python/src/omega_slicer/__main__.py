"""`python -m omega_slicer status [--json]`: which backend answers and why, from the command line."""

from __future__ import annotations

import argparse
import json
import sys

from . import status


def main(arguments: list[str]) -> int:
    """Run one command; 1 if a module's backend cannot be had as demanded."""
    parser = argparse.ArgumentParser(prog="python -m omega_slicer")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("status", help="which backend answers and why")
    show.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(arguments)
    found = status()
    print(json.dumps(found.as_dict(), indent=2) if options.json else found)
    return int(any(module.backend == "none" for module in found.modules.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
