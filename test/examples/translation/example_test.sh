#!/bin/bash
#===- example_test.sh - builds and runs the translator ---------------------===#
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

data=$example/pairs.txt
compileNetwork lstm_nmt hidden=16
buildPrograms

# A start, a node for each source word, a step and a score for each target word
# but the first.
report=$(score lstm_nmt --record "$work/pairs.graphs" "$data")
echo "$report"
pairs=$(wc -l <"$data")
[[ $(figure instances "$report") == "$pairs" ]] ||
  fail 'not every pair is an instance'
nodes=$(awk -F ' [|][|][|] ' '
  { sum += 1 + split($1, words, " ") + 2 * (split($2, words, " ") - 1) }
  END { print sum }' "$data")
[[ $(figure nodes "$report") == "$nodes" ]] ||
  fail 'the nodes are not those of the pairs'
expectSameResults lstm_nmt loss "$report" "$data"

# Recorded graphs tell what was run together: a step for each target word, of all
# pairs that have one.
runs=$(awk -F ' [|][|][|] ' '{ sum += split($2, words, " ") - 2 } END { print sum }' \
  "$data")
[[ $(grep -c '^run$' "$work/pairs.graphs") == "$runs" ]] ||
  fail 'not every step is a run'
if grep -q '^run ' "$work/pairs.graphs"; then
  fail 'a pair waited for others'
fi
"$edbc" compile "$example/lstm_nmt.edb" -D hidden=16 \
  --samples "$work/pairs.graphs" -o "$work/networks"
cmake --build "$work/build"
learned=$(score lstm_nmt "$data")
[[ $(figure loss "$learned") == $(figure loss "$report") ]] ||
  fail 'another loss after learning'

printf '<s> a </s> ||| <s> b </s>\n<s> a </s>\n' >"$work/bad.txt"
expectError lstm_nmt 1 "$work/bad.txt:2:11: expected '|||'" \
  --weights "$work/lstm_nmt.safetensors" "$work/bad.txt"
