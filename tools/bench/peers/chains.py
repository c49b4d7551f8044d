"""Chains by cuDNN's LSTM: the words of a sentence in one call."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence


def cudnn_runner(network, instances, device):
    """A function that computes the mini-batch's chains, or None.

    Weights are those of new layers of the network's sizes; only time matters. The
    decoder of a translation reads the given words, all at once: faster than it
    could be where its words depend on its scores.
    """
    directions = [name for name in ("forward", "backward", "encode", "decode")
                  if name in network.cells]
    if not directions or "Word" in network.widths and "tag" in network.cells:
        return None  # also taggers of characters: words of two kinds
    dtype = next(network.parameters()).dtype
    isTagger = "tag" in network.cells
    hidden = network.hidden
    parts = []
    for name in directions:
        words = [[node.operands[0] for node in instance if node.cell == name]
                 for instance in instances]
        packed = pack_sequence(
            [torch.tensor(word, device=device) for word in words if word],
            enforce_sorted=False)
        lstm = nn.LSTM(hidden, hidden, num_layers=2 if isTagger else 1)
        lstm = lstm.to(device, dtype).eval()
        lstm.flatten_parameters()
        parts.append((packed, lstm))

    def read(index, table, layer=None):
        packed, lstm = parts[index]
        x = table(packed.data)
        if layer is not None:
            x = torch.tanh(layer(x))
        return lstm(packed._replace(data=x))[0].data

    def run_tagger():
        both = [read(index, network.embedding) for index in range(2)]
        return network.of_scores(torch.tanh(network.of_both(
            torch.cat(both, 1))))

    def run_translation():
        read(0, network.embeddings[0], network.inputs[0])
        return network.of_scores(
            read(1, network.embeddings[1], network.inputs[1]))

    return run_tagger if isTagger else run_translation
