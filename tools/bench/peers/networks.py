"""The measured networks, written for batches as one does by hand.

Each is written once for any library of arrays: `ops` has what differs between
them. Gates that read the same operand are one product with one matrix.

A network has
    signature  by cell: its state, and its operands' kinds (see batches.py)
    late       cells whose results nobody takes
    widths     by state: floats of a row, or [rows, columns]
    weights    by name: a shape; vectors and matrices to multiply from the right
and, for each cell, a method that takes the operands' rows of a batch and gives
those of the result. States with h and c have them side by side.
"""


class TreeLstm:
    signature = {
        "leaf": ("Node", ["token"]),
        "inner": ("Node", ["node", "node"]),
        "score": ("Score", ["node", "token"]),
    }
    late = {"score"}

    def __init__(self, hidden):
        h = hidden
        self.hidden = h
        self.widths = {"Node": 2 * h, "Score": 5}
        self.weights = {
            "E": (256, h), "leaf": (h, 3 * h), "b": (3 * h,), "bf": (h,),
            "W": (h, 5),
        }
        for cell in self.inner_cells:
            self.weights |= {cell + "1": (h, 4 * h), cell + "2": (h, 4 * h)}

    inner_cells = ("inner",)

    def leaf(self, w, ops, word):
        gates = ops.take(w["E"], word) @ w["leaf"] + w["b"]
        i, o, u = ops.split(gates, 3)
        c = ops.sigmoid(i) * ops.tanh(u)
        return ops.join([ops.sigmoid(o) * ops.tanh(c), c])

    def apply_inner(self, cell, w, ops, left, right):
        h = self.hidden
        h1, c1, h2, c2 = left[:, :h], left[:, h:], right[:, :h], right[:, h:]
        gates1, gates2 = h1 @ w[cell + "1"], h2 @ w[cell + "2"]
        gates = gates1[:, : 3 * h] + gates2[:, : 3 * h] + w["b"]
        i, o, u = ops.split(gates, 3)
        f1 = ops.sigmoid(gates1[:, 3 * h :] + w["bf"])
        f2 = ops.sigmoid(gates2[:, 3 * h :] + w["bf"])
        c = ops.sigmoid(i) * ops.tanh(u) + f1 * c1 + f2 * c2
        return ops.join([ops.sigmoid(o) * ops.tanh(c), c])

    def inner(self, w, ops, left, right):
        return self.apply_inner("inner", w, ops, left, right)

    def score(self, w, ops, node, label):
        return node[:, : self.hidden] @ w["W"]


class TreeLstm2Type(TreeLstm):
    signature = TreeLstm.signature | {
        "inner1": ("Node", ["node", "node"]),
        "inner2": ("Node", ["node", "node"]),
    }
    inner_cells = ("inner1", "inner2")

    def inner1(self, w, ops, left, right):
        return self.apply_inner("inner1", w, ops, left, right)

    def inner2(self, w, ops, left, right):
        return self.apply_inner("inner2", w, ops, left, right)


class TreeGru:
    signature = TreeLstm.signature
    late = {"score"}

    def __init__(self, hidden):
        h = hidden
        self.hidden = h
        self.widths = {"Node": h, "Score": 5}
        self.weights = {"E": (256, h), "b": (2 * h,), "bc": (h,), "W": (h, 5)}
        for part in ("leaf", "left", "right"):
            self.weights |= {part + "g": (h, 2 * h), part + "c": (h, h)}

    def gru(self, w, ops, part, x):
        r, z = ops.split(ops.sigmoid(x @ w[part + "g"] + w["b"]), 2)
        c = ops.tanh((r * x) @ w[part + "c"] + w["bc"])
        return z * x + (1 - z) * c

    def leaf(self, w, ops, word):
        return self.gru(w, ops, "leaf", ops.take(w["E"], word))

    def inner(self, w, ops, left, right):
        return (self.gru(w, ops, "left", left)
                + self.gru(w, ops, "right", right)) / 2

    def score(self, w, ops, node, label):
        return node @ w["W"]


