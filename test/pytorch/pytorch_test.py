"""Compares what edbc computes with what PyTorch computes.

usage: pytorch_test.py EDBC SCRIPT MODEL.edb FOLDER HIDDEN...

For each hidden size, SCRIPT of examples/pytorch writes weights, instances and
results into FOLDER, edbc runs the instances in one mini-batch, and the results
must agree.
"""

import importlib
import json
import math
import subprocess
import sys
from pathlib import Path

import torch

TOLERANCE = 1e-4  # of relative_error


def fail(message):
    sys.exit(f"FAILED: {message}")


def relative_error(expected, actual):
    """The largest difference, as a part of the largest expected value."""
    expected = torch.tensor(expected, dtype=torch.float64)
    actual = torch.tensor(actual, dtype=torch.float64)
    if expected.shape != actual.shape:
        return math.inf
    scale = expected.abs().max().item() or 1.0
    return (actual - expected).abs().max().item() / scale  # NaN if any is


def compare(expected, actual):
    """Returns the largest error, of lists of nodes and their outputs."""
    if len(expected) != len(actual):
        fail(f"{len(expected)} nodes with outputs expected, got {len(actual)}")
    largest = 0.0
    for wanted, given in zip(expected, actual):
        place = {key: wanted[key] for key in ("instance", "node", "cell")}
        if wanted.keys() != given.keys() or not place.items() <= given.items():
            fail(f"expected {place} with {sorted(wanted)}, got {given}")
        for name in wanted.keys() - place.keys():
            error = relative_error(wanted[name], given[name])
            if not error <= TOLERANCE:
                fail(f"{place}: {name} is off by {error:.2g}, "
                     f"expected {wanted[name]}, got {given[name]}")
            largest = max(largest, error)
    return largest


def main():
    edbc, script, model, folder, *sizes = sys.argv[1:]
    sys.path.insert(0, str(Path(script).parent))
    network = Path(script).stem
    export = importlib.import_module(network)
    for hidden in sizes:
        files = Path(folder) / hidden / network
        export.main(["--hidden", hidden, "-o", str(files.parent)])
        with open(f"{files}.expected.jsonl") as lines:
            expected = [json.loads(line) for line in lines]
        run = subprocess.run(
            [edbc, "run", model, f"-Dhidden={hidden}",
             f"--weights={files}.safetensors", f"--graphs={files}.graphs",
             f"--batch={expected[-1]['instance'] + 1}"],
            stdout=subprocess.PIPE, text=True)
        if run.returncode != 0:
            fail(f"edbc run exits with {run.returncode}")
        actual = [json.loads(line) for line in run.stdout.splitlines()]
        error = compare(expected, actual)
        print(f"{network}, hidden {hidden}: {len(expected)} nodes, "
              f"largest error {error:.2g}")


if __name__ == "__main__":
    main()
