#!/bin/bash
#===- demo.sh - from a model file to scored trees --------------------------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# usage: tools/demo.sh [TREES]
#
# Installs what is missing, builds edbc, compiles the TreeLSTM of
# examples/tree_lstm, builds the example program against it and scores the trees
# of the file TREES, or those that ship with the example.
#
#===------------------------------------------------------------------------===#

set -euo pipefail

if (($# > 1)) || [[ ${1:-} == -* ]]; then
  echo "usage: tools/demo.sh [TREES]" >&2
  exit 2
fi
trees=$(realpath -- "${1:-$(dirname "$0")/../examples/tree_lstm/trees.txt}")
if [[ ! -f $trees ]]; then
  echo "tools/demo.sh: no file $trees" >&2
  exit 1
fi

# shellcheck source=tools/steps.sh
source "$(dirname "$0")/steps.sh"

model=examples/tree_lstm/tree_lstm.edb
out=build/demo
edbc=build/bin/edbc

# Compiles the network, with the options given, and the program against it.
compileNetwork() {
  "$edbc" compile "$model" -D hidden=128 -o "$out/tree_lstm" "$@"
}
buildProgram() {
  cmake -S examples/tree_lstm -B "$out/build" -G Ninja \
    -DTREE_LSTM_DIR="$PWD/$out/tree_lstm" \
    -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$PWD/build/bin" \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
    cmake --build "$out/build"
}

installPackages "${buildPackages[@]}"
step 'Configure edbc' cmake --preset release
step 'Build edbc' cmake --build --preset release --target edbc edbc-opt
mkdir -p "$out"
step 'Make random weights' \
  "$edbc" weights "$model" -D hidden=128 --seed 1 -o "$out/weights.safetensors"

step 'Compile the network' compileNetwork
step 'Build the program' buildProgram
printf '\nThe policy learned from synthetic graphs:\n'
build/bin/tree_lstm --weights "$out/weights.safetensors" \
  --record "$out/trees.graphs" "$trees"

printf '\n'
step 'Compile again, with the recorded graphs' \
  compileNetwork --samples "$out/trees.graphs"
step 'Build the program' buildProgram
printf '\nThe policy learned from the graphs of these trees:\n'
build/bin/tree_lstm --weights "$out/weights.safetensors" "$trees"

cat <<END

The program: build/bin/tree_lstm --weights $out/weights.safetensors TREES
The network: $out/tree_lstm/ (library, header, manifest, CMake file)
END
