#!/usr/bin/env bash
# Makes a Julia (1.5 or later) available and prints the path of its executable
# on stdout; everything else goes to stderr. Nothing outside the project folder
# is changed. The ways are tried in this order:
#   1. $JULIA, else a julia on PATH
#   2. what an earlier run unpacked under <project>/.julia
#   3. the official archive, checked against the SHA-256 below
#   4. on Debian: the release that bullseye carries (1.5.3), fetched with the
#      machine's own apt configuration and unpacked, never installed
set -euo pipefail

readonly ARCHIVE_VERSION=1.10.10
readonly ARCHIVE_SHA256_X86_64=6a78a03a71c7ab792e8673dc5cedb918e037f081ceb58b50971dfb7c64c5bf81
readonly ARCHIVE_SHA256_AARCH64=a4b157ed68da10471ea86acc05a0ab61c1a6931ee592a9b236be227d72da50ff
readonly ARCHIVE_HOST=https://julialang-s3.julialang.org
readonly DEBIAN_SUITE=bullseye
readonly DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
home=$project/.julia
tried=()

say() { printf 'setup_julia: %s\n' "$*" >&2; }
# A way that did not work: say so now, and again in the closing message.
gave_up() {
  say "$*"
  tried+=("$*")
}

# 0 when "$1" starts, runs Julia code and is new enough.
usable() {
  "$1" --startup-file=no --history-file=no -e 'exit(VERSION >= v"1.5" ? 0 : 1)' \
    </dev/null >/dev/null 2>&1
}

# The whole of what the project asks of a Julia: the standard libraries, linear
# algebra, child processes (several at once), and other programs started from it.
verify() {
  "$1" --startup-file=no --history-file=no -e '
    using SHA, Test, Random, LinearAlgebra, Dates, Mmap, Libdl, Logging
    a = rand(3, 3) + 3I
    b = a * rand(3, 3)
    @assert a * (a \ b) ≈ b
    @assert startswith(string(sqrt(big"2")), "1.41421356") && big"2"^100 ÷ big"2"^98 == 4
    @assert bytes2hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for julia in (Base.julia_cmd(), `$(ARGS[1])`)
        children = [@async read(`$julia --startup-file=no -e "print(6 * $i)"`, String) for i in 1:3]
        @assert fetch.(children) == ["6", "12", "18"]
    end
    @assert startswith(read(`sha256sum /dev/null`, String), "e3b0c442")
    read(`sh -c "cc --version || true"`, String)
    println(stderr, "setup_julia: Julia $VERSION works")
  ' "$1" </dev/null >&2
}

# Writes the launcher: a depot of our own unless the user has chosen one, and
# every path relative to the launcher, so the project folder can be moved.
write_launcher() { # file, directory of the unpacked tree, its prefix within the tree
  cat >"$1" <<LAUNCHER
#!/bin/sh
# Written by tools/setup_julia.sh.
home=\$(dirname -- "\$(dirname -- "\$(readlink -f -- "\$0")")")
prefix=\$home/$2$3
export JULIA_DEPOT_PATH="\${JULIA_DEPOT_PATH-\$home/depot:\$prefix/share/julia}"
exec "\$prefix/bin/julia" "\$@"
LAUNCHER
  chmod 755 "$1"
}

# Checks the tree in $work and, only when it works, makes it the project's Julia.
adopt() { # prefix within the tree
  mkdir -p "$work/bin"
  write_launcher "$work/bin/julia" root "$1"
  say "checking the unpacked Julia"
  verify "$work/bin/julia" || return 1
  rm -rf "$home/bin" "$home/root"
  mv "$work/root" "$home/root"
  mv "$work/bin" "$home/bin" # last: without the launcher nothing counts as set up
}

fetch() { # url, file
  if command -v curl >/dev/null; then
    curl -fsSL --proto '=https' --connect-timeout 5 --speed-limit 1000 --speed-time 30 --retry 2 -o "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -nv --dns-timeout=5 --connect-timeout=5 --read-timeout=30 --tries=2 -O "$2" "$1"
  else
    python3 - "$1" "$2" <<'PY'
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=10) as answer, open(sys.argv[2], "wb") as out:
    shutil.copyfileobj(answer, out)
PY
  fi 2>"$work/fetch.log"
}

