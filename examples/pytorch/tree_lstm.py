"""The binary TreeLSTM of ../trees/tree_lstm.edb."""

import torch
from torch import nn

from edbc_export import export
from trees import TreeModel, run_trees


class TreeLstm(TreeModel):
    def __init__(self, hidden):
        super().__init__(hidden)
        # Input gate, output gate and update, one below another. Leaves and
        # inner nodes share their biases.
        self.leaf_gates = nn.Linear(hidden, 3 * hidden, bias=False)
        self.inner_gates = nn.Linear(2 * hidden, 3 * hidden)
        # Forget gates, one for each child, with one bias.
        self.forget_left = nn.Linear(hidden, hidden)
        self.forget_right = nn.Linear(hidden, hidden, bias=False)

    def leaf(self, word):
        x = self.embedding(word)
        i, o, u = (self.leaf_gates(x) + self.inner_gates.bias).chunk(3)
        c = torch.sigmoid(i) * torch.tanh(u)
        return torch.sigmoid(o) * torch.tanh(c), c

    def inner(self, left, right):
        (h1, c1), (h2, c2) = left, right
        i, o, u = self.inner_gates(torch.cat([h1, h2])).chunk(3)
        f1 = torch.sigmoid(self.forget_left(h1))
        f2 = torch.sigmoid(self.forget_right(h2) + self.forget_left.bias)
        c = torch.sigmoid(i) * torch.tanh(u) + f1 * c1 + f2 * c2
        return torch.sigmoid(o) * torch.tanh(c), c

    def weights(self):
        wi, wo, wu = self.leaf_gates.weight.chunk(3)
        ui, uo, uu = self.inner_gates.weight.chunk(3)
        bi, bo, bu = self.inner_gates.bias.chunk(3)
        return {
            "E": self.embedding.weight,
            "Wi": wi, "Wo": wo, "Wu": wu,
            "Ui": ui, "Uo": uo, "Uu": uu,
            "bi": bi, "bo": bo, "bu": bu,
            "Uf1": self.forget_left.weight,
            "Uf2": self.forget_right.weight,
            "bf": self.forget_left.bias,
            "W": self.score.weight,
        }


def main(arguments=None):
    export("tree_lstm", TreeLstm, run_trees, arguments)


if __name__ == "__main__":
    main()
