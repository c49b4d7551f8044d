#!/usr/bin/env python3
"""Prints the tables of passes/PlanMemory/README.md.

    planning.py [--build DIR] [--lines LINES]

What the cells of the examples move, by `edbc inspect --layout`, and what becomes
of mini-batches with each layout, fused and not, by `edbc-bench`, which takes some
minutes, or from its JSON lines of an earlier run.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORMS = [(fuse, layout) for fuse in ("none", "all")
         for layout in ("off", "paper", "full")]

# Network, model and cells that stand for all of their kind.
CELLS = [
    ("TreeLSTM", "trees/tree_lstm", ["inner"]),
    ("TreeGRU", "trees/tree_gru", ["inner"]),
    ("MV-RNN", "trees/mv_rnn", ["inner"]),
    ("Child-Sum", "trees/child_sum", ["node"]),
    ("BiLSTM-Tagger", "taggers/bilstm_tagger", ["forward", "tag"]),
    ("LSTM-NMT", "translation/lstm_nmt", ["encode", "score"]),
    ("LatticeLSTM", "lattices/lattice_lstm", ["char_arc", "join"]),
    ("LatticeGRU", "lattices/lattice_gru", ["char_arc", "join"]),
]

CELLS_HEAD = """\
| network | cell | unfused, unplanned | unfused, as in the paper | unfused, ours | its gathers + stores | fused: kernels / copied / workspace | gathers + stores |
|---|---|---|---|---|---|---|---|"""

NETWORKS_HEAD = """\
| network | unfused, unplanned | as in the paper | ours | fused, unplanned | as in the paper | ours |
|---|---|---|---|---|---|---|"""


def moved(form):
    return f"{form['gathers']['bytes']} + {form['stores']['bytes']}"


def print_cells(edbc):
    print(CELLS_HEAD)
    for network, model, cells in CELLS:
        printed = subprocess.run(
            [edbc, "inspect", ROOT / "examples" / f"{model}.edb", "-D",
             "hidden=64", "--layout", "--json"], check=True,
            capture_output=True, text=True).stdout
        forms = {(form["cell"], form["fuse"], form["layout"]): form
                 for form in json.loads(printed)}
        for cell in cells:
            row = [network, f"`{cell}`"]
            for layout in ("off", "paper", "full"):
                form = forms[cell, "none", layout]
                row.append(f"{form['kernels']} / {form['copies']['kernels']} / "
                           f"{form['copies']['bytes']} / "
                           f"{form['workspace_bytes']}")
            row.append(moved(form))
            form = forms[cell, "all", "full"]
            row.append(f"{form['kernels']} / {form['copies']['bytes']} / "
                       f"{form['workspace_bytes']}")
            row.append(moved(form))
            print("| " + " | ".join(row) + " |")


def print_networks(lines):
    measured = {}
    for result in map(json.loads, lines):
        forms = measured.setdefault(result["workload"], {})
        forms[result["fuse"], result["layout"]] = result
    print(NETWORKS_HEAD)
    for network, forms in measured.items():
        row = [network]
        for form in FORMS:
            result = forms[form]
            row.append(f"{result['ms']:.2f} / {result['launches']:.0f} / "
                       f"{result['copied_bytes'] / 1e3:.0f}")
        print("| " + " | ".join(row) + " |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--lines", type=Path)
    arguments = parser.parse_args()
    programs = arguments.build / "bin"
    print_cells(programs / "edbc")
    print(flush=True)
    with tempfile.TemporaryDirectory() as folder:
        lines = arguments.lines
        if not lines:
            lines = Path(folder) / "lines.json"
            subprocess.run(
                [programs / "edbc-bench", "--hidden", "128", "--batch", "32",
                 "--repeat", "7", "--mini-batches", "16", "--fuse", "all,none", "--layout",
                 "off,paper,full", "--json", lines], check=True,
                stdout=subprocess.DEVNULL)
        with open(lines, encoding="utf-8") as file:
            print_networks(file)


if __name__ == "__main__":
    main()
