#!/usr/bin/env bash
# Puts the systemd units in place, where systemd looks for them: BINDIR is where the programs will be. Beneath a home
# directory only the units of its user make sense, and systemd looks for them in the data directory.
# Usage: scripts/install-units.sh BINDIR PREFIX [DESTDIR]
set -euo pipefail
cd "$(dirname "$0")/.."

bindir=$1
prefix=$2
destdir=${3:-}

put() { # kind, directory
    install -d "$destdir$2"
    for unit in scripts/systemd/"$1"/*.socket scripts/systemd/"$1"/*.service; do
        sed "s|@BINDIR@|$bindir|" "$unit" >"$destdir$2/$(basename "$unit")"
    done
}

data=${XDG_DATA_HOME:-}
case $data in /*) ;; *) data=${HOME:-/nonexistent}/.local/share ;; esac
case $prefix in
"${HOME:-/nonexistent}"/*)
    put user "$data/systemd/user"
    ;;
*)
    put user "$prefix/lib/systemd/user"
    put system "$prefix/lib/systemd/system"
    install -d "$destdir$prefix/lib/sysusers.d"
    install -m 644 scripts/systemd/system/goxel.sysusers "$destdir$prefix/lib/sysusers.d/goxel.conf"
    ;;
esac
