#!/bin/bash
#===- example_test.sh - builds and runs the taggers ------------------------===#
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

data=$example/sentences.txt
compileNetwork bilstm_tagger hidden=16
compileNetwork bilstm_tagger_char hidden=16
buildPrograms

sentences=$(wc -l <"$data")
words=$(wc -w <"$data")
report=$(score bilstm_tagger "$data")
echo "$report"
[[ $(figure instances "$report") == "$sentences" ]] ||
  fail 'not every sentence is an instance'
[[ $(figure nodes "$report") == $((2 * sentences + 3 * words)) ]] ||
  fail 'the nodes are not those of the sentences'
expectSameResults bilstm_tagger loss "$report" "$data"

report=$(score bilstm_tagger_char "$data")
echo "$report"
expectSameResults bilstm_tagger_char loss "$report" "$data"

# Where no word is rare, each costs a node besides.
cat "$data" "$data" "$data" "$data" "$data" >"$work/often.txt"
report=$(score bilstm_tagger_char --training "$work/often.txt" "$data")
[[ $(figure nodes "$report") == $((4 * sentences + 4 * words)) ]] ||
  fail 'words are rare that stand five times in the training file'

printf 'one|A two|B\nthree\n' >"$work/bad.txt"
for program in bilstm_tagger bilstm_tagger_char; do
  expectError "$program" 1 "$work/bad.txt:2:1: expected a word" \
    --weights "$work/$program.safetensors" "$work/bad.txt"
done
expectError bilstm_tagger_char 1 "$work/none: can't be opened" \
  --weights "$work/bilstm_tagger_char.safetensors" --training "$work/none" \
  "$data"
for number in {1..257}; do
  echo "word$number|A"
done >"$work/words.txt"
expectError bilstm_tagger 1 'compile it with -D vocabulary=257' \
  --weights "$work/bilstm_tagger.safetensors" "$work/words.txt"
for number in {1..10}; do
  echo "word|TAG$number"
done >"$work/tags.txt"
expectError bilstm_tagger 1 'compile it with -D tags=10' \
  --weights "$work/bilstm_tagger.safetensors" "$work/tags.txt"
