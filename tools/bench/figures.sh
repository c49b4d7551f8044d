#!/bin/sh
# Measures all cases of the published comparison and prints them beside its figures.
#   figures.sh [BUILD [LINES]]   the build folder (build), and the JSON lines to
#                                write (a temporary file); takes some minutes
set -e
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
BENCH=${1:-$ROOT/build}/bin/edbc-bench
LINES=${2:-$(mktemp)}
PART=$(mktemp)
trap 'rm -f "$PART"' EXIT
: > "$LINES"
for CASES in "64 32" "128 1,8,32,256" "256 32" "512 32"; do
  "$BENCH" --hidden "${CASES% *}" --batch "${CASES#* }" --json "$PART" \
    --networks TreeLSTM,TreeGRU,TreeLSTM-2Type,MV-RNN,LatticeLSTM,LatticeGRU,BiLSTM-Tagger,BiLSTM-Tagger-char,LSTM-NMT \
    >&2
  cat "$PART" >> "$LINES"
done
exec python3 "$ROOT/tools/bench/figures.py" "$LINES"
