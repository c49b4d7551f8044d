# shellcheck shell=bash
#===- steps.sh - what the tests of examples share --------------------------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# To be sourced by an example_test.sh, which is called as
#
#   example_test.sh EDBC EXAMPLE WORK COMPILER FLAGS
#
# with the compiler EDBC and the example's folder EXAMPLE. Empties and fills the
# folder WORK. COMPILER and FLAGS are those of the runtime within EDBC. Defines:
#
#   $edbc $example $work            the arguments
#   compileNetwork MODEL DIM=N...   weights in $work/MODEL.safetensors, the
#                                   library in $work/networks
#   buildPrograms                   the programs of all networks compiled so far
#   score MODEL ARGUMENT...         the report of a run
#   figure NAME REPORT              the figure that follows NAME
#   expectSameResults MODEL NAME REPORT ARGUMENT...
#                                   neither policies nor sizes of mini-batches
#                                   change a digit of the figure NAME
#   expectError MODEL STATUS MESSAGE ARGUMENT...
#                                   one line on the standard error that holds
#                                   MESSAGE
#   fail MESSAGE                    ends the test
#
#===------------------------------------------------------------------------===#

# shellcheck disable=SC2034
edbc=$1 example=$2 work=$3 compiler=$4 flags=$5
rm -rf "$work"
mkdir -p "$work"

fail() {
  echo "FAILED: $*"
  exit 1
}

compileNetwork() {
  local dims=("${@:2}")
  dims=("${dims[@]/#/-D}")
  "$edbc" weights "$example/$1.edb" "${dims[@]}" --seed 1 \
    -o "$work/$1.safetensors"
  "$edbc" compile "$example/$1.edb" "${dims[@]}" -o "$work/networks"
}

buildPrograms() {
  cmake -S "$example" -B "$work/build" -G Ninja -DNETWORKS="$work/networks" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="-Werror $flags"
  cmake --build "$work/build"
}

score() {
  "$work/build/$1" --weights "$work/$1.safetensors" "${@:2}"
}

figure() {
  awk -v name="$1" '$1 == name { print $2 }' <<<"$2"
}

expectSameResults() {
  local expected policy batch result
  expected=$(figure "$2" "$3")
  [[ $expected =~ ^-?[0-9]+\.[0-9]+$ ]] || fail "$1: $2 is '$expected'"
  for policy in fsm agenda depth lemma; do
    for batch in 1 7 1000; do
      result=$(score "$1" --policy $policy --batch $batch "${@:4}")
      [[ $(figure "$2" "$result") == "$expected" ]] ||
        fail "$1: another $2 with policy $policy, batches of $batch"
    done
  done
}

expectError() {
  local status=0 message
  message=$("$work/build/$1" "${@:4}" 2>&1) || status=$?
  [[ $status == "$2" && $message == "$1: error: "*"$3"* &&
    $message != *$'\n'* ]] ||
    fail "$1 ${*:4}: status $status (not $2), message '$message' (without '$3')"
}
