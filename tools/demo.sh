#!/bin/sh
# demo.sh - the main job on real input, without any download: trains two small
# language models on this project's own text, live on a server, and reports. On a
# terminal the server stays until Ctrl-C.
#
#   tools/demo.sh [BUILD]     results in demo-out/ (or $DEMO_OUT)
#
#   DEMO_PORT     of the server; 7878, or any that is free where that is taken
#   DEMO_STAY     yes or no: whether the server stays at the end
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/.."
BUILD=${1:-${BUILD:-build}}
OUT=${DEMO_OUT:-demo-out}
STEPS=${DEMO_STEPS:-900}
SECONDS_MAX=${DEMO_SECONDS:-30}

KM=$BUILD/km
[ -x "$KM" ] || KM=$BUILD/src/main/km
TINYLM=$BUILD/examples/tinylm
for program in "$KM" "$TINYLM"; do
    if [ ! -x "$program" ]; then
        echo "demo.sh: $program is not there: run make first" >&2
        exit 1
    fi
done

rm -rf "$OUT"
mkdir -p "$OUT"
export KNOTMETER_STORE="$OUT/store"
TEXT=$(find . -maxdepth 1 -name '*.md' | sort
       find docs src client include examples -name '*.md' -o -name '*.[ch]' |
           sort)

say() {
    printf '\n== %s\n' "$*"
}

train() {
    # shellcheck disable=SC2086 # the list of files is meant to be split
    "$TINYLM" --dir "$OUT/journal" --project demo --steps "$STEPS" \
        --seconds "$SECONDS_MAX" --eval-every "$EVERY" --save-every "$EVERY" --seed 7 "$@" $TEXT
}

# The server, and what brings the journals into the store as they grow.
SERVER=
FOLLOWER=
end() {
    trap - EXIT INT TERM
    # shellcheck disable=SC2086 # either may be empty
    kill $SERVER $FOLLOWER 2>/dev/null || true
    wait 2>/dev/null || true
}
trap end EXIT
trap 'end; exit 130' INT TERM

serve() {
    "$KM" serve --port "$1" >"$OUT/serve.out" 2>"$OUT/serve.err" &
    SERVER=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        ADDRESS=$(grep -m 1 '^http' "$OUT/serve.out" || true)
        [ -z "$ADDRESS" ] || return 0
        kill -0 $SERVER 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

serve "${DEMO_PORT:-7878}" || serve 0 || {
    cat "$OUT/serve.err" >&2
    exit 1
}
"$KM" import "$OUT/journal" --follow --quiet 2>"$OUT/follow.err" &
FOLLOWER=$!
say "km serve: $ADDRESS shows what follows, live"

EVERY=$((STEPS / 9))
HALF=$((EVERY * 5 + EVERY / 2)) # between two checkpoints
A="--name A --optimizer adamw --lr 3e-3 --schedule cosine"
B="--name B --optimizer lion --lr 4e-4 --schedule wsd"

say "Run A: AdamW, cosine schedule, on this project's own text"
echo "   (killed with kill -9 behind step $HALF, on purpose)"
# shellcheck disable=SC2086
(train $A --checkpoint "$OUT/a.ckpt" --die-at "$HALF" || true) 2>"$OUT/a.err"
say "Run A again, from its last checkpoint: some steps are done twice"
# shellcheck disable=SC2086
train $A --checkpoint "$OUT/a.ckpt" --resume
say "Run B: Lion, warm-up, plateau and decay"
# shellcheck disable=SC2086
train $B

kill $FOLLOWER
wait $FOLLOWER 2>/dev/null || true
FOLLOWER=
say "km import $OUT/journal   (again: it brings only what is new)"
"$KM" import "$OUT/journal"
say "km runs"
"$KM" runs
say "km report demo/A demo/B"
"$KM" report demo/A demo/B
say "km report demo/A demo/B --html $OUT/report.html"
"$KM" report demo/A demo/B --html "$OUT/report.html"
echo
echo "The page is $OUT/report.html; the store is $KNOTMETER_STORE."
STAY=no
[ ! -t 1 ] || STAY=yes
if [ "${DEMO_STAY:-$STAY}" = yes ]; then
    echo "The server stays at $ADDRESS until Ctrl-C."
    wait $SERVER
fi
