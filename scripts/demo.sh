#!/usr/bin/env bash
# Shows the daemon at work: starts one on a private socket, makes a model (or loads FILE), edits it, saves,
# exports and renders it, and stops the daemon. Everything is written to one directory, which is printed.
# Usage: scripts/demo.sh [FILE]      (programs are taken from $BIN, by default target/release)
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${BIN:-target/release}
file=${1:-}
out=${DEMO_OUT:-target/demo}
mkdir -p "$out"
out=$(cd "$out" && pwd)
run=$(mktemp -d)
export GOXEL_SOCKET_PATH="$run/goxel.sock"

stop() {
    if [ -n "${daemon:-}" ] && kill -0 "$daemon" 2>/dev/null; then
        kill -TERM "$daemon"
        wait "$daemon" || true
    fi
    rm -rf "$run"
}
trap stop EXIT

say() { printf '\n%s\n' "$*"; }
call() {
    printf '  $ goxelctl call %s %s\n' "$1" "${2:-}" | cut -c1-150
    "$bin/goxelctl" --json call "$@" | cut -c1-200 | sed 's/^/    /'
}

say "Starting a daemon on a private socket"
"$bin/goxel-daemon" --socket "$GOXEL_SOCKET_PATH" >"$out/daemon.log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
    "$bin/goxelctl" --quiet ping >/dev/null 2>&1 && break
    kill -0 "$daemon" 2>/dev/null || { echo "the daemon did not start:"; cat "$out/daemon.log"; exit 1; }
    sleep 0.05
done

if [ -n "$file" ]; then
    say "Loading $file"
    call goxel.load_project "[\"$(cd "$(dirname "$file")" && pwd)/$(basename "$file")\"]"
else
    say "Making a model: a tower on a hill, saved and loaded again"
    call goxel.create_project '{"name":"Tower","size":[48,48,48]}'
    shape() { call goxel.procedural_shape "$1"; }
    shape '{"shape_type":"sphere","size_x":41,"size_y":41,"size_z":13,"color":"#5b8c3a"}'
    shape '{"shape_type":"cube","size_x":13,"size_y":13,"size_z":24,"center_z":16,"color":"#9a948a"}'
    shape '{"shape_type":"cube","size_x":15,"size_y":15,"size_z":2,"center_z":28,"color":"#7c766c"}'
    for x in -7 -3 1 5; do
        for y in -7 5; do
            shape "{\"shape_type\":\"cube\",\"size_x\":2,\"size_y\":2,\"size_z\":3,\"center_x\":$((x + 1)),\"center_y\":$((y + 1)),\"center_z\":31,\"color\":\"#7c766c\"}"
        done
    done
    shape '{"shape_type":"cube","size_x":3,"size_y":1,"size_z":6,"center_y":-7,"center_z":9,"color":"saddlebrown"}'
    shape '{"shape_type":"sphere","size_x":11,"size_y":11,"size_z":11,"center_x":13,"center_y":-8,"center_z":12,"color":"#2f6b2a"}'
    shape '{"shape_type":"cube","size_x":2,"size_y":2,"size_z":8,"center_x":13,"center_y":-8,"center_z":6,"color":"#6b4a2a"}'
    call goxel.save_project "[\"$out/made.gox\"]"
    call goxel.load_project "[\"$out/made.gox\"]"
fi

say "Editing: a flag on a layer of its own"
call goxel.create_layer '["Flag"]'
top=$("$bin/goxelctl" --json call goxel.get_bounding_box '{"layer_id":-2}' |
    python3 -c 'import json,sys; b=json.load(sys.stdin); m=b.get("max"); n=b.get("min"); print((m[0]+n[0])//2, (m[1]+n[1])//2, m[2]) if m else print(0, 0, 0)')
read -r x y z <<<"$top"
for step in 1 2 3 4 5 6; do
    "$bin/goxelctl" --quiet call goxel.add_voxel "[$x,$y,$((z + step)),\"#d8d8d8\"]" >/dev/null
done
for step in 1 2 3; do
    for row in 5 6; do
        "$bin/goxelctl" --quiet call goxel.add_voxel "[$((x + step)),$y,$((z + row)),\"crimson\"]" >/dev/null
    done
done
call goxel.get_bounding_box '{"layer_id":-2}'
call goxel.list_layers

say "Saving, exporting, drawing"
call goxel.save_project "[\"$out/model.gox\"]"
call goxel.export_model "[\"$out/model.obj\"]"
"$bin/goxelctl" render "$out/model.png" | sed 's/^/    /'

say "Stopping the daemon"
kill -TERM "$daemon"
wait "$daemon"
daemon=

say "Done. The files:"
ls -l "$out" | awk 'NR > 1 { printf "    %10d  %s\n", $5, $NF }'
echo "    in $out"
