#!/usr/bin/env python3
"""Compares edbc's times on a device with those of its peers, and with the limits.

    compare.py EDBC.jsonl [PEERS.jsonl]

The files are those that `edbc-bench --gpu --json` and pytorch_gpu.py wrote. A row
for each configuration: edbc's milliseconds, how much longer the fastest peer takes,
and the time over the least that the device allows. Then the geometric means.
"""

import json
import math
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def key(result):
    return (result["workload"], result["hidden"], result["batch"],
            result["precision"])


def geometric_mean(factors):
    return math.exp(sum(map(math.log, factors)) / len(factors))


def main(paths):
    if not 1 <= len(paths) <= 2:
        sys.exit(__doc__)
    best = {}
    for result in read(paths[1]) if len(paths) == 2 else []:
        before = best.get(key(result))
        if before is None or result["ms"] < before["ms"]:
            best[key(result)] = result
    print(f"{'network':18} hidden batch precision launch       ms  peer/edbc "
          "ms/limit")
    ratios, overheads = [], []
    for result in read(paths[0]):
        peer = best.get(key(result))
        overhead = result["ms"] / result["limit_ms"]
        row = (f"{result['workload']:18} {result['hidden']:6} "
               f"{result['batch']:5} {result['precision']:9} "
               f"{result['launch']:6} {result['ms']:8.3f} ")
        row += f"{peer['ms'] / result['ms']:10.2f} " if peer else f"{'-':>10} "
        row += f"{overhead:8.2f}"
        if peer:
            row += f"  {peer['system']}"
        print(row)
        if result["launch"] == "once":
            overheads.append(overhead)
            if peer:
                ratios.append(peer["ms"] / result["ms"])
    if overheads:
        print("\nGeometric means of one launch a mini-batch:")
        print(f"  time over the limit  {geometric_mean(overheads):.2f}")
    if ratios:
        print(f"  fastest peer's time  {geometric_mean(ratios):.2f} of edbc's")
    else:
        print("There are no peers' times.")


if __name__ == "__main__":
    main(sys.argv[1:])
