"""Tests of tools/bench/peers: what peers execute, and that batching it doesn't
change it.

    peers_test.py FOLDER
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from batches import batch_by_level, parse_operands, sources
from networks import NETWORKS

TREES = """edbc-graphs 1 tree_lstm
instance
leaf 7
leaf 9
inner 0 1
score 2 1
run
inner 2 0
score 4 0

instance
leaf 3
score 0 2
"""
LATTICE = """edbc-graphs 1 lattice_lstm
instance
start
char_arc 0 4
word_arc 0 6
join [1 2]
join [ 3 ]
score 4 1
"""


def batches_of(text, name):
    network = NETWORKS[name](4)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.graphs"
        path.write_text(text, encoding="utf-8")
        return network, batch_by_level(path, network.signature, network.late)


def test_operands():
    assert parse_operands("3 [1 2] [] [4]".replace("[", " [ ")
                          .replace("]", " ] ").split()) == [3, [1, 2], [], [4]]


def test_trees():
    _, mini_batch = batches_of(TREES, "TreeLSTM")
    found = [[(b.cell, b.begin, b.end, b.operands) for b in run]
             for run in mini_batch.runs]
    assert found == [
        [("leaf", 0, 3, [[7, 9, 3]]), ("inner", 3, 4, [[0], [1]]),
         ("score", 0, 2, [[3, 2], [1, 2]])],
        [("inner", 4, 5, [[3], [0]]), ("score", 2, 3, [[4], [0]])],
    ]
    assert mini_batch.rows == {"Node": 5, "Score": 3}


def test_lattice():
    _, mini_batch = batches_of(LATTICE, "LatticeLSTM")
    joins = [b.operands for b in mini_batch.runs[0] if b.cell == "join"]
    assert joins == [[([1, 2], [0, 0])], [([3], [0])]]


def test_networks():
    for name, network in NETWORKS.items():
        network = network(4)
        for cell, (state, kinds) in network.signature.items():
            assert hasattr(network, cell), (name, cell)
            assert state in network.widths, (name, state)
            for kind, source in zip(kinds, sources(network)[cell]):
                assert kind == "token" or source in network.widths


def main():
    tests = [test for name, test in globals().items() if name.startswith("test_")]
    for test in tests:
        test()
    print(f"{len(tests)} passed, 0 failed")


if __name__ == "__main__":
    main()
