#!/usr/bin/env bash
# What an idle daemon costs: resident memory (and what of it is not mapped from files), threads, wake-ups a second, CPU seconds an hour; beside redis-server
# where that is installed. Both run at the same time, for SECONDS_IDLE seconds, with nobody connected.
# Usage: scripts/bench-idle.sh      (the program is taken from $BIN, by default target/release)
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${BIN:-target/release}
seconds=${SECONDS_IDLE:-30}
run=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$run"
}
trap stop EXIT

field() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
# Every time that a thread gave the processor up by itself, it woke up once before.
wakeups() { cat /proc/"$1"/task/*/status | awk '$1 == "voluntary_ctxt_switches:" { sum += $2 } END { print sum }'; }
# Nanoseconds on a processor, exact where clock ticks are not.
nanos() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { print sum }'; }

labels=()
begin() { # label, pid
    labels+=("$1")
    pids+=("$2")
}

GOXEL_RENDER_DIR=$run/renders GOXEL_STATE_DIR=$run/state "$bin/goxel-daemon" -s "$run/a.sock" --health-interval=0 2>"$run/a.log" &
begin "goxel-daemon, no snapshots" $!
GOXEL_RENDER_DIR=$run/renders GOXEL_STATE_DIR=$run/state "$bin/goxel-daemon" -s "$run/b.sock" 2>"$run/b.log" &
begin "goxel-daemon, a snapshot every 30 s" $!
if command -v redis-server >/dev/null; then
    redis-server --port 0 --unixsocket "$run/r.sock" --save '' --dir "$run" >"$run/r.log" &
    begin "redis-server" $!
else
    echo "skipped: no redis-server"
fi
sleep 2

before_wakeups=() ; before_nanos=()
for pid in "${pids[@]}"; do
    before_wakeups+=("$(wakeups "$pid")")
    before_nanos+=("$(nanos "$pid")")
done
sleep "$seconds"

printf '%-38s %10s %10s %8s %14s %12s\n' "idle for $seconds s" "RSS KiB" "own KiB" threads "wake-ups/s" "CPU s/hour"
for index in "${!pids[@]}"; do
    pid=${pids[$index]}
    woken=$(($(wakeups "$pid") - before_wakeups[index]))
    used=$(($(nanos "$pid") - before_nanos[index]))
    awk -v label="${labels[$index]}" -v rss="$(field "$pid" VmRSS)" \
        -v own="$(field "$pid" RssAnon)" -v threads="$(field "$pid" Threads)" \
        -v woken="$woken" -v used="$used" -v seconds="$seconds" 'BEGIN {
            printf "%-38s %10d %10d %8d %14.2f %12.3f\n", label, rss, own, threads, woken / seconds, used / 1e9 / seconds * 3600
        }'
done
