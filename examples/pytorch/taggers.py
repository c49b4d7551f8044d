"""What the taggers share: sentences, and LSTMs that read them both ways."""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from edbc_export import lstm_gates

VOCABULARY = 256
TAGS = 9

SENTENCES = Path(__file__).parents[1] / "taggers" / "sentences.txt"


def read_sentences():
    """The sentences of SENTENCES: lists of pairs of a word and its tag's id."""
    sentences, tags = [], {}
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        pairs = [token.rsplit("|", 1) for token in line.split()]
        sentences.append([(word, tags.setdefault(tag, len(tags)))
                          for word, tag in pairs])
    return sentences


class Reader(nn.Module):
    """A two-layer LSTM that begins in a state of its own."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, num_layers=2)
        # Of both layers, one a row.
        self.first_h = nn.Parameter(torch.randn(2, hidden))
        self.first_c = nn.Parameter(torch.randn(2, hidden))

    def forward(self, x):
        """What is known after each of the inputs, [inputs, hidden]."""
        outputs, _ = self.lstm(x, (self.first_h, self.first_c))
        return outputs

    def weights(self, start, step):
        """As those of the cell that begins and of the one that goes on."""
        weights = {}
        for layer, name in enumerate(["below", "above"]):
            weights[f"{start}.first_h{layer + 1}"] = self.first_h[layer]
            weights[f"{start}.first_c{layer + 1}"] = self.first_c[layer]
            for gate, w, u, b in lstm_gates(self.lstm, f"_l{layer}"):
                weights[f"{step}.{name}.W{gate}"] = w
                weights[f"{step}.{name}.U{gate}"] = u
                # The model file adds 1 to the forget gate, PyTorch doesn't.
                weights[f"{step}.{name}.b{gate}"] = b - 1 if gate == "f" else b
        return weights


class Tagger(nn.Module):
    """Scores tags. A network adds embed(words), which returns [words, hidden].

    To PyTorch's bidirectional LSTM the second layer would read both directions
    of the first; here the directions meet in the scores only.
    """

    def __init__(self, hidden):
        super().__init__()
        self.ahead = Reader(hidden, hidden)
        self.back = Reader(hidden, hidden)
        self.both = nn.Linear(2 * hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, TAGS, bias=False)

    def forward(self, words):
        """The scores of the words' tags, [words, tags]."""
        x = self.embed(words)
        read = torch.cat([self.ahead(x), self.back(x.flip(0)).flip(0)], dim=1)
        return self.score(torch.tanh(self.both(read)))

    def weights(self):
        return {
            "P": self.both.weight,
            "O": self.score.weight,
            **self.ahead.weights("forward_start", "forward"),
            **self.back.weights("backward_start", "backward"),
        }


def add_reading(graphs, start, step, items):
    """Adds the nodes of a Reader; returns the numbers of those of its items."""
    last = graphs.add(start)
    numbers = []
    for item in items:
        last = graphs.add(step, item, last)
        numbers.append(last)
    return numbers


def add_tags(graphs, inputs, tags, logits):
    """Adds what reads a sentence both ways.

    inputs are what the cells read: ids or nodes, one a word.
    """
    losses = F.cross_entropy(logits, torch.tensor(tags), reduction="none")
    ahead = add_reading(graphs, "forward_start", "forward", inputs)
    back = add_reading(graphs, "backward_start", "backward", inputs[::-1])[::-1]
    for position, tag in enumerate(tags):
        graphs.add("tag", ahead[position], back[position], tag,
                   logits=logits[position], loss=losses[position])
