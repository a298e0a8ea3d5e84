#!/usr/bin/env bash
# Runs a daemon of its own under mixed load for a long time (default 24h) and fails on drift.
# Usage: tests/stability/long_run.sh [DURATION: 90s, 30m, 24h] [--help and the options it shows]
set -euo pipefail
exec python3 "$(dirname "$0")/long_run.py" "$@"
