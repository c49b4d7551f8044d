#!/usr/bin/env python3
"""Prints tables from the JSON lines of edbc-bench that figures.sh collects.

    figures.py LINES

First each case of the published comparison: the fraction of the machine's FMA peak
that edbc reaches, counting the arithmetic of the cells as written, and the fraction
that the fastest of the published systems and their repaired forms reached on a
machine whose peak was measured as well. Their ratio is how many times as fast edbc
is at the same peak.
"""

import json
import math
import sys

# GFLOP/s of fused multiply-adds of the machine that these were measured on: one
# core with AVX-512.
THEIR_PEAK = 117

# By network: batch, hidden size, GFLOP/s. Of ED-Batch's published code, on the same
# data: as it is, or with the defects mended that kept it from batching as the paper
# says, whichever was faster.
TO_BEAT = {
    "TreeLSTM": [
        (1, 128, 29.4), (8, 128, 33.3), (32, 64, 16.4), (32, 128, 34.5),
        (32, 256, 55.6), (32, 512, 55.8), (256, 128, 36.4),
    ],
    "TreeGRU": [
        (1, 128, 29.5), (8, 128, 36.6), (32, 64, 17.4), (32, 128, 33.2),
        (32, 256, 55.1), (32, 512, 47.9), (256, 128, 34.7),
    ],
    "TreeLSTM-2Type": [
        (1, 128, 25.1), (8, 128, 32.4), (32, 64, 17.1), (32, 128, 32.9),
        (32, 256, 49.2), (32, 512, 48.0), (256, 128, 32.2),
    ],
    "MV-RNN": [
        (1, 128, 74.2), (8, 128, 65.0), (32, 64, 42.7), (32, 128, 56.7),
        (32, 256, 73.2), (32, 512, 72.9), (256, 128, 51.3),
    ],
    "LatticeLSTM": [
        (1, 128, 26.2), (8, 128, 37.0), (32, 64, 18.5), (32, 128, 38.9),
        (32, 256, 56.6), (32, 512, 56.7), (256, 128, 42.4),
    ],
    "LatticeGRU": [
        (1, 128, 23.3), (8, 128, 31.4), (32, 64, 16.7), (32, 128, 31.2),
        (32, 256, 52.9), (32, 512, 28.9), (256, 128, 40.9),
    ],
    "BiLSTM-Tagger": [
        (1, 128, 24.8), (8, 128, 32.3), (32, 64, 19.4), (32, 128, 38.3),
        (32, 256, 49.6), (32, 512, 41.0), (256, 128, 42.7),
    ],
    "BiLSTM-Tagger-char": [
        (1, 128, 19.6), (8, 128, 23.2), (32, 64, 15.3), (32, 128, 31.9),
        (32, 256, 47.2), (32, 512, 43.9), (256, 128, 35.4),
    ],
    "LSTM-NMT": [
        (1, 128, 23.1), (8, 128, 35.3), (32, 64, 23.3), (32, 128, 38.4),
        (32, 256, 54.2), (32, 512, 21.8), (256, 128, 43.6),
    ],
}

HEAD = """# Figures

By `tools/bench/figures.sh`.

## The published comparison

One thread. *Of peak*: arithmetic of the cells as written over time, as a fraction
of the FMA peak that was measured with it. *To beat*: the same of the fastest
published or repaired system (see `figures.py`). *Ratio*: of the two. *Limit*: of the
whole time, what batches take at least, each by the arithmetic that is left after
folding or by its traffic at the speed of the cache that the weights fit, whichever
takes longer, and which of them takes more of it; more than all where caches keep
weights from one batch to the next. The rest is building, scheduling and elementwise
arithmetic. A case is met if its ratio is 2 or more, or if it takes 85 % of peak or
of its limit.

| network | batch | hidden | ms | GFLOP/s | of peak | to beat | ratio | limit | bound by | met |
|---|---|---|---|---|---|---|---|---|---|---|"""


def percent(fraction):
    return f"{fraction * 100:.0f} %"


