#!/bin/sh
# Builds a small house with socat, one call at a time.
# Usage: house-socat.sh [SOCKET] [DIRECTORY]
#
# -t5: after the last request wait up to 5 s for the answer; socat's own default of half a second cuts off
# calls that take longer.
set -eu
socket=${1:-${GOXEL_SOCKET_PATH:-/tmp/goxel-daemon.sock}}
directory=$(cd "${2:-.}" && pwd)

# Sends one request, prints its answer, fails if it is an error or missing.
call() {
    answer=$(printf '%s\n' "$1" | socat -t5 - "UNIX-CONNECT:$socket")
    case $answer in
        "") echo "house-socat.sh: no answer from $socket" >&2; exit 69 ;;
        *'"error":'*) printf '%s\n' "$answer" >&2; exit 1 ;;
    esac
    printf '%s\n' "$answer"
}

call '{"jsonrpc":"2.0","id":1,"method":"goxel.create_project","params":["House"]}' >/dev/null
call '{"jsonrpc":"2.0","id":2,"method":"goxel.edit","params":{"ops":[
  {"op":"box","min":[0,0,0],"max":[15,11,0],"color":"#777777"},
  {"op":"box","min":[1,1,1],"max":[14,10,7],"hollow":1,"color":"#d8c0a0"},
  {"op":"box","min":[7,1,1],"max":[8,1,4],"mode":"subtract"},
  {"op":"box","min":[0,0,8],"max":[15,11,8],"color":"#a03020"}]}}' >/dev/null
call '{"jsonrpc":"2.0","id":3,"method":"goxel.render_scene","params":{"output_path":"'"$directory"'/house.png","camera_preset":"isometric"}}' >/dev/null
call '{"jsonrpc":"2.0","id":4,"method":"goxel.save_project","params":{"path":"'"$directory"'/house.gox"}}' >/dev/null
bounds=$(call '{"jsonrpc":"2.0","id":5,"method":"goxel.get_bounding_box"}')
printf 'house: %s\n' "$(printf '%s\n' "$bounds" | sed -n 's/.*"dimensions":\[\([0-9,]*\)\].*/\1/p' | tr , x)"
