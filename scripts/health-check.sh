#!/usr/bin/env bash
# Tells the daemon's health to Nagios, Icinga and their like: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, and one line.
#
# Usage: scripts/health-check.sh [--socket PATH] [--file PATH] [--timeout SECONDS]
#
# It asks the socket with curl, socat or nc, whichever is there. With --file it reads the health file instead, which
# also finds a daemon that hangs: then the snapshot is older than the moment that it names as its last.
set -u

socket=${GOXEL_SOCKET_PATH:-}
file=
timeout=10

finish() { # code, word, text
    printf 'GOXEL %s - %s\n' "$2" "$3"
    exit "$1"
}
usage() { finish 3 UNKNOWN "usage: health-check.sh [--socket PATH] [--file PATH] [--timeout SECONDS]"; }

while [ $# -gt 0 ]; do
    case $1 in
        --socket=*) socket=${1#*=} ;;
        --file=*) file=${1#*=} ;;
        --timeout=*) timeout=${1#*=} ;;
        --socket | --file | --timeout)
            [ $# -ge 2 ] || usage
            declare "${1#--}=$2"
            shift
            ;;
        *) usage ;;
    esac
    shift
done

# The same rule as the daemon's, where nothing is named.
if [ -z "$socket" ]; then
    socket=/tmp/goxel-daemon.sock
    case ${XDG_RUNTIME_DIR:-} in /*) socket=$XDG_RUNTIME_DIR/goxel/goxel.sock ;; esac
    for run in /usr/local/var/run/goxel /opt/homebrew/var/run/goxel; do
        [ -d "$run" ] && socket=$run/goxel.sock
    done
fi

have() { command -v "$1" >/dev/null 2>&1; }

ask() {
    local call='{"jsonrpc":"2.0","id":1,"method":"goxel.health"}'
    if have curl; then
        curl --silent --max-time "$timeout" --unix-socket "$socket" http://localhost/health
    elif have socat; then
        printf '%s\n' "$call" | socat -t "$timeout" - "UNIX-CONNECT:$socket"
    elif have nc; then
        printf '%s\n' "$call" | nc -N -w "$timeout" -U "$socket"
    else
        finish 3 UNKNOWN "none of curl, socat and nc is installed"
    fi
}

# The first member of a name is the one that is meant: lists come behind.
number() { printf '%s' "$1" | grep -o "\"$2\":[0-9.]*" | head -1 | cut -d: -f2; }

if [ -n "$file" ]; then
    [ -r "$file" ] || finish 2 CRITICAL "$file cannot be read: no daemon has run with it"
    answer=$(cat "$file")
else
    [ -S "$socket" ] || finish 2 CRITICAL "there is no socket at $socket"
    answer=$(ask) || finish 2 CRITICAL "no answer from $socket within $timeout s"
    answer=${answer#*\"result\":}
fi

status=$(printf '%s' "$answer" | sed -n 's/^{"status":"\([a-z]*\)".*/\1/p')
reasons=$(printf '%s' "$answer" | sed -n 's/^{"status":"[a-z]*","reasons":\[\([^]]*\)\].*/\1/p' | tr -d '"')
pid=$(number "$answer" pid)

if [ -n "$file" ] && [ "$status" != stopped ]; then
    valid=$(number "$answer" valid_until)
    [ -z "$valid" ] || [ "$(date +%s)" -le "${valid%.*}" ] ||
        finish 2 CRITICAL "the snapshot in $file is too old: the daemon (pid $pid) hangs or is gone"
fi

facts="pid $pid, up $(number "$answer" uptime_seconds) s, $(number "$answer" active_connections) connections"
perf="memory=$(number "$answer" memory_usage)B connections=$(number "$answer" active_connections)"
case $status in
    pass) finish 0 OK "$facts | $perf" ;;
    warn) finish 1 WARNING "$reasons; $facts | $perf" ;;
    fail) finish 2 CRITICAL "$reasons; $facts | $perf" ;;
    stopped) finish 2 CRITICAL "the daemon was stopped in good order" ;;
    *) finish 3 UNKNOWN "the answer is none: $(printf '%s' "$answer" | cut -c1-80)" ;;
esac
