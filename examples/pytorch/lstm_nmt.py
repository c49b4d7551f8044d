"""The translator of ../translation/lstm_nmt.edb."""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from edbc_export import WordIds, export, lstm_gates

SOURCE_WORDS = 256
TARGET_WORDS = 256

PAIRS = Path(__file__).parents[1] / "translation" / "pairs.txt"


def read_pairs():
    """The pairs of sentences of PAIRS, as lists of ids."""
    source_ids, target_ids = WordIds(SOURCE_WORDS), WordIds(TARGET_WORDS)
    for line in PAIRS.read_text(encoding="utf-8").splitlines():
        source, target = line.split(" ||| ")
        yield ([source_ids[word] for word in source.split()],
               [target_ids[word] for word in target.split()])


class Step(nn.Module):
    """An embedding, an input layer, and an LSTM step."""

    def __init__(self, words, hidden):
        super().__init__()
        self.embedding = nn.Embedding(words, hidden)
        self.input = nn.Linear(hidden, hidden)
        self.lstm = nn.LSTMCell(hidden, hidden)

    def forward(self, word, state):
        x = torch.tanh(self.input(self.embedding(torch.tensor(word))))
        return self.lstm(x, state)

    def weights(self, embedding, cell):
        weights = {
            embedding: self.embedding.weight,
            f"{cell}.step.A": self.input.weight,
            f"{cell}.step.a": self.input.bias,
        }
        for gate, w, u, b in lstm_gates(self.lstm):
            weights[f"{cell}.step.W{gate}"] = w
            weights[f"{cell}.step.U{gate}"] = u
            # The model file adds 1 to the forget gate, PyTorch doesn't.
            weights[f"{cell}.step.b{gate}"] = b - 1 if gate == "f" else b
        return weights


class LstmNmt(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.first_h = nn.Parameter(torch.randn(hidden))
        self.first_c = nn.Parameter(torch.randn(hidden))
        self.encode = Step(SOURCE_WORDS, hidden)
        self.decode = Step(TARGET_WORDS, hidden)
        self.score = nn.Linear(hidden, TARGET_WORDS, bias=False)

    def weights(self):
        return {
            "W": self.score.weight,
            "start.first_h": self.first_h,
            "start.first_c": self.first_c,
            **self.encode.weights("Es", "encode"),
            **self.decode.weights("Et", "decode"),
        }


def run(model, graphs):
    """Translates sentences: each step reads the word that the last one chose.

    It isn't known before the last step has run; so say lines `run` of the graph
    file. The losses are those of the given translation's words.
    """
    for source, target in read_pairs():
        graphs.begin_instance()
        state = model.first_h, model.first_c
        node = graphs.add("start")
        for word in source:
            state = model.encode(word, state)
            node = graphs.add("encode", word, node)
        word = target[0]
        for step, label in enumerate(target[1:]):
            if step > 0:
                graphs.run()
            state = model.decode(word, state)
            node = graphs.add("decode", word, node)
            logits = model.score(state[0])
            loss = F.cross_entropy(logits, torch.tensor(label))
            graphs.add("score", node, label, logits=logits, loss=loss)
            best = logits.argmax()
            graphs.add("best", node, word=best)
            word = best.item()


def main(arguments=None):
    export("lstm_nmt", LstmNmt, run, arguments)


if __name__ == "__main__":
    main()
