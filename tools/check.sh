#!/bin/bash
#===- check.sh - everything that must hold before a change lands -----------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# usage: tools/check.sh
#
# Installs what is missing, then checks the formatting, builds with g++ and runs
# all tests and the demo, builds with clang and the sanitizers and runs the tests
# once more, and checks names with clang-tidy. Warnings are errors. Goes on after a check
# that failed where it can. The last line says how many tests passed and failed;
# the exit status is 0 only if everything was right.
#
#===------------------------------------------------------------------------===#

set -euo pipefail

if (($# > 0)); then
  echo "usage: tools/check.sh" >&2
  exit 2
fi

# shellcheck source=tools/steps.sh
source "$(dirname "$0")/steps.sh"

failedSteps=()
passed=0 failed=0 skipped=0

# A step after whose failure the others still run.
check() {
  step "$@" && return
  failedSteps+=("$1")
  return 1
}

# All C++ files, but for those that git still knows and that are deleted.
checkFormat() {
  git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cpp' |
    while IFS= read -r -d '' file; do
      if [[ -e $file ]]; then printf '%s\0' "$file"; fi
    done | xargs -0 -r clang-format-14 --dry-run --Werror
}

# lines REGEX FILE: how many lines match.
lines() {
  grep -cE "$1" "$2" || true
}

# buildAndTest PRESET TITLE: returns 1 if it could not be built.
buildAndTest() {
  local preset=$1 title=$2 results absent
  check "Configure: $title" cmake --preset "$preset" || return 1
  check "Build: $title" cmake --build --preset "$preset" || return 1
  results=$(mktemp)
  check "Test: $title" ctest --preset "$preset" -j "$(nproc)" \
    --output-junit "$results" || true
  # A test that could not run has failed, unless it was switched off or asked
  # to be skipped.
  absent=$(lines '<skipped message="SKIP_|<testcase .* status="disabled"' "$results")
  passed=$((passed + $(lines '<testcase .* status="run"' "$results")))
  failed=$((failed + $(lines '<testcase .* status="(fail|notrun)"' "$results") -
    $(lines '<skipped message="SKIP_' "$results")))
  skipped=$((skipped + absent))
  rm -f "$results"
}

installPackages "${buildPackages[@]}" "${checkPackages[@]}"
check 'Check formatting' checkFormat || true
if buildAndTest release 'g++'; then
  check 'Run the demo' tools/demo.sh || true
fi
if buildAndTest sanitize 'clang, sanitizers'; then
  check 'Check names (clang-tidy)' tools/clang_tidy.sh build-sanitize || true
fi

if ((${#failedSteps[@]} > 0)); then
  printf 'Failed: %s\n' "${failedSteps[@]}"
fi
printf '%d passed, %d failed' "$passed" "$failed"
((skipped == 0)) || printf ', %d skipped' "$skipped"
printf '\n'
((${#failedSteps[@]} == 0 && failed == 0 && passed > 0))
