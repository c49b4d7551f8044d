"""What the scripts share: brings a PyTorch model over to edbc.

A script defines a network as an nn.Module with a method weights(), which
returns its tensors under the names that the model file uses (`edbc weights`
writes a file that has them all, with their shapes), and a function that runs it
on a few instances. export() writes three files from these:

    NETWORK.safetensors     the weights, for `edbc run --weights` and programs
    NETWORK.graphs          the instances, for `edbc run --graphs`
    NETWORK.expected.jsonl  what PyTorch computes for them, as `edbc run` would
                            print it
"""

import argparse
import json
import struct
from pathlib import Path

import torch


def save_safetensors(path, tensors):
    """Writes a dict of tensors, as float32, in the .safetensors format.

    The same as save_file() of the safetensors package, where that is installed.
    """
    header, blocks, offset = {}, [], 0
    for name, tensor in tensors.items():
        block = tensor.detach().cpu().float().numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(block)],
        }
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(blocks)


def lstm_gates(lstm, suffix=""):
    """The weights of an nn.LSTMCell, gate by gate.

    With the suffix "_l0", "_l1" and so on, those of a layer of an nn.LSTM.
    Yields a gate's letter, its weights of the input and of the state, and its
    bias. PyTorch has the gates one below another in the order i, f, g, o, and
    two biases, which it adds.
    """
    weight_ih = getattr(lstm, "weight_ih" + suffix).chunk(4)
    weight_hh = getattr(lstm, "weight_hh" + suffix).chunk(4)
    bias_ih = getattr(lstm, "bias_ih" + suffix)
    bias_hh = getattr(lstm, "bias_hh" + suffix)
    return zip("ifgo", weight_ih, weight_hh, (bias_ih + bias_hh).chunk(4))


class WordIds:
    """Numbers words in the order in which they are first seen."""

    def __init__(self, size):
        self.size = size  # of the embedding table; ids are taken modulo it
        self.ids = {}

    def __getitem__(self, word):
        return self.ids.setdefault(word, len(self.ids)) % self.size


class Graphs:
    """Instances as a graph file has them, and what their nodes should give."""

    def __init__(self, network):
        self.lines = [f"edbc-graphs 1 {network}"]
        self.results = []
        self.instances = 0
        self.nodes = 0  # of the last instance

    def begin_instance(self):
        self.lines += ["", "instance"]
        self.instances += 1
        self.nodes = 0

    def add(self, cell, *operands, **outputs):
        """Adds a node to the last instance, and returns its number.

        An operand is a node's number, a list of such, a token, or a tensor. The
        outputs are tensors too: what the node should give, under the names that
        the model file declares.
        """
        self.lines.append(" ".join([cell, *map(_operand, operands)]))
        if outputs:
            result = {"instance": self.instances - 1, "node": self.nodes}
            result["cell"] = cell
            for name, tensor in outputs.items():
                result[name] = tensor.flatten().tolist()
            self.results.append(result)
        self.nodes += 1
        return self.nodes - 1

    def run(self):
        """Says that what follows depends on values of the nodes so far."""
        self.lines.append("run")

    def save(self, graphs_path, results_path):
        graphs_path.write_text("\n".join(self.lines) + "\n")
        results_path.write_text(
            "".join(json.dumps(result) + "\n" for result in self.results)
        )


def _operand(operand):
    if isinstance(operand, torch.Tensor):
        operand = operand.tolist()
    if isinstance(operand, list):
        return f"[{' '.join(map(str, operand))}]"
    return str(operand)


def export(network, make_model, run, arguments=None):
    """Makes a model and writes its files, as the command line says.

    make_model(hidden) returns the model; run(model, graphs) runs it on a few
    instances and adds them to the Graphs.
    """
    parser = argparse.ArgumentParser(
        description=f"Writes weights, instances and results of {network}."
    )
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True,
                        metavar="DIR")
    options = parser.parse_args(arguments)
    torch.manual_seed(options.seed)
    model = make_model(options.hidden)
    graphs = Graphs(network)
    with torch.no_grad():
        run(model, graphs)
        weights = model.weights()
    options.output.mkdir(parents=True, exist_ok=True)
    save_safetensors(options.output / f"{network}.safetensors", weights)
    graphs.save(options.output / f"{network}.graphs",
                options.output / f"{network}.expected.jsonl")