def print_published(results):
    measured = {}
    for result in results:
        if (result["threads"], result["policy"]) == (1, "fsm"):
            key = result["workload"], result["batch"], result["hidden"]
            measured.setdefault(key, result)
    print(HEAD)
    ratios, at_limit, missed = [], [], 0
    for network, cases in TO_BEAT.items():
        for batch, hidden, theirs in cases:
            result = measured.get((network, batch, hidden))
            if not result:
                continue
            ours = result["gflops"] / result["peak_gflops"]
            ratio = ours / (theirs / THEIR_PEAK)
            limit = result["roofline_ms"] / result["ms"]
            is_met = ratio >= 2 or max(ours, limit) >= 0.85
            ratios.append(ratio)
            at_limit.append(ratio / min(limit, 1))
            missed += not is_met
            print(f"| {network} | {batch} | {hidden} | {result['ms']:.3f} "
                  f"| {result['gflops']:.1f} | {percent(ours)} "
                  f"| {percent(theirs / THEIR_PEAK)} | {ratio:.2f} "
                  f"| {percent(limit)} | {result['bound']} "
                  f"| {'yes' if is_met else 'no'} |")
    if not ratios:
        sys.exit("figures.py: the lines have none of the cases")
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    most = math.exp(sum(map(math.log, at_limit)) / len(ratios))
    print(f"\nGeometric mean of the ratios, of {len(ratios)} cases: {mean:.2f}; "
          f"{most:.2f} if each were at its limit. "
          f"Met: {len(ratios) - missed} of {len(ratios)}.")


def print_large(results):
    print("\n## Large matrices in large batches\n\nOne thread.\n\n"
          "| network | batch | hidden | ms | of peak | limit |\n"
          "|---|---|---|---|---|---|")
    for result in results:
        if (result["batch"] == 256 and result["hidden"] > 128
                and result["threads"] == 1):
            print(f"| {result['workload']} | 256 | {result['hidden']} "
                  f"| {result['ms']:.1f} "
                  f"| {percent(result['gflops'] / result['peak_gflops'])} "
                  f"| {percent(result['roofline_ms'] / result['ms'])} |")


def print_plan(results):
    for result in results:
        if (result["workload"], result["batch"]) == ("Plan-Cost", 1):
            print("\n## One query plan\n\nA plan of "
                  f"{result['nodes']:.0f} nodes at hidden {result['hidden']}, "
                  "from the first node to the\nresult: "
                  f"{result['ms'] * 1e3:.1f} us.")


def print_threads(results):
    print("\n## Two threads\n\n*Peaks*: of the FMA peaks of two threads and of "
          "one, measured with each case; two\nthreads of one core, as virtual "
          "machines have them at times, have the peak of one.\n\n"
          "| network | batch | hidden | one, ms | two, ms | times as fast "
          "| peaks |\n"
          "|---|---|---|---|---|---|---|")
    one = {}
    for result in results:
        key = result["workload"], result["batch"], result["hidden"]
        # The last one before, of the same run.
        if result["threads"] == 1 and result["policy"] == "fsm":
            one[key] = result
        elif result["threads"] == 2:
            ms, peak = (one[key][name] / result[name]
                        for name in ("ms", "peak_gflops"))
            print(f"| {key[0]} | {key[1]} | {key[2]} | {one[key]['ms']:.3f} "
                  f"| {result['ms']:.3f} | {ms:.2f} | {1 / peak:.2f} |")


def print_peers(results):
    print("\n## Batched by hand\n\nThe same mini-batches, level by level, in "
          "PyTorch and by OpenBLAS, one thread,\nwithout building and indices: "
          "milliseconds, and how many times as fast edbc is as\nthe faster one."
          "\n\n| network | batch | hidden | edbc | PyTorch | OpenBLAS | times |\n"
          "|---|---|---|---|---|---|---|")
    ours, peers = {}, {}
    for result in results:
        key = result["workload"], result["batch"], result["hidden"]
        if result["policy"] in ("pytorch", "blas"):
            peers.setdefault(key, {})[result["policy"]] = result["ms"]
        elif (result["threads"], result["policy"]) == (1, "fsm"):
            ours[key] = result["ms"]
    for key, times in peers.items():
        cells = [f"{times[name]:.2f}" if name in times else "–"
                 for name in ("pytorch", "blas")]
        print(f"| {key[0]} | {key[1]} | {key[2]} | {ours[key]:.2f} "
              f"| {' | '.join(cells)} | {min(times.values()) / ours[key]:.1f} |")


def main(path):
    with open(path, encoding="utf-8") as lines:
        results = list(map(json.loads, lines))
    print_published(results)
    print_large(results)
    print_plan(results)
    print_threads(results)
    print_peers(results)


if __name__ == "__main__":
    main(*sys.argv[1:])
