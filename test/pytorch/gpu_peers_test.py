"""Tests tools/bench/peers/pytorch_gpu.py, as far as the CPU allows.

    gpu_peers_test.py PROJECT FOLDER

The instances of the examples' scripts are recorded in FOLDER. What is computed of
them is that of pytorch.py, to rounding; times are JSON lines; what needs a GPU is
skipped with a reason.
"""

import contextlib
import importlib
import io
import json
import sys
from pathlib import Path

PROJECT, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
sys.path += [str(PROJECT / "tools/bench/peers"),
             str(PROJECT / "examples/pytorch")]

import torch  # noqa: E402

import pytorch  # noqa: E402
import pytorch_gpu  # noqa: E402
from batches import batch_by_level, shape, sources  # noqa: E402
from chains import cudnn_chain  # noqa: E402
from networks import NETWORKS  # noqa: E402

SCRIPTS = {
    "TreeLSTM": "tree_lstm",
    "TreeGRU": "tree_gru",
    "TreeLSTM-2Type": "tree_lstm_2type",
    "MV-RNN": "mv_rnn",
    "LatticeLSTM": "lattice_lstm",
    "LatticeGRU": "lattice_gru",
    "BiLSTM-Tagger": "bilstm_tagger",
    "BiLSTM-Tagger-char": "bilstm_tagger_char",
}
HIDDEN = 8
CPU = torch.device("cpu")


def check_states(name, path):
    network = NETWORKS[name](HIDDEN)
    weights = {key: torch.rand(*of) * 0.2 - 0.1
               for key, of in network.weights.items()}
    mini_batch = batch_by_level(path, network.signature, network.late)
    expected = {state: torch.zeros(shape(rows, network.widths[state]))
                for state, rows in mini_batch.rows.items()}
    pytorch.execute(pytorch.prepare(mini_batch, network), expected,
                    sources(network), weights)
    found = pytorch_gpu.MiniBatch(network, path, CPU, torch.float32)
    pytorch_gpu.runner_of("pytorch-levels", network, weights, found, CPU)()
    assert expected.keys() == found.states.keys()
    for state, values in expected.items():
        assert values.abs().sum() > 0, (name, state)
        assert torch.allclose(values, found.states[state], atol=1e-6), (
            name, state)
    # cuDNN's layers are PyTorch's own where there is no GPU.
    chain = cudnn_chain(network, weights, path, CPU)
    assert (chain is not None) == (name == "BiLSTM-Tagger"), name
    if chain:
        assert chain().shape[1] == network.tags


def main():
    torch.set_grad_enabled(False)
    for name, script in SCRIPTS.items():
        importlib.import_module(script).main(
            ["--hidden", str(HIDDEN), "-o", str(FOLDER / "exported")])
        path = FOLDER / f"{name}-b12" / "0.graphs"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            (FOLDER / "exported" / f"{script}.graphs").read_bytes())
        check_states(name, path)

    output, messages = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(
            messages):
        status = pytorch_gpu.main(
            [str(FOLDER), "--device", "cpu", "--hidden", "4,8",
             "--precision", "f32,bf16", "--repeat", "1", "--system",
             "pytorch-levels,pytorch-graph,pytorch-cudnn"])
    assert status == 0
    results = [json.loads(line) for line in output.getvalue().splitlines()]
    assert len(results) == len(SCRIPTS) * 4, messages.getvalue()
    for result in results:
        assert result["system"] == "pytorch-levels"
        assert result["batch"] == 12 and result["ms"] > 0
    assert ("pytorch-graph is skipped for TreeLSTM: there is no CUDA device"
            in messages.getvalue()), messages.getvalue()


if __name__ == "__main__":
    main()
