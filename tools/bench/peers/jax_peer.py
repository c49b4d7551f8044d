#!/usr/bin/env python3
"""Times mini-batches that are batched by hand in JAX.

    jax_peer.py NETWORK HIDDEN THREADS REPEAT FILE...

As pytorch.py. Each cell is compiled by jax.jit; batches are padded to powers of
two, so that it is for few sizes. THREADS is 1, or any number for as many as there
are.
"""

import os
import sys

if sys.argv[3:4] == ["1"]:
    os.environ["XLA_FLAGS"] = ("--xla_cpu_multi_thread_eigen=false "
                               "intra_op_parallelism_threads=1")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from batches import batch_by_level, fastest, shape, sources
from networks import NETWORKS


class Ops:
    take = staticmethod(lambda table, rows: table[rows])
    split = staticmethod(lambda x, parts: jnp.split(x, parts, axis=1))
    join = staticmethod(lambda parts: jnp.concatenate(parts, axis=1))
    stack_rows = join
    join_columns = staticmethod(lambda parts: jnp.concatenate(parts, axis=2))
    sigmoid = staticmethod(jax.nn.sigmoid)
    tanh = staticmethod(jnp.tanh)
    repeat = staticmethod(
        lambda row, count: jnp.broadcast_to(row, (count, row.shape[0])))

    @staticmethod
    def sum_by_owner(elements, owners):
        # The last row is of no node: that of padded elements.
        return jax.ops.segment_sum(elements, owners, Ops.num_owners + 1)[:-1]


def padded(count):
    return 1 << max(count - 1, 0).bit_length()


def prepare(mini_batch, network):
    batches = []
    for batch in (batch for run in mini_batch.runs for batch in run):
        count = padded(batch.end - batch.begin)
        operands = []
        for kind, given in zip(network.signature[batch.cell][1], batch.operands):
            if kind == "nodes":
                rows, owners = given
                missing = padded(len(rows)) - len(rows)
                operands.append((np.array(rows + missing * [0]),
                                 np.array(owners + missing * [count])))
            else:
                operands.append(np.array(given + (count - len(given)) * [0]))
        batches.append((batch.cell, count, batch.begin,
                        jax.device_put(operands)))
    return batches


def compile_step(network):
    taken = sources(network)

    @partial(jax.jit, static_argnums=(0, 1), donate_argnums=(3,))
    def step(cell, count, weights, states, begin, operands):
        state, kinds = network.signature[cell]
        values = []
        for kind, operand, source in zip(kinds, operands, taken[cell]):
            if kind == "token":
                values.append(operand)
            elif kind == "node":
                values.append(states[source][operand])
            else:
                rows, owners = operand
                values.append((states[source][rows], owners))
        Ops.num_owners = count
        result = getattr(network, cell)(weights, Ops, *(values or [count]))
        start = (begin,) + (0,) * (result.ndim - 1)
        # What is padded is overwritten by the batches that follow.
        return states | {state: jax.lax.dynamic_update_slice(
            states[state], result, start)}

    return step


def run(network, repeat, paths):
    keys = jax.random.split(jax.random.PRNGKey(1), len(network.weights))
    weights = {name: jax.random.uniform(key, of, minval=-0.1, maxval=0.1)
               for key, (name, of) in zip(keys, network.weights.items())}
    step = compile_step(network)
    for path in paths:
        mini_batch = batch_by_level(path, network.signature, network.late)
        batches = prepare(mini_batch, network)
        states = {state: jnp.zeros(shape(2 * padded(rows),
                                         network.widths[state]))
                  for state, rows in mini_batch.rows.items()}

        def execute():
            nonlocal states
            for cell, count, begin, operands in batches:
                states = step(cell, count, weights, states, begin, operands)
            jax.block_until_ready(states)

        yield fastest(execute, repeat)


def main(name, hidden, _, repeat, *paths):
    if name not in NETWORKS:
        return
    times = list(run(NETWORKS[name](int(hidden)), int(repeat), paths))
    print(f"{sum(times) / len(times) * 1e3:.6f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
