"""The LatticeGRU of ../lattices/lattice_gru.edb."""

import torch
from torch import nn

from edbc_export import export
from lattices import CHARACTERS, WORDS, LatticeModel, run_lattices


class Arc(nn.Module):
    """No nn.GRUCell, which resets behind the candidate's product."""

    def __init__(self, entries, hidden):
        super().__init__()
        self.embedding = nn.Embedding(entries, hidden)
        # Reset gate, update gate and candidate, one below another.
        self.of_input = nn.Linear(hidden, 3 * hidden)
        self.gates = nn.Linear(hidden, 2 * hidden, bias=False)
        self.candidate = nn.Linear(hidden, hidden, bias=False)

    def forward(self, source, name):
        (last,) = source
        xr, xz, xg = self.of_input(self.embedding(name)).chunk(3)
        hr, hz = self.gates(last).chunk(2)
        r = torch.sigmoid(hr + xr)
        z = torch.sigmoid(hz + xz)
        g = torch.tanh(self.candidate(r * last) + xg)
        return (z * last + (1 - z) * g,)

    def weights(self, cell):
        ur, uz = self.gates.weight.chunk(2)
        wr, wz, wg = self.of_input.weight.chunk(3)
        br, bz, bg = self.of_input.bias.chunk(3)
        arc = f"{cell}.arc"
        return {
            f"{cell}.E": self.embedding.weight,
            f"{arc}.Ur": ur, f"{arc}.Uz": uz,
            f"{arc}.Ug": self.candidate.weight,
            f"{arc}.Wr": wr, f"{arc}.Wz": wz, f"{arc}.Wg": wg,
            f"{arc}.br": br, f"{arc}.bz": bz, f"{arc}.bg": bg,
        }


class LatticeGru(LatticeModel):
    def __init__(self, hidden):
        super().__init__(hidden, Arc(CHARACTERS, hidden), Arc(WORDS, hidden),
                         first=1)

    def weights(self):
        (first_h,) = self.first
        return {
            "W": self.score.weight,
            "start.first_h": first_h,
            **self.char_arc.weights("char_arc"),
            **self.word_arc.weights("word_arc"),
        }


def main(arguments=None):
    export("lattice_gru", LatticeGru, run_lattices, arguments)


if __name__ == "__main__":
    main()
