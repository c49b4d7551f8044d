"""Networks that score every node of a binary tree."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import torch
from torch import nn
from torch.nn import functional as F

from edbc_export import WordIds

VOCABULARY = 256
CLASSES = 5

TREES = Path(__file__).parents[1] / "trees" / "trees.txt"


@dataclass
class TreeNode:
    label: int
    word: Optional[int] = None  # of a leaf
    children: list = field(default_factory=list)  # positions in the tree


def read_trees(count):
    """The first trees of TREES: lists of nodes, children before parents."""
    words = WordIds(VOCABULARY)
    with open(TREES, encoding="utf-8") as file:
        return [parse_tree(line, words) for line, _ in zip(file, range(count))]


def parse_tree(line, words):
    tokens = iter(re.findall(r"[()]|[^()\s]+", line))
    tree = []

    def parse(token):
        """Appends a word or a node; returns the node's position."""
        assert token == "(", line
        node = TreeNode(int(next(tokens)))
        for token in iter(lambda: next(tokens), ")"):
            if token == "(":
                node.children.append(parse(token))
            else:
                node.word = words[token]
        tree.append(node)
        return len(tree) - 1

    parse(next(tokens))
    return tree


class TreeModel(nn.Module):
    """What the networks have in common.

    A network adds the methods leaf(word) and inner(left, right). They return
    states, tuples of tensors, of which the first is scored.
    """

    def __init__(self, hidden):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, hidden)
        self.score = nn.Linear(hidden, CLASSES, bias=False)

    def cell(self, node):
        """The method that computes a node's state: a cell of the model file."""
        return "inner" if node.children else "leaf"

    def forward(self, tree):
        """The scores of a tree's nodes, [nodes, classes]."""
        states = []
        for node in tree:
            cell = getattr(self, self.cell(node))
            if node.children:
                states.append(cell(*(states[k] for k in node.children)))
            else:
                states.append(cell(torch.tensor(node.word)))
        return self.score(torch.stack([state[0] for state in states]))


def run_trees(model, graphs):
    for tree in read_trees(12):
        graphs.begin_instance()
        # A tree's nodes come first, so their numbers are their positions.
        for node in tree:
            graphs.add(model.cell(node), *(node.children or [node.word]))
        add_scores(graphs, tree, model(tree))


def add_scores(graphs, tree, logits):
    labels = torch.tensor([node.label for node in tree])
    losses = F.cross_entropy(logits, labels, reduction="none")
    for position, node in enumerate(tree):
        graphs.add("score", position, node.label,
                   logits=logits[position], loss=losses[position])
