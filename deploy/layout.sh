# shellcheck shell=bash disable=SC2034 # who sources it uses the variables
# SPDX-License-Identifier: BSD-3-Clause
#
# Where deploy/install puts things, and deploy/uninstall looks for them. Source it after lib.sh.

# Reads the options that both have, and sets: dry_run, purge, prefix, is_system, lib, units, share, doc, etc, manifest.
read_layout() {
    dry_run=
    purge=
    prefix=/usr/local
    while (($# > 0)); do
        case $1 in
        --help | -h)
            usage
            exit 0
            ;;
        --dry-run) dry_run=1 ;;
        --purge) purge=1 ;;
        --prefix)
            (($# > 1)) || give_up "--prefix wants a folder"
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        *) give_up "$1: unknown option (see --help)" ;;
        esac
        shift
    done
    [[ $prefix == /* ]] || give_up "--prefix wants a full path, from / on: $prefix"
    # It stands in unit files and in the manifest.
    [[ $prefix =~ ^[A-Za-z0-9/._+-]+$ ]] || give_up "--prefix: only letters, digits and / . _ + - may be in it: $prefix"
    prefix=$(realpath -ms "$prefix")
    [[ $prefix != / ]] || give_up "--prefix / is not meant: /usr is"
    is_system=
    etc=$prefix/etc/viaduct
    if [[ $prefix == /usr || $prefix == /usr/local ]]; then
        is_system=1
        etc=/etc/viaduct
    fi
    lib=$prefix/lib/viaduct
    units=$prefix/lib/systemd/system
    share=$prefix/share
    doc=$share/doc/viaduct
    manifest=$share/viaduct/manifest
}

# Does something, or says that it would.
act() {
    if [[ -n $dry_run ]]; then
        echo "would run: $*"
    else
        "$@"
    fi
}
