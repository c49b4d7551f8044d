#!/bin/bash
#===- example_test.sh - builds and runs the lattices' programs -------------===#
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

data=$example/lattices.txt
compileNetwork lattice_lstm hidden=16
compileNetwork lattice_gru hidden=16
buildPrograms

for program in lattice_lstm lattice_gru; do
  report=$(score "$program" "$data")
  echo "$report"
  [[ $(figure instances "$report") == $(head -n 1 "$data") ]] ||
    fail "$program: not every lattice is an instance"
  expectSameResults "$program" loss "$report" "$data"
done

weights=$work/lattice_lstm.safetensors
printf '1\n2\n3 3\n0\n1 1 5\n' >"$work/bad.txt"
expectError lattice_lstm 1 "$work/bad.txt:5: an arc leads from node 1" \
  --weights "$weights" "$work/bad.txt"
printf '1\n2\n3 3000\n0\n1 0 5\n' >"$work/tags.txt"
expectError lattice_lstm 1 'compile it with -D tags=3001' \
  --weights "$weights" "$work/tags.txt"

# A start and an arc, each with its score; several arcs need one node more.
printf '2\n2\n3 3\n0\n1 0 5\n3\n3 3 3\n0\n1 0 5\n2 1 6 0 7\n' \
  >"$work/small.txt"
report=$(score lattice_gru "$work/small.txt")
[[ $(figure nodes "$report") == $((2 + 2 + 5 + 3)) ]] ||
  fail 'the nodes are not those of the lattices'
