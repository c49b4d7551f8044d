#!/bin/bash
#===- example_test.sh - builds and runs the example as a user does ---------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# usage: example_test.sh EDBC EXAMPLE WORK COMPILER FLAGS
#
# With the compiler EDBC and the example's sources in EXAMPLE. Empties and fills
# the folder WORK. COMPILER and FLAGS are those of the runtime within EDBC.
#
#===------------------------------------------------------------------------===#

set -euo pipefail

edbc=$1 example=$2 work=$3 compiler=$4 flags=$5
model=$example/tree_lstm.edb
trees=$example/trees.txt
program=$work/build/tree_lstm
weights=$work/weights.safetensors

fail() {
  echo "FAILED: $*"
  exit 1
}

# score OPTIONS...: the report of a run on the example's trees.
score() {
  "$program" --weights "$weights" "$@" "$trees"
}

# figure NAME REPORT: the figure that follows NAME.
figure() {
  awk -v name="$1" '$1 == name { print $2 }' <<<"$2"
}

# expectError STATUS MESSAGE ARGUMENTS...: one line that holds MESSAGE.
expectError() {
  local status=0 message
  message=$("$program" "${@:3}" 2>&1) || status=$?
  [[ $status == "$1" && $message == "tree_lstm: error: "*"$2"* &&
    $message != *$'\n'* ]] ||
    fail "${*:3}: status $status (not $1), message '$message' (without '$2')"
}

rm -rf "$work"
mkdir -p "$work"
"$edbc" weights "$model" -D hidden=32 --seed 1 -o "$weights"
"$edbc" compile "$model" -D hidden=32 -o "$work/network"
cmake -S "$example" -B "$work/build" -G Ninja -DTREE_LSTM_DIR="$work/network" \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="-Werror $flags"
cmake --build "$work/build"

report=$(score --record "$work/trees.graphs")
echo "$report"
[[ $(figure instances "$report") == $(wc -l <"$trees") ]] ||
  fail 'not every tree is an instance'
brackets=$(tr -cd '(' <"$trees" | wc -c)
[[ $(figure nodes "$report") == $((2 * brackets)) ]] ||
  fail 'the nodes are not those of the trees, each with its score'

# Neither the policy nor the company changes a bit of a result.
loss=$(figure loss "$report")
for policy in fsm agenda depth lemma; do
  for batch in 1 7 1000; do
    [[ $(figure loss "$(score --policy $policy --batch $batch)") == "$loss" ]] ||
      fail "another loss with policy $policy, batches of $batch"
  done
done

# With its own graphs as samples, the learned policy is perfect on these trees.
"$edbc" compile "$model" -D hidden=32 --samples "$work/trees.graphs" \
  -o "$work/network"
cmake --build "$work/build"
report=$(score)
echo "$report"
[[ $(figure loss "$report") == "$loss" ]] || fail 'another loss after learning'
bound=$(sed -n 's/.*(lower bound \([0-9]*\))/\1/p' <<<"$report")
[[ $(figure batches "$report") == "$bound" ]] ||
  fail 'more batches than the lower bound'

printf '(2 (3 a) (1 b)\n' >"$work/bad.txt"
expectError 2 'no file of trees'
expectError 2 "unknown option '--fast'" --fast "$trees"
expectError 2 'more than one file' "$trees" "$trees"
expectError 2 "--batch takes a number from 1 to 1000000, not '0'" --batch 0 "$trees"
expectError 2 "--policy takes" --policy best "$trees"
expectError 2 '--record needs a value' "$trees" --record
expectError 2 'no --weights given' "$trees"
expectError 1 "$work/none.txt: can't be opened" --weights "$weights" \
  "$work/none.txt"
expectError 1 "$work/bad.txt:1:15: expected ')'" --weights "$weights" \
  "$work/bad.txt"
expectError 1 "$work/none" --weights "$work/none" "$trees"
expectError 1 "$work/bad.txt" --weights "$work/bad.txt" "$trees"
expectError 1 "$work/none/graphs" --weights "$weights" \
  --record "$work/none/graphs" "$trees"
"$edbc" weights "$model" -D hidden=16 --seed 1 -o "$work/small.safetensors"
expectError 1 "$work/small.safetensors" --weights "$work/small.safetensors" \
  "$trees"

# A report that can't be written is not a success.
if score >/dev/full; then
  fail 'exit status 0, but there was no room for the report'
fi
