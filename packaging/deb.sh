#!/bin/sh
# deb.sh BUILD - makes Debian packages from a build folder, into BUILD/deb/:
# knotmeter (program, man page, completions), libknotmeter0, libknotmeter-dev.
# SPDX-License-Identifier: Apache-2.0
set -eu
build=$1
top=$(cd "$(dirname "$0")/.." && pwd)
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$top/meson.build")
arch=$(dpkg --print-architecture)
multi=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
out=$build/deb
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
meson configure "$build" --prefix=/usr "--libdir=lib/$multi"
DESTDIR=$out/all meson install -C "$build" --quiet
all=$out/all

# Moves what the patterns name from the common tree into a package's tree.
take() {
    package=$1
    shift
    for pattern in "$@"; do
        for file in "$all"/$pattern; do
            [ -e "$file" ] || [ -L "$file" ] || continue
            to=$out/$package/$(dirname "${file#"$all"/}")
            mkdir -p "$to"
            mv "$file" "$to/"
        done
    done
}

# Writes the control file and packs. $2 depends, $3 summary.
pack() {
    root=$out/$1
    mkdir -p "$root/DEBIAN" "$root/usr/share/doc/$1"
    cp "$top/LICENSE" "$root/usr/share/doc/$1/copyright"
    cat >"$root/DEBIAN/control" <<CONTROL
Package: $1
Version: $version
Architecture: $arch
Maintainer: Knotmeter maintainers <maintainers@knotmeter.invalid>
Section: science
Priority: optional
Depends: $2
Description: $3
 Knotmeter measures how fast a model learns: velocity, forecasts and comparisons
 with intervals and evidence, from the logs that training already writes.
CONTROL
    dpkg-deb --root-owner-group --build "$root" \
        "$out/$1_${version}_$arch.deb" >/dev/null
}

# "libc6 (>= 2.34), ..." of the ELF files given.
needs() {
    mkdir -p "$out/shlibs/debian"
    printf 'Source: knotmeter\n\nPackage: x\nArchitecture: any\n' \
        >"$out/shlibs/debian/control"
    (cd "$out/shlibs" && dpkg-shlibdeps -O --ignore-missing-info "$@" \
        2>/dev/null) | sed 's/^shlibs:Depends=//'
}

take libknotmeter0 "usr/lib/$multi/libknotmeter.so.*"
take libknotmeter-dev "usr/lib/$multi/libknotmeter.*" "usr/include/*" \
    "usr/lib/$multi/pkgconfig"
take knotmeter "usr/bin/*" "usr/share/*"
pack libknotmeter0 "$(needs "$out/libknotmeter0/usr/lib/$multi"/*.so.*.*)" \
    "record training progress (shared library)"
pack libknotmeter-dev "libknotmeter0 (= $version)" \
    "record training progress (headers)"
pack knotmeter "$(needs "$out/knotmeter/usr/bin/knotmeter")" \
    "measure how fast a model learns"
left=$(find "$all" -type f | head -n 3)
[ -z "$left" ] || { echo "not packed: $left" >&2; exit 1; }
rm -rf "$all" "$out/shlibs"
ls -l "$out"/*.deb
