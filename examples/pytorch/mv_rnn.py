"""The MV-RNN of ../trees/mv_rnn.edb: nodes have a vector and a matrix."""

import torch
from torch import nn

from edbc_export import export
from trees import VOCABULARY, TreeModel, run_trees


class MvRnn(TreeModel):
    def __init__(self, hidden):
        super().__init__(hidden)
        self.hidden = hidden
        # A table of matrices is one of vectors to PyTorch. Words begin with
        # almost the identity.
        self.matrices = nn.Embedding(VOCABULARY, hidden * hidden)
        with torch.no_grad():
            self.matrices.weight.mul_(0.1).add_(torch.eye(hidden).flatten())
        self.vector = nn.Linear(2 * hidden, hidden)
        self.matrix = nn.Linear(2 * hidden, hidden)

    def leaf(self, word):
        matrix = self.matrices(word).view(self.hidden, self.hidden)
        return self.embedding(word), matrix

    def inner(self, left, right):
        (v1, m1), (v2, m2) = left, right
        v = torch.tanh(self.vector(torch.cat([m1 @ v2, m2 @ v1])))
        # nn.Linear maps rows, the network columns.
        m = self.matrix(torch.cat([m1, m2]).T).T
        return v, m

    def weights(self):
        return {
            "Ev": self.embedding.weight,
            "EM": self.matrices.weight.view(-1, self.hidden, self.hidden),
            "Wv": self.vector.weight,
            "bv": self.vector.bias,
            "WM": self.matrix.weight,
            "bM": self.matrix.bias,
            "W": self.score.weight,
        }


def main(arguments=None):
    export("mv_rnn", MvRnn, run_trees, arguments)


if __name__ == "__main__":
    main()
