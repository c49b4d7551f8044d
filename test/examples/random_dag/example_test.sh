#!/bin/bash
#===- example_test.sh - builds and runs the random graphs ------------------===#
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

compileNetwork random_dag hidden=16
buildPrograms

report=$(score random_dag --instances 12)
echo "$report"
[[ $(figure instances "$report") == 12 && $(figure nodes "$report") == 2400 ]] ||
  fail 'not 12 graphs of 200 nodes'
expectSameResults random_dag sum "$report" --instances 12

[[ $(figure sum "$(score random_dag --instances 12 --seed 2)") != \
  $(figure sum "$report") ]] || fail 'another seed makes the same graphs'
[[ $(figure sum "$(score random_dag --instances 12 --types 2)") != \
  $(figure sum "$report") ]] || fail 'fewer types make the same graphs'

weights=$work/random_dag.safetensors
expectError random_dag 2 "--types takes a number from 2 to 20, not '21'" \
  --weights "$weights" --types 21
expectError random_dag 2 "--instances takes a number from 1 to 1000000" \
  --weights "$weights" --instances 0
expectError random_dag 2 'no files are read' --weights "$weights" graphs.txt
