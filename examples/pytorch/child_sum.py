"""The Child-Sum TreeLSTM of ../trees/child_sum.edb."""

import torch
from torch import nn

from edbc_export import export
from trees import CLASSES, VOCABULARY, TreeNode, add_scores, read_trees


class ChildSum(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, hidden)
        # Input gate, output gate and update, one below another.
        self.gates_word = nn.Linear(hidden, 3 * hidden)
        self.gates_children = nn.Linear(hidden, 3 * hidden, bias=False)
        self.forget_word = nn.Linear(hidden, hidden)
        self.forget_child = nn.Linear(hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, CLASSES, bias=False)
        self.hidden = hidden

    def node(self, word, children):
        """The state of a word; children is a list of states, perhaps empty."""
        x = self.embedding(torch.tensor(word))
        child_h, child_c = torch.zeros(2, len(children), self.hidden)
        for position, (h, c) in enumerate(children):
            child_h[position], child_c[position] = h, c
        gates = self.gates_word(x) + self.gates_children(child_h.sum(0))
        i, o, u = gates.chunk(3)
        f = torch.sigmoid(self.forget_word(x) + self.forget_child(child_h))
        c = torch.sigmoid(i) * torch.tanh(u) + (f * child_c).sum(0)
        return torch.sigmoid(o) * torch.tanh(c), c

    def forward(self, tree):
        """The scores of a tree's words, [words, classes]."""
        states = []
        for node in tree:
            children = [states[k] for k in node.children]
            states.append(self.node(node.word, children))
        return self.score(torch.stack([h for h, _ in states]))

    def weights(self):
        wi, wo, wu = self.gates_word.weight.chunk(3)
        bi, bo, bu = self.gates_word.bias.chunk(3)
        ui, uo, uu = self.gates_children.weight.chunk(3)
        return {
            "E": self.embedding.weight,
            "Wi": wi, "Wo": wo, "Wu": wu, "Wf": self.forget_word.weight,
            "Ui": ui, "Uo": uo, "Uu": uu, "Uf": self.forget_child.weight,
            "bi": bi, "bo": bo, "bu": bu, "bf": self.forget_word.bias,
            "W": self.score.weight,
        }


def tree_of_words(tree):
    """Hangs the head of a phrase's left part on that of its right part."""
    words, heads = [], []
    for node in tree:
        if node.children:
            left, right = (heads[k] for k in node.children)
            words[right].children.append(left)
            words[right].label = node.label
            heads.append(right)
        else:
            words.append(TreeNode(node.label, node.word))
            heads.append(len(words) - 1)
    return words


def run(model, graphs):
    for tree in map(tree_of_words, read_trees(12)):
        graphs.begin_instance()
        for node in tree:
            graphs.add("node", node.word, node.children)
        add_scores(graphs, tree, model(tree))


def main(arguments=None):
    export("child_sum", ChildSum, run, arguments)


if __name__ == "__main__":
    main()
