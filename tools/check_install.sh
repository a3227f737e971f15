#!/usr/bin/env bash
# Installs into a temporary folder and uses the result as a stranger would: a C program
# compiled through pkg-config, linked to the shared and to the static library, and run.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
for tool in pkg-config "${CC:-cc}" readelf; do
  command -v "$tool" >/dev/null || {
    echo "check_install: $tool is missing; get it with: apt-get install pkg-config gcc binutils" >&2
    exit 1
  }
done

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
make --no-print-directory install PREFIX=/opt/omega DESTDIR="$stage" >/dev/null

lib=$stage/opt/omega/lib
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -n 1)
soname=libomega_slicer.so.${version%%.*}
for file in "libomega_slicer.so.$version" "$soname" libomega_slicer.so libomega_slicer.a; do
  [ -s "$lib/$file" ] || {
    echo "check_install: $file was not installed" >&2
    exit 1
  }
done
readelf -d "$lib/libomega_slicer.so" | grep -q "SONAME.*\[$soname\]" || {
  echo "check_install: the library's SONAME is not $soname" >&2
  exit 1
}

cat >"$stage/main.c" <<'C'
#include <omega_slicer.h>
int main(void) { return omega_abi_version() == 0; }
C
flags() {
  PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage pkg-config "$@" omega_slicer
}
[ "$(flags --modversion)" = "$version" ]
# shellcheck disable=SC2046 # flags are words
${CC:-cc} -std=c11 -Wall -Wextra -Werror "$stage/main.c" $(flags --cflags --libs) -o "$stage/shared"
LD_LIBRARY_PATH=$lib "$stage/shared"
# shellcheck disable=SC2046
${CC:-cc} -std=c11 -Wall -Wextra -Werror "$stage/main.c" $(flags --cflags) "$lib/libomega_slicer.a" \
  $(flags --static --libs-only-l | sed 's/-lomega_slicer//') -o "$stage/static"
"$stage/static"
readelf -d "$stage/shared" | grep -q "NEEDED.*\[$soname\]"
echo "check_install: installed files compile, link and run (shared and static, $version)"
