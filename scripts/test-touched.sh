#!/usr/bin/env bash
# Runs the unit tests of the rooms, and the test programs, that differ from the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."

changed=$(git diff --name-only HEAD; git ls-files --others --exclude-standard)
rooms=$(sed -nE 's,^src/([a-z_]+)(/|\.rs).*,\1,p' <<<"$changed" | grep -vxE 'lib|bin|guide' | sort -u || true)
programs=$(sed -nE 's,^tests/(engine|format|api|server|tools)(/|\.rs).*,\1,p' <<<"$changed" | sort -u || true)

for room in $rooms; do cargo test --lib "$room::"; done
for program in $programs; do cargo test --test "$program"; done
