#!/usr/bin/env python3
"""Times mini-batches that are batched by hand in PyTorch, on one core or more.

    pytorch.py NETWORK HIDDEN THREADS REPEAT FILE...

Each FILE is the graphs of a mini-batch. Prints one line, the mean over them of
the milliseconds that the fastest of REPEAT runs takes, or nothing where NETWORK
isn't known. Levels and indices are made before the clock starts. Weights are
random. Where there is torch.compile, it isn't used: shapes change from batch to
batch.
"""

import os
import sys
from pathlib import Path

# OpenBLAS, if that is what torch multiplies with, falls back on its oldest kernels
# where it doesn't know the processor.
if " avx512f " in Path("/proc/cpuinfo").read_text(encoding="ascii"):
    os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")

from batches import batch_by_level, fastest, shape, sources
from networks import NETWORKS

import torch


class Ops:
    take = staticmethod(lambda table, rows: table.index_select(0, rows))
    split = staticmethod(lambda x, parts: x.chunk(parts, dim=1))
    join = staticmethod(lambda parts: torch.cat(parts, dim=1))
    stack_rows = staticmethod(lambda parts: torch.cat(parts, dim=1))
    join_columns = staticmethod(lambda parts: torch.cat(parts, dim=2))
    sigmoid = staticmethod(torch.sigmoid)
    tanh = staticmethod(torch.tanh)
    repeat = staticmethod(lambda row, count: row.expand(count, -1))

    @staticmethod
    def sum_by_owner(elements, owners):
        count = int(owners[-1]) + 1
        result = torch.zeros(count, elements.shape[1])
        return result.index_add_(0, owners, elements)


def prepare(mini_batch, network):
    """The batches with tensors of rows in place of lists."""
    runs = []
    for run in mini_batch.runs:
        runs.append([])
        for batch in run:
            state, kinds = network.signature[batch.cell]
            operands = [
                tuple(torch.tensor(part) for part in operand)
                if kind == "nodes" else torch.tensor(operand)
                for kind, operand in zip(kinds, batch.operands)
            ]
            runs[-1].append((getattr(network, batch.cell), state, batch,
                             list(zip(kinds, operands))))
    return runs


def execute(runs, states, taken, weights, ops=Ops):
    for run in runs:
        for cell, state, batch, operands in run:
            values = []
            for (kind, operand), source in zip(operands, taken[batch.cell]):
                if kind == "token":
                    values.append(operand)
                elif kind == "node":
                    values.append(states[source].index_select(0, operand))
                else:
                    elements, owners = operand
                    values.append(
                        (states[source].index_select(0, elements), owners))
            if not operands:
                values.append(batch.end - batch.begin)
            states[state][batch.begin : batch.end] = cell(weights, ops, *values)


def run(network, repeat, paths):
    weights = {key: torch.rand(*of) * 0.2 - 0.1
               for key, of in network.weights.items()}
    taken = sources(network)
    for path in paths:
        mini_batch = batch_by_level(path, network.signature, network.late)
        runs = prepare(mini_batch, network)
        states = {state: torch.zeros(shape(rows, network.widths[state]))
                  for state, rows in mini_batch.rows.items()}
        yield fastest(lambda: execute(runs, states, taken, weights), repeat)


def main(name, hidden, threads, repeat, *paths):
    if name not in NETWORKS:
        return
    torch.set_num_threads(int(threads))
    torch.set_grad_enabled(False)
    torch.manual_seed(1)
    times = list(run(NETWORKS[name](int(hidden)), int(repeat), paths))
    print(f"{sum(times) / len(times) * 1e3:.6f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
