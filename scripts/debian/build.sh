#!/usr/bin/env bash
# Makes a Debian package from what `make install` installs: OUT/goxel-daemon_VERSION_ARCH.deb.
# Usage: scripts/debian/build.sh [OUT]      (programs are taken from $BIN, by default target/release; COMPRESSION=none
# is quick)
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v dpkg-deb >/dev/null || { echo "dpkg-deb is missing: it is in the package dpkg" >&2; exit 1; }
out=${1:-target}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
arch=$(dpkg --print-architecture)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

make --no-print-directory install-files DESTDIR="$stage" PREFIX=/usr BIN="${BIN:-target/release}" >/dev/null
install -d "$stage/DEBIAN" "$stage/usr/share/doc/goxel-daemon"
install -m 644 LICENSE-MIT LICENSE-APACHE "$stage/usr/share/doc/goxel-daemon"

size=$(du -sk "$stage" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" \
    scripts/debian/control >"$stage/DEBIAN/control"
for script in postinst prerm postrm; do
    install -m 755 "scripts/debian/$script" "$stage/DEBIAN/$script"
done
(cd "$stage" && find usr -type f -exec md5sum {} + >DEBIAN/md5sums)

mkdir -p "$out"
dpkg-deb --root-owner-group -Z"${COMPRESSION:-xz}" --build "$stage" "$out/goxel-daemon_${version}_${arch}.deb"
