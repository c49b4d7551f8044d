"""The LatticeLSTM of ../lattices/lattice_lstm.edb."""

from torch import nn

from edbc_export import export, lstm_gates
from lattices import CHARACTERS, WORDS, LatticeModel, run_lattices


class Arc(nn.Module):
    def __init__(self, entries, hidden):
        super().__init__()
        self.embedding = nn.Embedding(entries, hidden)
        self.lstm = nn.LSTMCell(hidden, hidden)

    def forward(self, source, name):
        return self.lstm(self.embedding(name), source)

    def weights(self, cell):
        weights = {f"{cell}.E": self.embedding.weight}
        for gate, of_input, of_state, bias in lstm_gates(self.lstm):
            weights[f"{cell}.arc.U{gate}"] = of_input
            weights[f"{cell}.arc.W{gate}"] = of_state
            weights[f"{cell}.arc.b{gate}"] = bias
        return weights


class LatticeLstm(LatticeModel):
    def __init__(self, hidden):
        super().__init__(hidden, Arc(CHARACTERS, hidden), Arc(WORDS, hidden),
                         first=2)

    def weights(self):
        first_h, first_c = self.first
        return {
            "W": self.score.weight,
            "start.first_h": first_h,
            "start.first_c": first_c,
            **self.char_arc.weights("char_arc"),
            **self.word_arc.weights("word_arc"),
        }


def main(arguments=None):
    export("lattice_lstm", LatticeLstm, run_lattices, arguments)


if __name__ == "__main__":
    main()
