#!/usr/bin/env bash
# Shows the daemon at work: starts one on a private socket, builds a castle (or loads FILE), edits it, looks at
# it, saves, exports and draws it, and stops the daemon. Everything goes to one directory, which is printed.
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
export GOXEL_RENDER_DIR="$run/renders"

stop() {
    if [ -n "${daemon:-}" ] && kill -0 "$daemon" 2>/dev/null; then
        kill -TERM "$daemon"
        wait "$daemon" || true
    fi
    rm -rf "$run"
}
trap stop EXIT

say() { printf '\n%s\n' "$*"; }
# Shows a goxelctl command, runs it, and shows its answer, both cut to the width of a page.
ctl() {
    printf '  $ goxelctl %s\n' "$*" | cut -c1-118
    "$bin/goxelctl" --json "$@" | cut -c1-116 | sed 's/^/    /'
}

say "Starting a daemon on a private socket"
"$bin/goxel-daemon" --socket "$GOXEL_SOCKET_PATH" --journal none >"$out/daemon.log" 2>&1 &
daemon=$!
for _ in $(seq 200); do
    "$bin/goxelctl" --quiet ping >/dev/null 2>&1 && break
    kill -0 "$daemon" 2>/dev/null || { echo "the daemon did not start:"; cat "$out/daemon.log"; exit 1; }
    sleep 0.05
done

if [ -n "$file" ]; then
    say "Loading $file"
    ctl call goxel.load_project "[\"$(cd "$(dirname "$file")" && pwd)/$(basename "$file")\"]"
else
    say "Building a castle: 25 operations, one undo step; then it is saved and loaded again"
    ctl call goxel.create_project '{"name":"Castle","size":[64,64,64]}'
    ctl edit scripts/demo/castle.json
    ctl call goxel.save_project "[\"$out/castle.gox\"]"
    ctl call goxel.load_project "[\"$out/castle.gox\"]"
fi

say "Editing: a beacon on a layer of its own, above everything"
top=$("$bin/goxelctl" --json call goxel.get_bounding_box '{"layer_id":-2}' | python3 -c '
import json, sys
box = json.load(sys.stdin)
low, high = (box["min"], box["max"]) if not box["empty"] else ([0, 0, 0], [0, 0, 0])
print((low[0] + high[0]) // 2, (low[1] + high[1]) // 2, high[2] + 4)')
read -r x y z <<<"$top"
ctl call goxel.create_layer '["Beacon"]'
ctl call goxel.procedural_shape "[\"sphere\",5,5,5,$x,$y,$z,255,190,40]"
ctl call goxel.undo
ctl call goxel.redo
ctl call goxel.get_bounding_box '{"layer_id":-2}'

say "Saving, exporting, drawing"
ctl call goxel.save_project "[\"$out/model.gox\"]"
ctl call goxel.export_model "[\"$out/model.obj\"]"
ctl render "$out/model.png" --ground

say "Stopping the daemon"
kill -TERM "$daemon"
wait "$daemon"
daemon=

say "Done. The files:"
ls -l "$out" | awk 'NR > 1 { printf "    %10d  %s\n", $5, $NF }'
echo "    in $out"
