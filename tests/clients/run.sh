#!/usr/bin/env bash
# JSON-RPC clients that others wrote, from npm and PyPI, call a real daemon; the official OpenRPC validator
# checks what rpc.discover answers. Everything is installed below target/clients. What is absent is skipped by name.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/tests/clients
room=${GOXEL_CLIENTS_DIR:-$PWD/target/clients}
daemon=${GOXEL_DAEMON:-$PWD/target/debug/goxel-daemon}
mkdir -p "$room"

work=$(mktemp -d)
socket=$work/goxel.sock
"$daemon" --socket "$socket" --journal none --working-dir "$work" >"$work/daemon.log" 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    [ -S "$socket" ] && break
    kill -0 "$pid" 2>/dev/null || { cat "$work/daemon.log" >&2; exit 1; }
    sleep 0.1
done
[ -S "$socket" ] || { echo "the daemon does not listen on $socket" >&2; exit 1; }

failed=0
run() {
    local name=$1
    shift
    if timeout 60 "$@" "$socket"; then
        echo "passed: $name"
    else
        echo "FAILED: $name" >&2
        failed=1
    fi
}

if command -v npm >/dev/null && command -v node >/dev/null; then
    if [ ! -e "$room/node_modules/.complete" ]; then
        npm install --silent --no-audit --no-fund --prefix "$room" \
            jayson@5 json-rpc-2.0@1 vscode-jsonrpc@8 @open-rpc/schema-utils-js@2
        touch "$room/node_modules/.complete"
    fi
    export NODE_PATH=$room/node_modules
    run "jayson" node "$here/jayson.js"
    run "json-rpc-2.0" node "$here/json_rpc_2.js"
    run "vscode-jsonrpc" node "$here/vscode_jsonrpc.js"
    run "OpenRPC validator" node "$here/openrpc.js"
else
    echo "skipped: no npm (jayson, json-rpc-2.0, vscode-jsonrpc, OpenRPC validator)"
fi

if command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1; then
    if [ ! -e "$room/python/.complete" ]; then
        python3 -m pip install --quiet --disable-pip-version-check --target "$room/python" aiorpcx
        touch "$room/python/.complete"
    fi
    PYTHONPATH=$room/python run "aiorpcX" python3 "$here/aiorpcx_client.py"
else
    echo "skipped: no pip (aiorpcX)"
fi
exit "$failed"