official_archive() {
  local cpu sum folder
  [ "$(uname -s)" = Linux ] || {
    gave_up "official archive: this script only knows the Linux archives, this is $(uname -s)"
    return 1
  }
  cpu=$(uname -m)
  case $cpu in
    x86_64) folder=x64 sum=$ARCHIVE_SHA256_X86_64 ;;
    aarch64 | arm64) folder=aarch64 cpu=aarch64 sum=$ARCHIVE_SHA256_AARCH64 ;;
    *)
      gave_up "official archive: no checksum is known here for the processor $cpu"
      return 1
      ;;
  esac
  local url=$ARCHIVE_HOST/bin/linux/$folder/${ARCHIVE_VERSION%.*}/julia-$ARCHIVE_VERSION-linux-$cpu.tar.gz
  say "downloading the official Julia $ARCHIVE_VERSION"
  fetch "$url" "$work/julia.tar.gz" || {
    gave_up "official archive: cannot download $url ($(tail -n 1 "$work/fetch.log"))"
    return 1
  }
  printf '%s  %s\n' "$sum" "$work/julia.tar.gz" | sha256sum -c --status - || {
    gave_up "official archive: the checksum of $url is wrong, the file was thrown away"
    return 1
  }
  say "unpacking it into .julia"
  mkdir -p "$work/root"
  tar -xzf "$work/julia.tar.gz" -C "$work/root" --strip-components=1 && adopt "" || {
    gave_up "official archive: the unpacked Julia does not work on this machine (see above)"
    return 1
  }
}

# The package archives that this machine's apt uses, Debian's own first.
apt_archives() {
  {
    apt-get indextargets --no-release-info --format '$(REPO_URI)' 2>/dev/null || true
    # Should the command above ever be silent: the source files themselves.
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' || true
    sed -nE 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | tr ' ' '\n' || true
  } | sed -E '/^[[:space:]]*$/d; /security/d; /^cdrom:/d; s,/*$,/,' |
    awk '!seen[$0]++ { rank = ($0 ~ /debian\/$/) ? 0 : 1; print rank, $0 }' | sort -s -k1,1n | cut -d' ' -f2-
}

# apt with lists, cache, sources and status of its own. The machine's settings for
# proxies, logins and timeouts stay in force; its hooks do not, they are for the system.
private_apt() { # program, arguments
  local program=$1
  shift
  "$program" -c "$work/apt/apt.conf" "$@"
}

configure_apt() { # archive
  rm -rf "$work/apt"
  mkdir -p "$work/apt"/{lists/partial,cache/archives/partial,sources.d,preferences.d,debs}
  : >"$work/apt/status"
  : >"$work/apt/preferences"
  printf 'deb [signed-by=%s target=Packages] %s %s main\n' \
    "$DEBIAN_KEYRING" "$1" "$DEBIAN_SUITE" >"$work/apt/sources.list"
  cat >"$work/apt/apt.conf" <<APT
Dir::State "$work/apt";
Dir::State::lists "$work/apt/lists";
Dir::State::status "$work/apt/status";
Dir::State::extended_states "$work/apt/extended_states";
Dir::Cache "$work/apt/cache";
Dir::Log "$work/apt";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "$work/apt/sources.d";
Dir::Etc::preferences "$work/apt/preferences";
Dir::Etc::preferencesparts "$work/apt/preferences.d";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
APT::Default-Release "";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT
}

# 0 when the running system has this package in this or a newer version.
installed() { # name, version
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1:$(dpkg --print-architecture)" 2>/dev/null |
    sed -n 's/^installed //p') || true
  [ -n "$have" ] && dpkg --compare-versions "$have" ge "$2"
}

# What of julia's dependencies has to be unpacked. Libraries that Julia calls itself
# must be of its own time (Julia 1.5 prints every BigFloat wrongly with MPFR 4.2).
# The libraries these need may be the system's, when it has them as new or newer. The
# C and C++ runtimes always are: they are newer and in every process.
missing_packages() {
  local direct name version
  direct=" $(private_apt apt-cache depends --important julia libjulia1 | sed -nE 's/^ *Depends: //p' | tr '\n' ' ')"
  private_apt apt-get -s --no-install-recommends install julia |
    sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1 \2/p' |
    while read -r name version; do
      case $name in
        libc6 | libcrypt1 | libgcc-s1 | libstdc++6) continue ;;
        julia | julia-common) ;;
        lib*)
          [[ $direct == *" $name "* ]] || ! installed "$name" "$version" || continue
          ;;
        *) continue ;; # tools such as dpkg and perl that only installing would need
      esac
      printf '%s\n' "$name"
    done
}

