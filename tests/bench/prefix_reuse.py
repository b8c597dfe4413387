#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What prefix reuse saves: TTFT of two requests that share a prefix of about 500 tokens.

    tests/bench/prefix_reuse.py build/bin [--pairs 8]

SmolLM2 on the emulated card. Each pair has a prefix that nobody asked before; the two differ in their last words.
Measured by this client's clock, from the call to the first token.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402

TOPICS = ("rivers", "glass", "bridges", "bread", "clocks", "wool", "maps", "salt", "trains", "paper", "lamps", "ink")


def prefix_of(topic):
    sentence = f"Here is one more thing that people who know a lot about {topic} like to tell about {topic}. "
    return f"An essay about {topic}. " + 23 * sentence


def first_token(daemon, prompt):
    """Seconds to the first token, and the usage."""
    request = daemon.pb.GenerateRequest(model="smollm2", prompt=prompt)
    request.sampling.temperature = 0
    request.stopping.max_tokens = 8
    request.stopping.ignore_eos = True
    begin, first, usage = time.monotonic(), None, None
    for response in daemon.stub.GenerateStream(request):
        if first is None and response.token_ids:
            first = time.monotonic() - begin
        if response.HasField("usage"):
            usage = response.usage
    return first, usage


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=8, choices=range(1, len(TOPICS)))
    arguments = parser.parse_args()
    model = subprocess.check_output([ROOT / "scripts/fetch-model"], text=True).strip()
    pairs, reused = [], []
    with Daemon(arguments.binary_dir, [{"name": "smollm2", "source": model}]) as daemon:
        daemon.wait_ready("smollm2", timeout=600)
        first_token(daemon, prefix_of(TOPICS[0]))  # warms up
        for topic in TOPICS[1 : 1 + arguments.pairs]:
            fresh = first_token(daemon, prefix_of(topic) + "To begin with,")
            again = first_token(daemon, prefix_of(topic) + "In the end,")
            pairs.append((fresh[0], again[0]))
            reused.append((again[1].prompt_tokens, again[1].cached_tokens))
    print(f"prompts of {reused[0][0]} tokens, {reused[0][1]} of them reused by the second (cached_tokens)")
    fresh, again = (statistics.median(times) for times in zip(*pairs))
    print(f"TTFT, median of {len(pairs)}: first {1e3 * fresh:.1f} ms, second {1e3 * again:.1f} ms, "
          f"{fresh / again:.1f} times less (measured)")
    worst = max(again / fresh for fresh, again in pairs)
    print(f"worst pair: the second takes {worst:.2f} of the first (measured)")


if __name__ == "__main__":
    main()
