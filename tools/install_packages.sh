#!/bin/sh
# install_packages.sh - installs what tools/packages.txt names and is missing.
#
# Does nothing when all is there. Without network or rights it says what is
# missing and lets the build decide.
# SPDX-License-Identifier: Apache-2.0
set -u
list=$(dirname "$0")/packages.txt
command -v dpkg-query >/dev/null 2>&1 || {
    echo "not a Debian system: install the equivalents of $list yourself" >&2
    exit 0
}
missing=
for package in $(sed 's/#.*//' "$list"); do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null |
        grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
echo "installing:$missing" >&2
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 && as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ $as_root apt-get update -qq &&
    $as_root apt-get install -y -qq --no-install-recommends $missing; } \
    >/tmp/knotmeter-packages.log 2>&1 && exit 0
echo "could not install:$missing" >&2
tail -n 3 /tmp/knotmeter-packages.log >&2
echo "going on without; what needs them will say so" >&2
exit 0
