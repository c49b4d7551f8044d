"""The TreeLSTM with two types of inner nodes, ../trees/tree_lstm_2type.edb."""

import torch
from torch import nn

from edbc_export import export
from trees import TreeModel, run_trees


class Inner(nn.Module):
    """An inner node of either type; each has weights of its own."""

    def __init__(self, hidden):
        super().__init__()
        # Input gate, output gate and update, one below another.
        self.gates = nn.Linear(2 * hidden, 3 * hidden)
        # Forget gates, one for each child, with one bias.
        self.forget_left = nn.Linear(hidden, hidden)
        self.forget_right = nn.Linear(hidden, hidden, bias=False)

    def forward(self, left, right):
        (h1, c1), (h2, c2) = left, right
        i, o, u = self.gates(torch.cat([h1, h2])).chunk(3)
        f1 = torch.sigmoid(self.forget_left(h1))
        f2 = torch.sigmoid(self.forget_right(h2) + self.forget_left.bias)
        c = torch.sigmoid(i) * torch.tanh(u) + f1 * c1 + f2 * c2
        return torch.sigmoid(o) * torch.tanh(c), c

    def weights(self, cell):
        ui, uo, uu = self.gates.weight.chunk(3)
        bi, bo, bu = self.gates.bias.chunk(3)
        return {
            f"{cell}.Ui": ui, f"{cell}.Uo": uo, f"{cell}.Uu": uu,
            f"{cell}.bi": bi, f"{cell}.bo": bo, f"{cell}.bu": bu,
            f"{cell}.Uf1": self.forget_left.weight,
            f"{cell}.Uf2": self.forget_right.weight,
            f"{cell}.bf": self.forget_left.bias,
        }


class TreeLstm2Type(TreeModel):
    def __init__(self, hidden):
        super().__init__(hidden)
        self.leaf_gates = nn.Linear(hidden, 3 * hidden)
        self.inner1 = Inner(hidden)
        self.inner2 = Inner(hidden)

    def cell(self, node):
        if not node.children:
            return "leaf"
        return "inner2" if node.label % 2 else "inner1"  # as good as any rule

    def leaf(self, word):
        i, o, u = self.leaf_gates(self.embedding(word)).chunk(3)
        c = torch.sigmoid(i) * torch.tanh(u)
        return torch.sigmoid(o) * torch.tanh(c), c

    def weights(self):
        wi, wo, wu = self.leaf_gates.weight.chunk(3)
        bi, bo, bu = self.leaf_gates.bias.chunk(3)
        return {
            "E": self.embedding.weight,
            "W": self.score.weight,
            "leaf.Wi": wi, "leaf.Wo": wo, "leaf.Wu": wu,
            "leaf.bi": bi, "leaf.bo": bo, "leaf.bu": bu,
            **self.inner1.weights("inner1"),
            **self.inner2.weights("inner2"),
        }


def main(arguments=None):
    export("tree_lstm_2type", TreeLstm2Type, run_trees, arguments)


if __name__ == "__main__":
    main()
