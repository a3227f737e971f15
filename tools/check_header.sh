#!/usr/bin/env bash
# Fails, with the difference, when include/omega_slicer.h is not what cbindgen makes
# of the sources. OMEGA_HEADER_CHECK=1 keeps build.rs from copying the fresh header
# over the committed one. The build folder is one of its own, because switching that
# variable on and off in the common one would rebuild the library each time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
committed=include/omega_slicer.h
folder=${CARGO_TARGET_DIR:-target}/header-check
mkdir -p "$folder"

complain() {
  printf 'check_header: %s\n' "$*" >&2
  exit 1
}

[ -f $committed ] || complain "$committed is missing; \`make build\` writes it"
before=$folder/before.h
cp $committed "$before"

status=0
OMEGA_HEADER_CHECK=1 cargo check --quiet --locked --target-dir "$folder" 2>"$folder/log" || status=$?
fresh=$(find "$folder/debug/build" -path '*/omega-slicer-*/out/omega_slicer.h' -printf '%T@ %p\n' 2>/dev/null |
  sort -n | tail -n 1 | cut -d' ' -f2-)

if [ -n "$fresh" ] && ! diff -u --label "$committed" --label "from the sources" "$before" "$fresh"; then
  complain "$committed has drifted (above); run \`make build\`, review the header and commit it"
fi
if [ $status -ne 0 ]; then
  cat "$folder/log" >&2
  complain "cargo could not generate the header (above)"
fi
[ -n "$fresh" ] || complain "the build made no omega_slicer.h in $folder"

# An earlier build in this checkout may have refreshed the file in the work tree. Sources
# as committed and yet another header means that the committed header has drifted.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1 &&
  git cat-file -e "HEAD:./$committed" 2>/dev/null &&
  git diff --quiet HEAD -- rust build.rs cbindgen.toml Cargo.toml Cargo.lock &&
  ! git diff --exit-code HEAD -- $committed; then
  complain "the committed $committed has drifted from the committed sources (above); commit the fresh one"
fi
echo "check_header: $committed agrees with the sources"
