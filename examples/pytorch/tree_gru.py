"""The binary TreeGRU of ../trees/tree_gru.edb."""

import torch
from torch import nn

from edbc_export import export
from trees import TreeModel, run_trees


class Gru(nn.Module):
    """What a part of a phrase contributes to it."""

    def __init__(self, hidden):
        super().__init__()
        # Reset and update gate, one below the other. All share their biases.
        self.gates = nn.Linear(hidden, 2 * hidden, bias=False)
        self.candidate = nn.Linear(hidden, hidden, bias=False)

    def forward(self, x, gates_bias, candidate_bias):
        r, z = torch.sigmoid(self.gates(x) + gates_bias).chunk(2)
        c = torch.tanh(self.candidate(r * x) + candidate_bias)
        return z * x + (1 - z) * c

    def weights(self, name):
        ur, uz = self.gates.weight.chunk(2)
        return {
            f"{name}.Ur": ur,
            f"{name}.Uz": uz,
            f"{name}.Uc": self.candidate.weight,
        }


class TreeGru(TreeModel):
    def __init__(self, hidden):
        super().__init__(hidden)
        self.gru_leaf = Gru(hidden)
        self.gru_left = Gru(hidden)
        self.gru_right = Gru(hidden)
        self.gates_bias = nn.Parameter(torch.randn(2 * hidden))
        self.candidate_bias = nn.Parameter(torch.randn(hidden))

    def leaf(self, word):
        biases = self.gates_bias, self.candidate_bias
        return (self.gru_leaf(self.embedding(word), *biases),)

    def inner(self, left, right):
        biases = self.gates_bias, self.candidate_bias
        (h1,), (h2,) = left, right
        return ((self.gru_left(h1, *biases) + self.gru_right(h2, *biases)) / 2,)

    def weights(self):
        br, bz = self.gates_bias.chunk(2)
        return {
            "E": self.embedding.weight,
            "br": br, "bz": bz, "bc": self.candidate_bias,
            "W": self.score.weight,
            **self.gru_leaf.weights("leaf.gru"),
            **self.gru_left.weights("inner.gru1"),
            **self.gru_right.weights("inner.gru2"),
        }


def main(arguments=None):
    export("tree_gru", TreeGru, run_trees, arguments)


if __name__ == "__main__":
    main()
