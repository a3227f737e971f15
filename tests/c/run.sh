#!/usr/bin/env bash
# Builds the C tests as C11 and as C++17 with every compiler there is, links each to the shared and
# to the static library, and runs them: plainly, under Valgrind, against the fault-injection build
# (OMEGA_FAULT_LIBRARY, or where `make build-faulty` puts it), and from an installed prefix.
# One line per configuration; the last line sums up. Exit code 1 when anything failed. A tool that is not
# here is said loudly, and a failure under OMEGA_REQUIRE_TOOLS=1 (which CI sets).
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-target}
release=$target/release
out=$(mkdir -p "$target/c-tests" && cd "$target/c-tests" && pwd)
fault=${OMEGA_FAULT_LIBRARY:-$target/fault-injection/debug/libomega_slicer.so}
warnings=(-Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wcast-qual -Wwrite-strings)
# What Rust's standard library needs of the system (rustc --print native-static-libs).
system=(-lpthread -ldl -lm -lrt -lutil -lgcc_s)
suites=(abi text series borrowed files arrow slicer batch alignment walk symbols look_ahead null handles threads)
suites+=(kernels kernel_arguments streams)
sources=(harness fixture foreign tsv series_file kernel_calls main header)
sources+=(vectors_slicer vectors_text vectors_series vectors_kernels vectors_alignment vectors_walk vectors_symbols)
sources+=(vectors_arrow)
sources+=("${suites[@]/#/test_}")
passed=0 failed=0 skipped=0 notes=() shown=

# line NAME RESULT...: one line per configuration.
line() { printf '%-28s %s\n' "$1" "${*:2}"; }
fail() {
  failed=$((failed + 1))
  line "$1" "FAILED: ${*:2}"
}
skip() {
  skipped=$((skipped + 1))
  line "$1" "SKIPPED: ${*:2}"
}
# lack NAME WHAT...: a part that cannot be run for want of a tool.
lack() { if [[ ${OMEGA_REQUIRE_TOOLS:-} == 1 ]]; then fail "$@"; else skip "$@"; fi; }

