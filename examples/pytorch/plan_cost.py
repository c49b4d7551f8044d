"""The units of ../plans/plan_cost.edb, one for each operator of a plan."""

import json
from pathlib import Path

import torch
from torch import nn

from edbc_export import export

FEATURES = 16
OUTPUTS = 16

# How many inputs operators have.
INPUTS = {
    "seq_scan": 0, "index_scan": 0, "index_only_scan": 0,
    "bitmap_index_scan": 0,
    "aggregate": 1, "gather": 1, "gather_merge": 1, "sort": 1, "hash": 1,
    "memoize": 1, "materialize": 1, "bitmap_heap_scan": 1,
    "nested_loop": 2, "hash_join": 2, "merge_join": 2,
}

PLANS = Path(__file__).parents[1] / "plans" / "plans.json"


class PlanCost(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.units = nn.ModuleDict({
            operator: nn.Sequential(
                nn.Linear(FEATURES + inputs * OUTPUTS, hidden), nn.ReLU(),
                nn.Linear(hidden, hidden), nn.ReLU(),
                nn.Linear(hidden, OUTPUTS),
            )
            for operator, inputs in INPUTS.items()
        })

    def forward(self, operator, features, inputs):
        """What an operator's unit says; inputs are what those below it say."""
        return self.units[operator](torch.cat([features, *inputs]))

    def weights(self):
        weights = {}
        for operator, unit in self.units.items():
            for number, layer in enumerate([unit[0], unit[2], unit[4]], 1):
                weights[f"{operator}.unit.W{number}"] = layer.weight
                weights[f"{operator}.unit.b{number}"] = layer.bias
        return weights


def run(model, graphs):
    def add_operator(plan):
        """The number and the output of a plan's root."""
        inputs = [add_operator(below) for below in plan.get("Plans", [])]
        operator = plan["Node Type"].lower().replace(" ", "_")
        # For the real features see ../plans/PlanReader.h.
        features = torch.randn(FEATURES)
        y = model(operator, features, [y for _, y in inputs])
        numbers = [number for number, _ in inputs]
        return graphs.add(operator, features, *numbers, y=y), y

    for query in json.loads(PLANS.read_text(encoding="utf-8")):
        graphs.begin_instance()
        root, y = add_operator(query["Plan"])
        graphs.add("predict", root, log_ms=y[:1])


def main(arguments=None):
    export("plan_cost", PlanCost, run, arguments)


if __name__ == "__main__":
    main()
