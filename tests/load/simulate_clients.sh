#!/usr/bin/env bash
# Simulates N clients at once (default 100; try 1000 and 4000) against a daemon of its own.
# Usage: tests/load/simulate_clients.sh [N] [--help and the options it shows]
set -euo pipefail
exec python3 "$(dirname "$0")/simulate_clients.py" "$@"
