"""Networks that score every node of a lattice."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

CHARACTERS = 256
WORDS = 256
TAGS = 18

LATTICES = Path(__file__).parents[1] / "lattices" / "lattices.txt"


@dataclass
class LatticeNode:
    tag: int
    arcs: list  # what leads here: pairs of an earlier node and an id


def read_lattices():
    """The lattices of LATTICES: lists of nodes in order."""
    numbers = map(int, LATTICES.read_text().split())
    lattices = []
    for _ in range(next(numbers)):
        size = next(numbers)
        tags = [next(numbers) for _ in range(size)]
        lattices.append([
            LatticeNode(tag, [(next(numbers), next(numbers) % WORDS)
                              for _ in range(next(numbers))])
            for tag in tags
        ])
    return lattices


class LatticeModel(nn.Module):
    """What both networks have in common.

    A network says what an arc is: a module that goes from the state of the node
    where the arc begins and an id to a state, a tuple of vectors.
    """

    def __init__(self, hidden, char_arc, word_arc, first):
        super().__init__()
        self.char_arc = char_arc
        self.word_arc = word_arc
        # The state of nodes that no arc leads to, a vector a row.
        self.first = nn.Parameter(torch.randn(first, hidden))
        self.score = nn.Linear(hidden, TAGS, bias=False)

    def forward(self, lattice):
        """The scores of a lattice's nodes, [nodes, tags]."""
        states = []
        for position, node in enumerate(lattice):
            ends = []
            for source, name in node.arcs:
                is_char = source == position - 1
                arc = self.char_arc if is_char else self.word_arc
                ends.append(arc(states[source], torch.tensor(name)))
            if ends:
                states.append(tuple(map(sum, zip(*ends))))
            else:
                states.append(tuple(self.first))
        return self.score(torch.stack([state[0] for state in states]))


def run_lattices(model, graphs):
    for lattice in read_lattices():
        graphs.begin_instance()
        tags = torch.tensor([node.tag for node in lattice])
        logits = model(lattice)
        losses = F.cross_entropy(logits, tags, reduction="none")
        numbers = []  # of the cells that give the lattice's nodes their states
        for position, node in enumerate(lattice):
            ends = []
            for source, name in node.arcs:
                is_char = source == position - 1
                cell = "char_arc" if is_char else "word_arc"
                ends.append(graphs.add(cell, numbers[source], name))
            if not ends:
                numbers.append(graphs.add("start"))
            elif len(ends) == 1:
                numbers.append(ends[0])
            else:
                numbers.append(graphs.add("join", ends))
            graphs.add("score", numbers[-1], node.tag,
                       logits=logits[position], loss=losses[position])