class MvRnn:
    signature = TreeLstm.signature
    late = {"score"}

    def __init__(self, hidden):
        h = hidden
        self.hidden = h
        # v is the first column, and M the others.
        self.widths = {"Node": (h, h + 1), "Score": 5}
        self.weights = {
            "E": (256, h, h + 1), "Wv": (2 * h, h), "bv": (h,),
            "WM": (h, 2 * h), "bM": (h, 1), "W": (h, 5),
        }

    def leaf(self, w, ops, word):
        return ops.take(w["E"], word)

    def inner(self, w, ops, left, right):
        v1, m1, v2, m2 = left[:, :, :1], left[:, :, 1:], right[:, :, :1], right[:, :, 1:]
        turned = ops.join([(m1 @ v2)[:, :, 0], (m2 @ v1)[:, :, 0]])
        v = ops.tanh(turned @ w["Wv"] + w["bv"])
        m = w["WM"] @ ops.stack_rows([m1, m2]) + w["bM"]
        return ops.join_columns([v[:, :, None], m])

    def score(self, w, ops, node, label):
        return node[:, :, 0] @ w["W"]


class LatticeLstm:
    signature = {
        "start": ("Node", []),
        "char_arc": ("Node", ["node", "token"]),
        "word_arc": ("Node", ["node", "token"]),
        "join": ("Node", ["nodes"]),
        "score": ("Score", ["node", "token"]),
    }
    late = {"score"}
    gates, states = 4, 2

    def __init__(self, hidden):
        h = hidden
        self.hidden = h
        self.widths = {"Node": self.states * h, "Score": 18}
        self.weights = {"first": (self.states * h,), "W": (h, 18)}
        for cell in ("char", "word"):
            self.weights |= {
                "E" + cell: (256, h), "U" + cell: (h, self.gates * h),
                "W" + cell: (h, 4 * h), "b" + cell: (self.gates * h,),
            }

    def start(self, w, ops, count):
        return ops.repeat(w["first"], count)

    def arc(self, kind, w, ops, source, token):
        h = self.hidden
        gates = (ops.take(w["E" + kind], token) @ w["U" + kind]
                 + source[:, :h] @ w["W" + kind] + w["b" + kind])
        f, i, o = ops.split(ops.sigmoid(gates[:, : 3 * h]), 3)
        c = i * ops.tanh(gates[:, 3 * h :]) + f * source[:, h:]
        return ops.join([o * ops.tanh(c), c])

    def char_arc(self, w, ops, source, token):
        return self.arc("char", w, ops, source, token)

    def word_arc(self, w, ops, source, token):
        return self.arc("word", w, ops, source, token)

    def join(self, w, ops, arcs):
        return ops.sum_by_owner(*arcs)

    def score(self, w, ops, node, label):
        return node[:, : self.hidden] @ w["W"]


class LatticeGru(LatticeLstm):
    gates, states = 3, 1

    def __init__(self, hidden):
        super().__init__(hidden)
        h = hidden
        for cell in ("char", "word"):
            self.weights |= {"W" + cell: (h, 2 * h), "C" + cell: (h, h)}

    def arc(self, kind, w, ops, source, token):
        h = self.hidden
        x = ops.take(w["E" + kind], token) @ w["U" + kind] + w["b" + kind]
        gates = ops.sigmoid(x[:, : 2 * h] + source @ w["W" + kind])
        r, z = ops.split(gates, 2)
        g = ops.tanh((r * source) @ w["C" + kind] + x[:, 2 * h :])
        return z * source + (1 - z) * g


def lstm_step(w, ops, name, h, x, last_h, last_c):
    gates = x @ w[name + "W"] + last_h @ w[name + "U"] + w[name + "b"]
    i, f, o = ops.split(ops.sigmoid(gates[:, : 3 * h]), 3)
    c = f * last_c + i * ops.tanh(gates[:, 3 * h :])
    return o * ops.tanh(c), c


def lstm_weights(name, inputs, outputs):
    return {name + "W": (inputs, 4 * outputs), name + "U": (outputs, 4 * outputs),
            name + "b": (4 * outputs,)}


