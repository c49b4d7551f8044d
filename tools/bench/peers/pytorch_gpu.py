#!/usr/bin/env python3
"""Times mini-batches that are batched by hand in PyTorch, on a GPU.

    pytorch_gpu.py FOLDER [--hidden LIST] [--precision LIST] [--json FILE] ...

FOLDER is what `edbc-bench --record` wrote. Systems:

    pytorch-levels   level by level, as pytorch.py does it on the CPU
    pytorch-graph    the same, recorded as a CUDA graph and replayed
    pytorch-compile  the same, with cells compiled by torch.compile
    pytorch-cudnn    chains by cuDNN's LSTM, over packed sequences

Levels, indices and their tensors are made before the clock starts, and a graph is
replayed for the very mini-batch of which it was recorded. Of each mini-batch the
fastest run counts, as in edbc-bench, whose JSON lines have what these have.
"""

import argparse
import json
import re
import sys
import time
from collections import namedtuple
from pathlib import Path

import torch

from batches import batch_by_level, shape, sources
from chains import cudnn_chain
from networks import NETWORKS
from pytorch import Ops, execute, prepare

PRECISIONS = ("f32", "tf32", "bf16")
SYSTEMS = ("pytorch-levels", "pytorch-graph", "pytorch-compile",
           "pytorch-cudnn")

Owners = namedtuple("Owners", "rows count")


class DeviceOps(Ops):
    """Without anything that waits for the device."""

    @staticmethod
    def sum_by_owner(elements, owners):
        result = elements.new_zeros(owners.count, elements.shape[1])
        return result.index_add_(0, owners.rows, elements)


class Skipped(Exception):
    """Why a system can't be measured here."""


class MiniBatch:
    """A planned mini-batch, with all that it needs on the device."""

    def __init__(self, network, path, device, dtype):
        self.path = path
        planned = batch_by_level(path, network.signature, network.late)
        self.runs = [[self.to_device(step, device) for step in run]
                     for run in prepare(planned, network)]
        self.states = {
            state: torch.zeros(shape(rows, network.widths[state]),
                               device=device, dtype=dtype)
            for state, rows in planned.rows.items()
        }

    @staticmethod
    def to_device(step, device):
        cell, state, batch, operands = step
        moved = []
        for kind, operand in operands:
            if kind == "nodes":
                elements, owners = operand
                count = batch.end - batch.begin
                moved.append((kind, (elements.to(device),
                                     Owners(owners.to(device), count))))
            else:
                moved.append((kind, operand.to(device)))
        return cell, state, batch, moved


def runner_of(system, network, weights, batch, device):
    """A function without arguments that computes the mini-batch."""
    taken = sources(network)

    def run(runs):
        execute(runs, batch.states, taken, weights, DeviceOps)

    if system == "pytorch-levels":
        return lambda: run(batch.runs)
    if system == "pytorch-compile":
        if not hasattr(torch, "compile"):
            raise Skipped(f"PyTorch {torch.__version__} has no torch.compile")
        compiled = {}
        runs = [[(compiled.setdefault(step[2].cell, torch.compile(
            step[0], dynamic=True)), *step[1:]) for step in run]
            for run in batch.runs]
        return lambda: run(runs)
    if device.type != "cuda":
        raise Skipped("there is no CUDA device")
    if system == "pytorch-cudnn":
        chain = cudnn_chain(network, weights, batch.path, device)
        if chain is None:
            raise Skipped("the network is no chain of LSTMs")
        return chain
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        run(batch.runs)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run(batch.runs)
    return graph.replay


def fastest_ms(run, device, repeat):
    best = float("inf")
    for _ in range(repeat + 2):  # two to warm up
        begin = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - begin) * 1e3)
    return best


def use_precision(precision):
    """Returns the type of weights and states."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    return torch.bfloat16 if precision == "bf16" else torch.float32


def recorded(folder):
    """By network and size of its mini-batches, their files."""
    found = {}
    for path in sorted(folder.glob("*/*.graphs")):
        match = re.fullmatch(r"(.+)-b(\d+)", path.parent.name)
        if match and match[1] in NETWORKS:
            found.setdefault((match[1], int(match[2])), []).append(path)
    return found


def measure(name, hidden, precision, paths, options, device):
    """The milliseconds of each system, and why others have none."""
    dtype = use_precision(precision)
    torch.manual_seed(1)
    network = NETWORKS[name](hidden)
    weights = {key: (torch.rand(*of) * 0.2 - 0.1).to(device, dtype)
               for key, of in network.weights.items()}
    batches = [MiniBatch(network, path, device, dtype) for path in paths]
    for system in options.system:
        try:
            times = [fastest_ms(
                runner_of(system, network, weights, batch, device), device,
                options.repeat) for batch in batches]
            yield system, sum(times) / len(times)
        except Skipped as reason:
            print(f"{system} is skipped for {name}: {reason}", file=sys.stderr)
        except getattr(torch.cuda, "OutOfMemoryError", MemoryError) as problem:
            print(f"{system} is left out for {name}, hidden {hidden}: "
                  f"{problem}", file=sys.stderr)


def numbers(text):
    return [int(part) for part in text.split(",")]


def names(known):
    def parse(text):
        for part in text.split(","):
            if part not in known:
                raise argparse.ArgumentTypeError(
                    f"'{part}' is none of {', '.join(known)}")
        return text.split(",")
    return parse


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hidden", type=numbers, default=[128])
    parser.add_argument("--precision", type=names(PRECISIONS),
                        default=["f32"])
    parser.add_argument("--system", type=names(SYSTEMS), default=SYSTEMS)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--json", type=Path, help="append results to a file")
    options = parser.parse_args(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        print("pytorch_gpu.py is skipped: PyTorch has no CUDA device",
              file=sys.stderr)
        return 0
    files = recorded(options.folder)
    if not files:
        print(f"{options.folder}: there are no recorded mini-batches",
              file=sys.stderr)
        return 1
    torch.set_grad_enabled(False)
    device = torch.device(options.device)
    for (name, batch), paths in files.items():
        for hidden in options.hidden:
            for precision in options.precision:
                for system, ms in measure(name, hidden, precision, paths,
                                          options, device):
                    line = json.dumps({
                        "system": system, "version": torch.__version__,
                        "workload": name, "hidden": hidden, "batch": batch,
                        "precision": precision,
                        "instances_per_s": batch / ms * 1e3, "ms": ms,
                    })
                    print(line, flush=True)
                    if options.json:
                        with open(options.json, "a", encoding="utf-8") as out:
                            out.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