debian_release() {
  local tool archive found= log=$work/apt.log packages deb
  for tool in apt-get apt-cache dpkg dpkg-deb dpkg-query; do
    command -v $tool >/dev/null || {
      gave_up "Debian's release: $tool is not there, this is not a Debian-like system"
      return 1
    }
  done
  [ -r $DEBIAN_KEYRING ] || {
    gave_up "Debian's release: no $DEBIAN_KEYRING to verify it with (the package debian-archive-keyring has it)"
    return 1
  }
  say "looking for Debian $DEBIAN_SUITE's Julia in the package archives of this machine's apt"
  while read -r archive; do
    configure_apt "$archive"
    if private_apt apt-get -q update >"$log" 2>&1 && private_apt apt-cache show julia >/dev/null 2>&1; then
      found=yes
      break
    fi
  done < <(apt_archives)
  [ -n "$found" ] || {
    gave_up "Debian's release: none of this machine's package archives carries $DEBIAN_SUITE ($(grep -m 1 '^[EW]:' "$log" 2>/dev/null | sed -E 's,//[^/@ ]*@,//,' || echo 'apt names none'))"
    return 1
  }
  mapfile -t packages < <(missing_packages 2>"$log")
  case " ${packages[*]} " in *" julia "*) ;; *)
    gave_up "Debian's release: apt finds no set of packages for julia ($(head -n 1 "$log"))"
    return 1
    ;;
  esac
  say "downloading ${#packages[@]} packages (about 75 MB), signatures checked by apt"
  if ! (cd "$work/apt/debs" && private_apt apt-get -q download "${packages[@]}" patchelf) >"$log" 2>&1; then
    gave_up "Debian's release: download failed ($(grep -m 1 '^[EW]:' "$log" | sed -E 's,//[^/@ ]*@,//,' || true))"
    return 1
  fi
  say "unpacking them into .julia (nothing is installed on the system)"
  mkdir -p "$work/root" "$work/patchelf"
  for deb in "$work"/apt/debs/*.deb; do
    case ${deb##*/} in
      patchelf_*) dpkg-deb -x "$deb" "$work/patchelf" ;;
      *) dpkg-deb -x "$deb" "$work/root" ;;
    esac
  done
  relocate_debian "$work/root" >"$log" 2>&1 || {
    gave_up "Debian's release: the unpacked files are not as expected ($(tail -n 1 "$log"))"
    return 1
  }
  adopt /usr || {
    gave_up "Debian's release: the unpacked Julia does not work on this machine (see above)"
    return 1
  }
}

# Makes the unpacked tree find its own libraries wherever it lies. An RPATH in the
# executable does it for everything that Julia loads, and unlike LD_LIBRARY_PATH it
# is not handed on to the programs which Julia starts.
relocate_debian() { # tree
  local folder triplet link library patchelf=$work/patchelf/usr/bin/patchelf
  folder=$(dirname "$(find "$1/usr/lib" -name sys.so)")
  triplet=$(basename "$(dirname "$folder")")
  # Libraries that packages of that time still put into /lib.
  if [ -d "$1/lib/$triplet" ]; then
    cp -a "$1/lib/$triplet/." "$1/usr/lib/$triplet/"
  fi
  # A library with a search path of its own (LLVM, OpenBLAS) is not covered by it: remove that.
  find "$1/usr/lib/$triplet" -type f -name 'lib*.so*' ! -name 'libjulia*' |
    while read -r library; do
      [ -z "$("$patchelf" --print-rpath "$library")" ] || "$patchelf" --remove-rpath "$library" || exit 1
    done || return 1
  "$patchelf" --force-rpath \
    --set-rpath "\$ORIGIN/../lib/$triplet:\$ORIGIN/../lib/$triplet/julia" "$1/usr/bin/julia" || return 1
  # julia/libgmp.so and the like are links to the libraries unpacked beside them.
  link=$(find "$folder" -type l ! -exec test -e {} \; -print -quit)
  [ -z "$link" ] || {
    echo "$link points to nothing"
    return 1
  }
  rm -rf "$1/usr/share/doc" "$1/usr/share/man" "$1/usr/share/locale" "$1/usr/share/lintian"
}

if [ -n "${JULIA:-}" ]; then
  found=$(command -v "$JULIA" || true)
  [ -n "$found" ] && usable "$found" || {
    say "JULIA=$JULIA is not a working Julia 1.5 or later; correct it or unset it"
    exit 1
  }
  say "using \$JULIA"
  printf '%s\n' "$found"
  exit 0
fi

if found=$(command -v julia); then
  if usable "$found"; then
    say "using the julia on PATH ($found)"
    printf '%s\n' "$found"
    exit 0
  fi
  tried+=("julia on PATH: $found does not run or is older than 1.5")
else
  tried+=("julia on PATH: there is none")
fi

mkdir -p "$home"
if command -v flock >/dev/null; then # two runs at once: the second waits and finds the work done
  exec 9>"$home/.lock"
  flock 9
fi

if [ -x "$home/bin/julia" ] && usable "$home/bin/julia"; then
  printf '%s\n' "$home/bin/julia"
  exit 0
fi

say "${tried[0]}; none is set up in .julia yet"
rm -rf "$home"/setup.* # what an interrupted run left behind
work=$(mktemp -d "$home/setup.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if official_archive || debian_release; then
  say "ready: .julia/bin/julia"
  printf '%s\n' "$home/bin/julia"
  exit 0
fi

{
  echo "setup_julia: no Julia could be set up. Tried:"
  printf '  - %s\n' "${tried[@]}"
  echo "Install Julia 1.5 or later from https://julialang.org/downloads/ and put it on PATH,"
  echo "or run again with JULIA=/path/to/julia."
} >&2
exit 1
