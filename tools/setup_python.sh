#!/usr/bin/env bash
# Makes the project's own Python environment in .venv and prints the path of its
# interpreter on stdout; everything else goes to stderr. It holds
# python/requirements-dev.txt and, for the hourly EURUSD candles inside it alone, the
# PyPI package `backtesting` without its dependencies. $PYTHON chooses the Python.
set -euo pipefail

readonly DATA_PACKAGE=backtesting==0.6.5

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$project/.venv
requirements=$project/python/requirements-dev.txt
stamp=$venv/omega-setup

say() { printf 'setup_python: %s\n' "$*" >&2; }

# What the environment was made from: the wanted packages, and where it lies, since
# an environment that was moved or copied has the old path in its programs.
wanted() {
  printf '%s\n%s\n' "$venv" "$DATA_PACKAGE"
  cat "$requirements"
}

up_to_date() {
  [ -f "$stamp" ] && wanted | cmp -s - "$stamp" && "$venv/bin/python" -c '' 2>/dev/null
}

# The first Python that is new enough: $PYTHON, python3, then any newer by name.
find_python() {
  local name
  for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.10 python3.14; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
      printf '%s\n' "$name"
      return
    fi
    if [ "$name" = "${PYTHON:-}" ]; then
      say "PYTHON=$PYTHON is not a working Python 3.10 or later; correct it or unset it"
      return 1
    fi
  done
  say "Python 3.10 or later is needed (python3 here: $(python3 --version 2>&1 | tail -n 1));"
  say "get it with: apt-get install python3 python3-venv"
  return 1
}

finish() {
  printf '%s\n' "$venv/bin/python"
  exit 0
}

if up_to_date; then
  finish
fi

if command -v flock >/dev/null; then # two runs at once: the second waits and finds the work done
  exec 9<"$project/python"
  flock 9
  if up_to_date; then
    finish
  fi
fi

python=$(find_python)
if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
  say "$python cannot make virtual environments; get it with: apt-get install python3-venv"
  exit 1
fi

say "making .venv with $("$python" --version 2>&1)"
rm -f "$stamp" # from here on, an interrupted run is done again from the start
"$python" -m venv --clear "$venv" >&2
say "installing python/requirements-dev.txt"
pip() {
  "$venv/bin/python" -m pip --disable-pip-version-check install --quiet "$@" >&2
}
pip --requirement "$requirements" || {
  say "pip could not install them (see above); the network or python/requirements-dev.txt needs a look"
  exit 1
}
say "installing $DATA_PACKAGE for its EURUSD candles"
pip --no-deps "$DATA_PACKAGE" || {
  say "pip could not install $DATA_PACKAGE (see above)"
  exit 1
}
# matplotlib builds its font list at its first import, which would count as run time.
"$venv/bin/python" -c 'import numpy, pandas, matplotlib.pyplot' >&2
wanted >"$stamp"
say "ready: .venv/bin/python"
finish