# run NAME COMMAND...: a test program, whose last line of output is "N passed, N failed[, N skipped]".
run() {
  local name=$1 log=$out/${1//[ +]/_}.log summary status
  shift
  "$@" >"$log.out" 2>"$log"
  status=$?
  summary=$(tail -n 1 "$log.out")
  if [[ ! $summary =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    grep -m 1 -A 12 -E "^DIED|Invalid|Process terminating" "$log" || tail -n 20 "$log"
    fail "$name" "died with status $status (all of it in $log)"
    return
  fi
  passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
  if [[ ${BASH_REMATCH[2]} -gt 0 ]]; then
    # The same failures again say nothing new.
    [[ $(head -n 100 "$log") == "$shown" ]] || head -n 100 "$log"
    shown=$(head -n 100 "$log")
  elif [[ $status -ne 0 ]]; then
    tail -n 60 "$log"
    fail "$name" "status $status although no test failed (Valgrind: 99); all of it in $log"
    return
  fi
  line "$name" "$summary"
}

# compile LANGUAGE COMPILER FOLDER NAME...: objects of tests/c/NAME.c.
compile() {
  local language=$1 compiler=$2 folder=$3 name
  local flags=(-std=c11)
  [[ $language == c++17 ]] && flags=(-x c++ -std=c++17)
  shift 3
  mkdir -p "$folder"
  for name in "$@"; do
    "$compiler" "${flags[@]}" "${warnings[@]}" -O1 -g -pthread -Iinclude -Itests/c \
      -c "tests/c/$name.c" -o "$folder/$name.o" || return 1
  done
}

objects() { printf "$1/%s.o\n" "${@:2}"; }

# The functions the header declares, one declaration a line, without comments.
declarations() {
  "${CC:-cc}" -E -P -x c include/omega_slicer.h | tr '\n' ' ' | tr ';' '\n' | grep -E '\bomega_[a-z_]+ *\('
}

# named_in PATTERN FILE...: every function whose declaration matches is called in one of the files.
named_in() {
  local pattern=$1 function missing=()
  shift
  while read -r function; do
    grep -qE "\b$function\(" "$@" || missing+=("$function")
  done < <(declarations | grep -E "$pattern" | grep -oE 'omega_[a-z_]+ *\(' | tr -d ' (')
  if [[ ${#missing[@]} -gt 0 ]]; then
    fail "header against tests" "not called in ${*##*/}: ${missing[*]}"
  else
    passed=$((passed + 1))
  fi
}

tests_cover_the_header() {
  local before=$failed
  # kernel_calls.c calls the kernels, once each, for every test of test_kernel*.c and for fault.c.
  named_in . tests/c/test_*.c tests/c/kernel_calls.c
  named_in 'OmegaStatus +omega' tests/c/fault.c tests/c/kernel_calls.c
  named_in '\(.*\*' tests/c/test_{null,arrow,alignment,walk,symbols,kernels,kernel_arguments,streams}.c \
    tests/c/kernel_calls.c
  named_in '\(.*OmegaStream \*[a-z]' tests/c/test_streams.c
  named_in '\(.*OmegaSymbolSlice \*[a-z]' tests/c/test_walk.c
  named_in '\(.*OmegaMultiSymbol \*[a-z]' tests/c/test_symbols.c
  named_in '\(.*OmegaSeries \*[a-z]' tests/c/test_handles.c
  [[ $failed -eq $before ]] && line "header against tests" "every function is called everywhere it belongs"
}

library_exports_the_header() {
  local ours theirs
  if ! command -v nm >/dev/null; then
    lack "exports" "nm is missing (apt-get install binutils)"
    return
  fi
  ours=$(declarations | grep -oE 'omega_[a-z_]+ *\(' | tr -d ' (' | sort)
  theirs=$(nm -D --defined-only "$release/libomega_slicer.so" | awk '$3 ~ /^omega_/ { print $3 }' | sort)
  if [[ $ours == "$theirs" ]]; then
    passed=$((passed + 1))
    line "exports" "the library's omega_* symbols are the header's functions"
  else
    fail "exports" "header (<) and library (>) differ:" $'\n' "$(diff <(echo "$ours") <(echo "$theirs"))"
  fi
}

# The cases are what their definitions give, or they prove nothing.
vectors_are_as_generated() {
  local said generator python
  if ! command -v python3 >/dev/null; then
    lack "vectors" "python3 is missing (apt-get install python3)"
    return
  fi
  for generator in tests/vectors/generate.py tests/vectors/*/generate.py; do
    python=python3
    # The Arrow files' producers are no part of any Python; setup_python.sh installs them.
    if [[ $generator == */arrow/* ]]; then
      python=.venv/bin/python
      if ! "$python" -c 'import duckdb, nanoarrow, polars, pyarrow' 2>/dev/null; then
        lack "vectors" "$generator needs what make setup-python installs"
        continue
      fi
    fi
    if said=$("$python" "$generator" --check 2>&1); then
      passed=$((passed + 1))
      said=${said##*$'\n'}
      line "vectors" "${said:-$generator gives what is there}"
    else
      fail "vectors" "$generator" $'\n' "$(tail -n 40 <<<"$said" | cut -c 1-200)"
    fi
  done
}

# A file of this name is what programs look for at run time (the soname).
with_soname() {
  mkdir -p "$2" && ln -sf "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")" "$2/libomega_slicer.so.0" &&
    ln -sf libomega_slicer.so.0 "$2/libomega_slicer.so"
}

memcheck=(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible
  --errors-for-leak-kinds=definite,indirect,possible --num-callers=30)
have_valgrind=$(command -v valgrind || true)
if [[ -z $have_valgrind ]]; then
  notes+=("VALGRIND IS MISSING, LEAKS WERE NOT LOOKED FOR (apt-get install valgrind)")
  lack "valgrind" "valgrind is missing (apt-get install valgrind)"
fi

test_language() {
  local language=$1 compiler=$2 name="$1 $2" folder
  folder=$out/$language-$(basename "$compiler")
  if ! command -v "$compiler" >/dev/null; then
    # clang is tried where it happens to be; gcc and g++ are what is asked for.
    case $compiler in gcc | g++) lack "$name" "$compiler is not here" ;; *) skip "$name" "$compiler is not here" ;; esac
    return
  fi
  if ! compile "$language" "$compiler" "$folder" "${sources[@]}"; then
    fail "$name" "does not compile"
    return
  fi
  local objects
  mapfile -t objects < <(objects "$folder" "${sources[@]}")
  if "$compiler" "${objects[@]}" -o "$folder/shared" -pthread -L"$out/lib" -lomega_slicer -Wl,-rpath,"$out/lib"; then
    run "$name shared" "$folder/shared" tests/vectors
    [[ -z $have_valgrind ]] || run "$name shared valgrind" "${memcheck[@]}" "$folder/shared" tests/vectors
  else
    fail "$name shared" "does not link"
  fi
  if "$compiler" "${objects[@]}" -o "$folder/static" -pthread "$release/libomega_slicer.a" "${system[@]}"; then
    run "$name static" "$folder/static" tests/vectors
    [[ -z $have_valgrind ]] || run "$name static valgrind" "${memcheck[@]}" "$folder/static" tests/vectors
  else
    fail "$name static" "does not link"
  fi
}

test_faults() {
  if [[ ! -f $fault ]]; then
    fail "faults" "no fault-injection build at $fault (make build-faulty, or set OMEGA_FAULT_LIBRARY)"
    return
  fi
  local parts=(harness fixture foreign kernel_calls fault) objects folder=$out/fault compiler=${CC:-cc}
  with_soname "$fault" "$folder/lib"
  mapfile -t objects < <(objects "$folder" "${parts[@]}")
  if compile c11 "$compiler" "$folder" "${parts[@]}" &&
    "$compiler" "${objects[@]}" -o "$folder/fault" -pthread -L"$folder/lib" -lomega_slicer -Wl,-rpath,"$folder/lib"; then
    run "faults" "$folder/fault"
    [[ -z $have_valgrind ]] || run "faults valgrind" "${memcheck[@]}" "$folder/fault"
  else
    fail "faults" "does not compile or link"
  fi
}

test_installed() {
  local prefix=$out/prefix compiler=${CC:-cc} flags
  if ! command -v pkg-config >/dev/null; then
    lack "installed" "pkg-config is missing (apt-get install pkg-config)"
    return
  fi
  rm -rf "$prefix"
  if ! make --no-print-directory install PREFIX="$prefix" >"$out/install.log" 2>&1; then
    tail -n 20 "$out/install.log"
    fail "installed" "make install failed"
    return
  fi
  export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
  read -ra flags < <(pkg-config --cflags --libs omega_slicer)
  if "$compiler" -std=c11 "${warnings[@]}" tests/c/installed.c -o "$out/installed" "${flags[@]}" &&
    LD_LIBRARY_PATH=$prefix/lib "$out/installed"; then
    passed=$((passed + 1))
    line "installed" "a program built through pkg-config works"
  else
    fail "installed" "a program built through pkg-config does not work"
  fi
}

for file in "$release/libomega_slicer.so" "$release/libomega_slicer.a" include/omega_slicer.h; do
  [[ -f $file ]] || {
    echo "tests/c/run.sh: $file is missing; build it with: make build" >&2
    exit 1
  }
done
with_soname "$release/libomega_slicer.so" "$out/lib"
vectors_are_as_generated
tests_cover_the_header
library_exports_the_header
test_language c11 gcc
test_language c++17 g++
test_language c11 clang
test_language c++17 clang++
test_faults
test_installed

summary="$passed passed, $failed failed"
[[ $skipped -eq 0 ]] || summary+=", $skipped skipped"
for note in "${notes[@]}"; do summary="$note: $summary"; done
echo "$summary"
[[ $failed -eq 0 ]]
