#!/usr/bin/env bash
# Puts manual pages and completions in place, as far as the programs can write them.
# Usage: scripts/install-extras.sh BIN PREFIX
set -euo pipefail

bin=$1
share=$2/share
ctl=$bin/goxelctl

# Runs a program and keeps its output only if it succeeds.
keep() { # file, program, arguments...
    local file=$1
    shift
    install -d "$(dirname "$file")"
    if ! "$@" >"$file.new" 2>/dev/null; then
        rm -f "$file.new"
        return
    fi
    chmod 644 "$file.new"
    mv "$file.new" "$file"
}

keep "$share/man/man1/goxel-daemon.1" "$bin/goxel-daemon" --man
[ -x "$ctl" ] || exit 0
keep "$share/bash-completion/completions/goxelctl" "$ctl" completion bash
keep "$share/zsh/site-functions/_goxelctl" "$ctl" completion zsh
keep "$share/fish/vendor_completions.d/goxelctl.fish" "$ctl" completion fish
"$ctl" man --dir "$share/man/man1" >/dev/null 2>&1 || keep "$share/man/man1/goxelctl.1" "$ctl" man
