#!/usr/bin/env bash
# Clients and suites that others wrote, against goxel-mcp: the official clients of PyPI and npm, the conformance suite, the
# viewer's page in Chromium. Everything is installed below target/mcp. What cannot be is skipped by name.
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=$PWD/tests/mcp/host
room=${GOXEL_MCP_TEST_DIR:-$PWD/target/mcp}
programs=${GOXEL_PROGRAMS:-$PWD/target/debug}
mkdir -p "$room"
failed=0

run() {
    local name=$1
    shift
    if timeout 300 "$@"; then
        echo "passed: $name"
    else
        echo "FAILED: $name" >&2
        failed=1
    fi
}

if python3 -m pip --version >/dev/null 2>&1; then
    if [ ! -e "$room/python/.complete" ]; then
        python3 -m pip install --quiet --disable-pip-version-check --target "$room/python" 'mcp==2.3.0' &&
            touch "$room/python/.complete"
    fi
fi
if [ -e "$room/python/.complete" ]; then
    PYTHONPATH=$room/python run "the client of PyPI" \
        python3 "$here/whole_session.py" "$programs/goxel-mcp" "$programs/goxel-daemon"
else
    echo "skipped: no pip (the client of PyPI)"
fi

if command -v npm >/dev/null && [ ! -e "$room/node_modules/.complete" ]; then
    npm install --silent --no-audit --no-fund --prefix "$room" @modelcontextprotocol/sdk@1.32.2 \
        gpt-tokenizer@4.0.0 node@22 @modelcontextprotocol/conformance@0.2.0-alpha.12 @sparticuz/chromium &&
        touch "$room/node_modules/.complete"
fi
if [ ! -e "$room/node_modules/.complete" ]; then
    echo "skipped: no npm (the client of npm, the conformance suite, the viewer)"
    exit "$failed"
fi
node=$room/node_modules/.bin/node
cp "$here/whole_session.mjs" "$room/"
run "the client of npm" "$node" "$room/whole_session.mjs" "$programs/goxel-mcp" "$programs/goxel-daemon"

conformance() {
    local revision=$1 port=$2
    "$node" "$here/bridge.mjs" "$port" "$programs/examples/mcp-fixture" &
    local bridge=$!
    sleep 1
    run "conformance $revision" "$node" "$room/node_modules/.bin/conformance" server \
        --url "http://127.0.0.1:$port/mcp" --requirements "$revision" \
        --expected-failures "$here/baseline-$revision.yml"
    kill "$bridge" 2>/dev/null || true
    wait "$bridge" 2>/dev/null || true
}
conformance 2025-11-25 39421
conformance 2026-07-28 39422

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$chromium" ]; then
    cat >"$room/chromium.mjs" <<'END'
import chromium from '@sparticuz/chromium';
console.log(await chromium.executablePath());
END
    chromium=$("$node" "$room/chromium.mjs" 2>/dev/null | tail -1 || true)
    if [ -n "$chromium" ] && ! "$chromium" --version >/dev/null 2>&1; then
        chromium=
    fi
fi
if [ -n "$chromium" ]; then
    run "the viewer in Chromium" "$node" "$here/viewer.mjs" "$PWD/src/mcp/goxel/viewer.html" "$chromium"
else
    echo "skipped: no Chromium (the viewer)"
fi
exit "$failed"
