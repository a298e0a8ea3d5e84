#!/usr/bin/env bash
# Builds programs that need no shared library: with the musl target where rustup has it (`rustup target add
# $(uname -m)-unknown-linux-musl`, and a musl C compiler for the C parts), else statically against glibc.
set -euo pipefail
cd "$(dirname "$0")/.."

machine=$(uname -m)
target=$machine-unknown-linux-musl
flags=
if ! rustc --print target-libdir --target "$target" >/dev/null 2>&1 ||
    [ ! -d "$(rustc --print target-libdir --target "$target")" ]; then
    echo "the target $target is not installed: building against glibc" >&2
    target=$machine-unknown-linux-gnu
    flags="-C target-feature=+crt-static"
fi
RUSTFLAGS="${RUSTFLAGS:-} $flags" cargo build --release --bins --target "$target"
for program in goxel-daemon goxelctl goxel-mcp; do
    [ -x "target/$target/release/$program" ] || continue
    # ldd of a static program fails or says so.
    if ldd "target/$target/release/$program" 2>&1 | grep -q '=>'; then
        echo "$program still needs shared libraries" >&2
        exit 1
    fi
    echo "target/$target/release/$program"
done
