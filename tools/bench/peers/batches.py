"""Graph files, and mini-batches batched by hand: level by level.

What a peer is given are files as runtime/GRAPHS.md describes them, one for each
mini-batch. Here they become a list of batches in an order in which they can be
executed: all that is done before the clock starts.
"""

import time
from dataclasses import dataclass


@dataclass
class Batch:
    """Nodes of one cell that don't depend on each other.

    The rows of their results in their state's array are [begin, end).
    `operands` has a list for each operand: rows or tokens of the nodes, and for
    lists of nodes, a pair: rows of all elements, and which node of the batch
    each belongs to.
    """

    cell: str
    begin: int
    end: int
    operands: list


@dataclass
class MiniBatch:
    runs: list  # of lists of batches: the graph may grow between runs
    rows: dict  # by state: how many its array has


def read_nodes(path):
    """The nodes of a graph file: (cell, operands, run), operands of any
    instance as numbers in the whole file, as ('token', number) or as lists."""
    nodes, first, run = [], 0, 0
    with open(path, encoding="utf-8") as file:
        next(file)
        for line in file:
            words = line.replace("[", " [ ").replace("]", " ] ").split()
            if not words:
                continue
            if words[0] == "instance":
                first, run = len(nodes), 0
            elif words[0] == "run":
                run = int(words[1]) if len(words) > 1 else run + 1
            else:
                nodes.append((words[0], parse_operands(words[1:]), first, run))
    return nodes


def parse_operands(words):
    operands, listed = [], None
    for word in words:
        if word == "[":
            listed = []
        elif word == "]":
            operands.append(listed)
            listed = None
        elif listed is None:
            operands.append(int(word))
        else:
            listed.append(int(word))
    return operands


def batch_by_level(path, signature, late):
    """The mini-batch of a graph file.

    signature gives, by cell, its state and the kinds of its operands: 'node',
    'token' or 'nodes'. Cells of `late` yield what no cell takes; those of a run
    are one batch, at its end.
    """
    nodes = read_nodes(path)
    depths, members = [], {}
    for number, (cell, operands, first, run) in enumerate(nodes):
        depth = 0
        for kind, operand in zip(signature[cell][1], operands):
            used = {"node": [operand], "nodes": operand, "token": []}[kind]
            for node in used:
                if nodes[first + node][3] == run:
                    depth = max(depth, depths[first + node] + 1)
        depths.append(depth)
        level = float("inf") if cell in late else depth
        members.setdefault((run, level, cell), []).append(number)

    rows, place, runs, previous = {}, {}, [], None
    for run, level, cell in sorted(members):
        numbers = members[run, level, cell]
        state, kinds = signature[cell]
        begin = rows.get(state, 0)
        rows[state] = begin + len(numbers)
        for position, number in enumerate(numbers):
            place[number] = begin + position
        operands = []
        for i, kind in enumerate(kinds):
            given = [nodes[n][1][i] for n in numbers]
            if kind == "node":
                given = [place[nodes[n][2] + g] for n, g in zip(numbers, given)]
            elif kind == "nodes":
                given = (
                    [place[nodes[n][2] + e] for n, g in zip(numbers, given)
                     for e in g],
                    [p for p, g in enumerate(given) for _ in g],
                )
            operands.append(given)
        if run != previous:
            runs.append([])
            previous = run
        runs[-1].append(Batch(cell, begin, rows[state], operands))
    return MiniBatch(runs, rows)


# By cell, the states that its operands are of, where it isn't the cell's own.
SOURCES = {
    "score": ["Node", None], "tag": ["Stack", "Stack", None],
    "rare": ["CharStack", "CharStack"],
}


def sources(network):
    taken = {}
    for cell, (state, kinds) in network.signature.items():
        taken[cell] = SOURCES.get(cell, [state] * len(kinds))
        if cell in ("forward", "backward") and kinds[0] == "node":
            taken[cell] = ["Word", state]
    return taken


def shape(rows, width):
    return (rows, width) if isinstance(width, int) else (rows, *width)


def fastest(execute, repeat):
    """Seconds of the fastest of several runs, after one to warm up."""
    seconds = []
    for _ in range(repeat + 1):
        begin = time.perf_counter()
        execute()
        seconds.append(time.perf_counter() - begin)
    return min(seconds[1:])
