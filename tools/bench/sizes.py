#!/usr/bin/env python3
"""Prints how large networks' libraries are, how long compiling them takes, and
how fast their weights are loaded.

    sizes.py [--build DIR] [--hidden N] [--load-hidden N]

A row for each network of the examples: the library without weights in kB, the
seconds that `edbc compile` takes, learning the policy and generating all kernels
included, and seconds of one core in it; then of the network at another size, the
MB of its weights, the ms to create a model from their file, of which tables are a
part, and that speed beside those of reading the file and of copying memory.
"""

import argparse
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = [
    "trees/tree_lstm", "trees/tree_gru", "trees/tree_lstm_2type",
    "trees/mv_rnn", "lattices/lattice_lstm", "lattices/lattice_gru",
    "taggers/bilstm_tagger", "taggers/bilstm_tagger_char",
    "translation/lstm_nmt", "trees/child_sum", "plans/plan_cost",
    "random_dag/random_dag",
]
HEAD = """\
network            library kB  compile s  of a core | weights MB  load ms   GB/s  read GB/s  copy GB/s"""


def compile_network(edbc, model, hidden, folder):
    """Seconds by the clock and of processors."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run([edbc, "compile", ROOT / "examples" / f"{model}.edb", "-D",
                    f"hidden={hidden}", "--quiet", "-o", folder], check=True)
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, (after.ru_utime + after.ru_stime
                     - before.ru_utime - before.ru_stime)


def load_network(edbc, model, hidden, folder):
    """Bytes of the weights, and the milliseconds that load.cpp prints."""
    name = Path(model).name
    weights, program = folder / "weights.safetensors", folder / "load"
    compile_network(edbc, model, hidden, folder)
    subprocess.run([edbc, "weights", ROOT / "examples" / f"{model}.edb", "-D",
                    f"hidden={hidden}", "-o", weights], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["g++", "-std=c++17", "-O2", f"-I{folder}/include",
                    f"-DEDBC_LOADED_LIBRARY=edbc_library_{name}",
                    ROOT / "tools/bench/load.cpp",
                    folder / "lib" / f"lib{name}.a", "-pthread", "-ldl",
                    "-o", program], check=True)
    printed = subprocess.run([program, weights], check=True,
                             capture_output=True, text=True).stdout
    return os.path.getsize(weights), [float(ms) for ms in printed.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--load-hidden", type=int, default=512)
    arguments = parser.parse_args()
    edbc = arguments.build / "bin" / "edbc"
    print(HEAD)
    for model in MODELS:
        name = Path(model).name
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            seconds, core = compile_network(edbc, model, arguments.hidden, folder)
            size = os.path.getsize(folder / "lib" / f"lib{name}.a")
        with tempfile.TemporaryDirectory() as folder:
            weights, (load, read, copy) = load_network(
                edbc, model, arguments.load_hidden, Path(folder))
        speeds = [weights / ms * 1e-6 for ms in (load, read, copy)]
        print(f"{name:18} {size / 1e3:10.0f} {seconds:10.2f} {core:10.2f} "
              f"| {weights / 1e6:10.2f} {load:8.2f} {speeds[0]:6.2f} "
              f"{speeds[1]:10.2f} {speeds[2]:10.2f}", flush=True)


if __name__ == "__main__":
    main()
