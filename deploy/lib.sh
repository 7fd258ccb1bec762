# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What the scripts of this folder share. Source it; it defines functions and `root`, and does nothing else.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

# One line that says what to do, and the end.
give_up() {
    say "viaduct: $*"
    exit 1
}

require_swift() {
    local where='see https://www.swift.org/install/linux/' version
    command -v swift >/dev/null || give_up "Swift 6.3 or newer is needed and no swift is in PATH: $where"
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p') || true
    [[ $version =~ ^([0-9]+)\.([0-9]+)$ ]] || give_up "swift does not tell its version: $where"
    if ((BASH_REMATCH[1] < 6 || (BASH_REMATCH[1] == 6 && BASH_REMATCH[2] < 3))); then
        give_up "Swift 6.3 or newer is needed, this is $version: $where"
    fi
}

# The packages of deploy/packages that are not installed, on one line.
missing_packages() {
    local -A installed=()
    local status name missing=() wanted=()
    mapfile -t wanted < <(sed 's/[[:space:]]*#.*//; /^[[:space:]]*$/d' "$root/deploy/packages")
    while read -r status name; do
        if [[ $status == ii ]]; then installed[$name]=1; fi
    done < <(dpkg-query --show --showformat='${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
    for name in "${wanted[@]}"; do
        if [[ -z ${installed[$name]:-} ]]; then missing+=("$name"); fi
    done
    echo "${missing[*]}"
}

# Installs what is missing; touches neither apt nor the network when nothing is.
install_missing_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null; then
        say "viaduct: this is no Debian: going on as if what deploy/packages names were installed"
        return
    fi
    missing=$(missing_packages)
    if [[ -z $missing ]]; then return; fi
    if ((EUID != 0)); then
        give_up "packages are missing; run: sudo apt-get install --no-install-recommends $missing"
    fi
    say "installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-get -o DPkg::Lock::Timeout=300 update
    # shellcheck disable=SC2086 # a list of names
    quietly apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends $missing
}

# Runs a command whose output matters only when it fails, or to somebody who watches. All of it goes to stderr.
quietly() {
    local log status=0
    if [[ -t 2 ]]; then
        "$@" >&2
        return
    fi
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    if ((status != 0)); then
        cat "$log" >&2
        say "viaduct: failed with status $status: $*"
    fi
    rm -f "$log"
    return "$status"
}

binary() { echo "$root/.build/release/viaduct"; }

# Whether the binary exists and nothing that it is made from is newer.
is_built() {
    local newer
    [[ -x $(binary) ]] || return 1
    newer=$(find "$root/Package.swift" "$root/Sources" "$root/CShims" -newer "$(binary)" -type f -print -quit)
    [[ -z $newer ]]
}

# The release build of the executable.
build_release() {
    if [[ -e $root/.build && ! -w $root/.build ]] || [[ ! -e $root/.build && ! -w $root ]]; then
        # A checkout of somebody else's: what is built in it already will do.
        if is_built; then return; fi
        give_up "may not write to $root/.build: run this in a checkout of your own"
    fi
    quietly swift build --package-path "$root" --configuration release --product viaduct
}
