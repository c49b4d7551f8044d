"""Chains by cuDNN's LSTM: the words of a sentence in one call."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from batches import read_nodes


def words_of(path, cell):
    """The tokens that a cell reads, by instance."""
    words = {}
    for name, operands, first, _ in read_nodes(path):
        if name == cell:
            words.setdefault(first, []).append(operands[0])
    return list(words.values())


def cudnn_chain(network, weights, path, device):
    """A function that computes a mini-batch's chains, or None.

    The LSTMs have the network's sizes, and weights of their own: only time matters.
    The decoder of a translation reads the given words at one go, which is faster
    than it could be where its words depend on its scores.
    """
    h, dtype = network.hidden, next(iter(weights.values())).dtype
    cells = [cell for cell in ("forward", "backward", "encode", "decode")
             if network.signature.get(cell, ("", [""]))[1][0] == "token"]
    if not cells:
        return None
    is_tagger = cells[0] == "forward"
    parts = []
    for cell in cells:
        packed = pack_sequence(
            [torch.tensor(words, device=device)
             for words in words_of(path, cell)], enforce_sorted=False)
        lstm = nn.LSTM(h, h, num_layers=2 if is_tagger else 1)
        parts.append((packed, lstm.to(device, dtype).eval()))

    def read(part, table, layer=None):
        packed, lstm = part
        x = weights[table].index_select(0, packed.data)
        if layer:
            x = torch.tanh(x @ weights[layer + "A"] + weights[layer + "a"])
        return lstm(packed._replace(data=x))[0].data

    def tag():
        both = torch.cat([read(part, "E") for part in parts], 1)
        return torch.tanh(both @ weights["P"]) @ weights["O"]

    def translate():
        read(parts[0], "eE", "e")
        return read(parts[1], "dE", "d") @ weights["W"]

    return tag if is_tagger else translate
