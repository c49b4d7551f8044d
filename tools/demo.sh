#!/bin/bash
#===- demo.sh - from a model file to scored trees --------------------------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# usage: tools/demo.sh [TREES]
#
# Installs what is missing, builds edbc, compiles the TreeLSTM of examples/trees
# that has two types of inner nodes, builds the program against it and scores the
# trees of the file TREES, or those that ship with the example.
#
#===------------------------------------------------------------------------===#

set -euo pipefail

if (($# > 1)) || [[ ${1:-} == -* ]]; then
  echo "usage: tools/demo.sh [TREES]" >&2
  exit 2
fi
trees=$(realpath -- "${1:-$(dirname "$0")/../examples/trees/trees.txt}")
if [[ ! -f $trees ]]; then
  echo "tools/demo.sh: no file $trees" >&2
  exit 1
fi

# shellcheck source=tools/steps.sh
source "$(dirname "$0")/steps.sh"

network=tree_lstm_2type
model=examples/trees/$network.edb
out=build/demo
edbc=build/bin/edbc

# Compiles the network, with the options given, and the program against it.
compileNetwork() {
  "$edbc" compile "$model" -D hidden=128 -o "$out/networks" "$@"
}
buildProgram() {
  cmake -S examples/trees -B "$out/programs" -G Ninja \
    -DNETWORKS="$PWD/$out/networks" \
    -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$PWD/build/bin" \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
    cmake --build "$out/programs"
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
"build/bin/$network" --weights "$out/weights.safetensors" \
  --record "$out/trees.graphs" "$trees"

printf '\n'
step 'Compile again, with the recorded graphs' \
  compileNetwork --samples "$out/trees.graphs"
step 'Build the program' buildProgram
printf '\nThe policy learned from the graphs of these trees:\n'
"build/bin/$network" --weights "$out/weights.safetensors" "$trees"

cat <<END

The program: build/bin/$network --weights $out/weights.safetensors TREES
The network: $out/networks/ (library, header, manifest, CMake file)
END
