#!/bin/sh
# Builds a small house with nc (the OpenBSD one, which knows -N and -U).
# Usage: house-nc.sh [SOCKET] [DIRECTORY]
#
# -N closes the sending side after the last request; the daemon answers everything, then closes, and nc ends.
# Without -N nc would wait for ever. Every answer is one line, in the order of the requests.
set -eu
socket=${1:-${GOXEL_SOCKET_PATH:-/tmp/goxel-daemon.sock}}
directory=$(cd "${2:-.}" && pwd)

answers=$(nc -N -U "$socket" <<REQUESTS
{"jsonrpc":"2.0","id":1,"method":"goxel.create_project","params":["House"]}
{"jsonrpc":"2.0","id":2,"method":"goxel.edit","params":{"ops":[
  {"op":"box","min":[0,0,0],"max":[15,11,0],"color":"#777777"},
  {"op":"box","min":[1,1,1],"max":[14,10,7],"hollow":1,"color":"#d8c0a0"},
  {"op":"box","min":[7,1,1],"max":[8,1,4],"mode":"subtract"},
  {"op":"box","min":[0,0,8],"max":[15,11,8],"color":"#a03020"}]}}
{"jsonrpc":"2.0","id":3,"method":"goxel.render_scene","params":{"output_path":"$directory/house.png","camera_preset":"isometric"}}
{"jsonrpc":"2.0","id":4,"method":"goxel.save_project","params":{"path":"$directory/house.gox"}}
{"jsonrpc":"2.0","id":5,"method":"goxel.get_bounding_box"}
REQUESTS
)
case $answers in
    "") echo "house-nc.sh: no daemon at $socket" >&2; exit 69 ;;
    *'"error":'*) printf '%s\n' "$answers" >&2; exit 1 ;;
esac
printf 'house: %s\n' "$(printf '%s\n' "$answers" | sed -n 's/.*"dimensions":\[\([0-9,]*\)\].*/\1/p' | tail -n 1 | tr , x)"
