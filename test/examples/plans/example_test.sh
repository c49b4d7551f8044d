#!/bin/bash
#===- example_test.sh - builds and runs the plans' program -----------------===#
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

data=$example/plans.json
compileNetwork plan_cost hidden=16
buildPrograms

# A node for each operator, and one more for each plan.
report=$(score plan_cost "$data")
echo "$report"
operators=$(grep -c '"Node Type"' "$data")
plans=$(grep -c '"Plan":' "$data")
[[ $(figure instances "$report") == "$plans" &&
  $(figure nodes "$report") == $((operators + plans)) ]] ||
  fail 'the nodes are not those of the plans'
expectSameResults plan_cost error "$report" "$data"

report=$(score plan_cost "$data" "$data")
[[ $(figure instances "$report") == $((2 * plans)) ]] ||
  fail 'not every file was read'

weights=$work/plan_cost.safetensors
printf '[{"Plan":\n{"Node Type": "Table Scan"}}]' >"$work/bad.json"
expectError plan_cost 1 "$work/bad.json:2: unknown \"Node Type\" 'Table Scan'" \
  --weights "$weights" "$data" "$work/bad.json"
