#!/usr/bin/env bash
# Puts manual pages and completions in place, as far as the programs can write them.
# Usage: scripts/install-extras.sh BIN PREFIX
set -euo pipefail

bin=$1
share=$2/share
ctl=$bin/goxelctl
[ -x "$ctl" ] || exit 0

# Runs goxelctl with some arguments and keeps its output only if it succeeds.
keep() { # file, arguments...
    local file=$1
    shift
    install -d "$(dirname "$file")"
    if ! "$ctl" "$@" >"$file.new" 2>/dev/null; then
        rm -f "$file.new"
        return
    fi
    chmod 644 "$file.new"
    mv "$file.new" "$file"
}

keep "$share/bash-completion/completions/goxelctl" completion bash
keep "$share/zsh/site-functions/_goxelctl" completion zsh
keep "$share/fish/vendor_completions.d/goxelctl.fish" completion fish
"$ctl" man --dir "$share/man/man1" >/dev/null 2>&1 || keep "$share/man/man1/goxelctl.1" man
