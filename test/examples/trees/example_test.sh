#!/bin/bash
#===- example_test.sh - builds and runs the trees' programs ----------------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# usage: example_test.sh EDBC EXAMPLE WORK COMPILER FLAGS (see ../steps.sh)
#
#===------------------------------------------------------------------------===#

set -euo pipefail

# shellcheck source=test/examples/steps.sh
source "$(dirname "$0")/../steps.sh"

data=$example/trees.txt
programs=(tree_lstm tree_gru tree_lstm_2type mv_rnn child_sum)
for program in "${programs[@]}"; do
  compileNetwork "$program" hidden=16
done
buildPrograms

# A node with its score for each tree or word.
brackets=$(tr -cd '(' <"$data" | wc -c)
words=$((($(wc -l <"$data") + brackets) / 2))
for program in "${programs[@]}"; do
  report=$(score "$program" "$data")
  echo "$report"
  [[ $(figure instances "$report") == $(wc -l <"$data") ]] ||
    fail "$program: not every tree is an instance"
  nodes=$brackets
  [[ $program != child_sum ]] || nodes=$words
  [[ $(figure nodes "$report") == $((2 * nodes)) ]] ||
    fail "$program: the nodes are not those of the trees, each with its score"
  expectSameResults "$program" loss "$report" "$data"
done

# With its own graphs as samples, the learned policy is perfect on these trees.
report=$(score tree_lstm --record "$work/trees.graphs" "$data")
loss=$(figure loss "$report")
"$edbc" compile "$example/tree_lstm.edb" -D hidden=16 \
  --samples "$work/trees.graphs" -o "$work/networks"
cmake --build "$work/build"
report=$(score tree_lstm "$data")
echo "$report"
[[ $(figure loss "$report") == "$loss" ]] || fail 'another loss after learning'
bound=$(sed -n 's/.*(lower bound \([0-9]*\))/\1/p' <<<"$report")
[[ $(figure batches "$report") == "$bound" ]] ||
  fail 'more batches than the lower bound'

# The command line that all programs share.
weights=$work/tree_lstm.safetensors
printf '(2 (3 a) (1 b)\n' >"$work/bad.txt"
expectError tree_lstm 2 'no file given: TREES'
expectError tree_lstm 2 "unknown option '--fast'" --fast "$data"
expectError tree_lstm 2 'more than one file' "$data" "$data"
expectError tree_lstm 2 "--batch takes a number from 1 to 1000000, not '0'" \
  --batch 0 "$data"
expectError tree_lstm 2 "--batch takes a number from 1 to 1000000, not '7x'" \
  --batch 7x "$data"
expectError tree_lstm 2 '--policy takes' --policy best "$data"
expectError tree_lstm 2 '--record needs a value' "$data" --record
expectError tree_lstm 2 'no --weights given' "$data"
expectError tree_lstm 1 "$work/none.txt: can't be opened" --weights "$weights" \
  "$work/none.txt"
expectError tree_lstm 1 "$work/bad.txt:1:15: expected ')'" \
  --weights "$weights" "$work/bad.txt"
expectError tree_lstm 1 "$work/none" --weights "$work/none" "$data"
expectError tree_lstm 1 "$work/bad.txt" --weights "$work/bad.txt" "$data"
expectError tree_lstm 1 "$work/none/graphs" --weights "$weights" \
  --record "$work/none/graphs" "$data"
"$edbc" weights "$example/tree_lstm.edb" -D hidden=8 --seed 1 \
  -o "$work/small.safetensors"
expectError tree_lstm 1 "$work/small.safetensors" \
  --weights "$work/small.safetensors" "$data"
for program in "${programs[@]}"; do
  "$work/build/$program" --help |
    grep "^usage: $program --weights FILE" >/dev/null ||
    fail "$program: no help"
done

# A report that can't be written is not a success.
if score tree_lstm "$data" >/dev/full; then
  fail 'exit status 0, but there was no room for the report'
fi

# A folder without networks builds nothing.
mkdir "$work/empty"
if cmake -S "$example" -B "$work/nothing" -G Ninja -DNETWORKS="$work/empty" \
  -DCMAKE_CXX_COMPILER="$compiler" 2>"$work/message"; then
  fail 'configured without a network'
fi
# CMake breaks lines where it likes.
tr -s ' \n' ' ' <"$work/message" | grep -q 'has no compiled network' ||
  fail 'no word of why'