class BiLstmTagger:
    """Its vocabulary is that of the data, of which the file doesn't tell."""

    signature = {
        "forward_start": ("Stack", []), "backward_start": ("Stack", []),
        "forward": ("Stack", ["token", "node"]),
        "backward": ("Stack", ["token", "node"]),
        "tag": ("Score", ["node", "node", "token"]),
    }
    late = {"tag"}
    vocabulary, tags = 40000, 9

    def __init__(self, hidden):
        h = hidden
        self.hidden = h
        self.widths = {"Stack": 4 * h, "Score": self.tags}
        self.weights = {
            "E": (self.vocabulary, h), "first": (4 * h,), "P": (2 * h, h),
            "O": (h, self.tags),
        }
        for name in ("f1", "f2", "b1", "b2"):
            self.weights |= lstm_weights(name, h, h)

    def forward_start(self, w, ops, count):
        return ops.repeat(w["first"], count)

    backward_start = forward_start

    def read(self, way, w, ops, h, x, last):
        h1, c1 = lstm_step(w, ops, way + "1", h, x, last[:, :h], last[:, h : 2 * h])
        h2, c2 = lstm_step(w, ops, way + "2", h, h1, last[:, 2 * h : 3 * h],
                           last[:, 3 * h :])
        return ops.join([h1, c1, h2, c2])

    def forward(self, w, ops, word, last):
        return self.read("f", w, ops, self.hidden, ops.take(w["E"], word), last)

    def backward(self, w, ops, word, last):
        return self.read("b", w, ops, self.hidden, ops.take(w["E"], word), last)

    def tag(self, w, ops, fwd, bwd, label):
        h = self.hidden
        both = ops.join([fwd[:, 2 * h : 3 * h], bwd[:, 2 * h : 3 * h]])
        return ops.tanh(both @ w["P"]) @ w["O"]


class BiLstmTaggerChar(BiLstmTagger):
    signature = BiLstmTagger.signature | {
        "char_forward_start": ("CharStack", []),
        "char_backward_start": ("CharStack", []),
        "char_forward": ("CharStack", ["token", "node"]),
        "char_backward": ("CharStack", ["token", "node"]),
        "frequent": ("Word", ["token"]),
        "rare": ("Word", ["node", "node"]),
        "forward": ("Stack", ["node", "node"]),
        "backward": ("Stack", ["node", "node"]),
    }

    def __init__(self, hidden):
        super().__init__(hidden)
        self.half = hidden // 2
        self.widths |= {"CharStack": 4 * self.half, "Word": hidden}
        self.weights |= {"C": (257, self.half), "char_first": (4 * self.half,)}
        for name in ("cf1", "cf2", "cb1", "cb2"):
            self.weights |= lstm_weights(name, self.half, self.half)

    def char_forward_start(self, w, ops, count):
        return ops.repeat(w["char_first"], count)

    char_backward_start = char_forward_start

    def char_forward(self, w, ops, character, last):
        return self.read("cf", w, ops, self.half, ops.take(w["C"], character), last)

    def char_backward(self, w, ops, character, last):
        return self.read("cb", w, ops, self.half, ops.take(w["C"], character), last)

    def frequent(self, w, ops, word):
        return ops.take(w["E"], word)

    def rare(self, w, ops, fwd, bwd):
        h = self.half
        return ops.join([fwd[:, 2 * h : 3 * h], bwd[:, 2 * h : 3 * h]])

    def forward(self, w, ops, word, last):
        return self.read("f", w, ops, self.hidden, word, last)

    def backward(self, w, ops, word, last):
        return self.read("b", w, ops, self.hidden, word, last)


class LstmNmt:
    signature = {
        "start": ("Node", []),
        "encode": ("Node", ["token", "node"]),
        "decode": ("Node", ["token", "node"]),
        "score": ("Score", ["node", "token"]),
    }
    late = {"score"}

    def __init__(self, hidden):
        h = hidden
        self.hidden = h
        self.widths = {"Node": 2 * h, "Score": 256}
        self.weights = {"first": (2 * h,), "W": (h, 256)}
        for name in ("e", "d"):
            self.weights |= lstm_weights(name, h, h)
            self.weights |= {name + "E": (256, h), name + "A": (h, h),
                             name + "a": (h,)}

    def start(self, w, ops, count):
        return ops.repeat(w["first"], count)

    def step(self, way, w, ops, word, last):
        h = self.hidden
        x = ops.tanh(ops.take(w[way + "E"], word) @ w[way + "A"] + w[way + "a"])
        return ops.join(list(lstm_step(w, ops, way, h, x, last[:, :h], last[:, h:])))

    def encode(self, w, ops, word, last):
        return self.step("e", w, ops, word, last)

    def decode(self, w, ops, word, last):
        return self.step("d", w, ops, word, last)

    def score(self, w, ops, node, label):
        return node[:, : self.hidden] @ w["W"]


NETWORKS = {
    "TreeLSTM": TreeLstm,
    "TreeGRU": TreeGru,
    "TreeLSTM-2Type": TreeLstm2Type,
    "MV-RNN": MvRnn,
    "LatticeLSTM": LatticeLstm,
    "LatticeGRU": LatticeGru,
    "BiLSTM-Tagger": BiLstmTagger,
    "BiLSTM-Tagger-char": BiLstmTaggerChar,
    "LSTM-NMT": LstmNmt,
}
