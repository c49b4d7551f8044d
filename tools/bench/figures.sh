#!/bin/sh
# Measures what edbc is held against and prints tables of it, in markdown.
#   figures.sh [BUILD [LINES]]   the build folder (build), and the JSON lines to
#                                write (a temporary file); takes ten minutes
set -e
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${1:-$ROOT/build}
LINES=${2:-$(mktemp)}
PART=$(mktemp)
trap 'rm -f "$PART"' EXIT
: > "$LINES"

measure() {
  "$BUILD/bin/edbc-bench" "$@" --json "$PART" >&2
  cat "$PART" >> "$LINES"
}

# The published comparison.
for CASES in "64 32" "128 1,8,32,256" "256 32" "512 32"; do
  measure --hidden "${CASES% *}" --batch "${CASES#* }" \
    --networks TreeLSTM,TreeGRU,TreeLSTM-2Type,MV-RNN,LatticeLSTM,LatticeGRU,BiLSTM-Tagger,BiLSTM-Tagger-char,LSTM-NMT
done
# Large matrices in large batches.
measure --hidden 256,512 --batch 256 --networks TreeLSTM,BiLSTM-Tagger,LatticeLSTM
# One query plan.
measure --hidden 64 --batch 1 --networks Plan-Cost
# Threads.
measure --hidden 128 --batch 1,256 --threads 1,2 \
  --networks TreeLSTM,TreeGRU,LatticeLSTM,BiLSTM-Tagger,LSTM-NMT,Child-Sum
# Others that execute the same mini-batches.
measure --hidden 128 --batch 8,32 --peers pytorch,blas \
  --networks TreeLSTM,TreeGRU,TreeLSTM-2Type,LatticeLSTM,BiLSTM-Tagger,BiLSTM-Tagger-char,LSTM-NMT

python3 "$ROOT/tools/bench/figures.py" "$LINES"
printf '\n## Sizes\n\nBy `sizes.py`: libraries at hidden 128, loading at hidden 512.\n\n```\n'
python3 "$ROOT/tools/bench/sizes.py" --build "$BUILD"
printf '```\n'
