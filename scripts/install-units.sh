#!/usr/bin/env bash
# Puts the systemd units in place: BINDIR is where the programs will be, LIB the directory of systemd/ and sysusers.d/.
# Usage: scripts/install-units.sh BINDIR LIB
set -euo pipefail
cd "$(dirname "$0")/.."

bindir=$1
lib=$2
for kind in user system; do
    install -d "$lib/systemd/$kind"
    for unit in scripts/systemd/$kind/*.socket scripts/systemd/$kind/*.service; do
        sed "s|@BINDIR@|$bindir|" "$unit" >"$lib/systemd/$kind/$(basename "$unit")"
    done
done
install -d "$lib/sysusers.d"
install -m 644 scripts/systemd/system/goxel.sysusers "$lib/sysusers.d/goxel.conf"
