#!/bin/bash
#===- gpu_bench.sh - all that takes a CUDA device --------------------------===#
#
# Part of edbc, an ahead-of-time compiler for dynamic neural networks.
#
#===------------------------------------------------------------------------===#
#
# usage: tools/gpu_bench.sh [FOLDER]
#
# Builds edbc-bench, holds every network on the device against the interpreter,
# runs the checkers of memory and races, and measures edbc and its peers. FOLDER
# (build/gpu by default) then has edbc.jsonl and peers.jsonl with the times, the
# graphs that were measured, and report.txt, which compares.
#
# Needs NVIDIA's driver and NVRTC (CUDA 12 or later). compute-sanitizer, and a
# python3 with PyTorch for CUDA, are used where there are any. The environment
# variables HIDDEN, BATCH and PRECISION may hold other lists than all.
#
#===------------------------------------------------------------------------===#

set -euo pipefail

if (($# > 1)) || [[ ${1:-} == -* ]]; then
  echo "usage: tools/gpu_bench.sh [FOLDER]" >&2
  exit 2
fi
folder=$(realpath -m -- "${1:-$(dirname "$0")/../build/gpu}")
hidden=${HIDDEN:-128,256,512,1024}
batch=${BATCH:-1,32,256,1024}
precision=${PRECISION:-f32,tf32,bf16}
bench=build/bin/edbc-bench

# shellcheck source=tools/steps.sh
source "$(dirname "$0")/steps.sh"

installPackages "${buildPackages[@]}"
step 'Configure' cmake --preset release
step 'Build edbc-bench' cmake --build --preset release --target edbc-bench

# Sizes below, at and beside those of tiles, and every way of starting kernels.
step 'Compare with the interpreter' $bench --gpu --check --hidden 6,34,64,130 \
  --batch 1,8 --precision "$precision" --launch once,steps,graph

if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck; do
    step "compute-sanitizer $tool" compute-sanitizer --tool $tool \
      --error-exitcode 9 $bench --gpu --check --hidden 18 --batch 4 \
      --precision "$precision" --launch once,steps
  done
else
  echo 'There is no compute-sanitizer: memory and races are not checked.'
fi

rm -rf "$folder"
mkdir -p "$folder"
step 'Measure edbc' $bench --gpu --hidden "$hidden" --batch "$batch" \
  --precision "$precision" --launch once,steps,graph --mini-batches 4 \
  --record "$folder/graphs" --json "$folder/edbc.jsonl"

results=("$folder/edbc.jsonl")
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  step 'Measure PyTorch' python3 tools/bench/peers/pytorch_gpu.py \
    "$folder/graphs" --hidden "$hidden" --precision "$precision" \
    --json "$folder/peers.jsonl"
  results+=("$folder/peers.jsonl")
else
  echo 'There is no PyTorch with a CUDA device: peers are not measured.'
fi
python3 tools/bench/peers/compare.py "${results[@]}" |
  tee "$folder/report.txt"
