# SPDX-License-Identifier: Apache-2.0
"""The emitted text by streamtensor-schedule: outside the engine every loop starts an iteration a cycle, but for those
listed here with their cause. Estimated: none of AMD's tools has confirmed it."""
import json

import pytest

from programs import ROOT, call, make_llama

# Process kinds that the engine's own tests cover.
ENGINE = ("engine", "load_weights")
# By what limits the loop: what a cause begins with, and the greatest II that it may bring.
ALLOWED = {
    "memory ports": 4,  # the header, read once a launch by those that need its tokens
    "carried value": 3,  # the 16 partial sums of a norm: an addition each
    "target": 8,  # attention's last sums, once a layer; SiLU on 16 lanes, which gets its words from the engine no faster
}


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("initiation_intervals")
    model = make_llama(folder / "tiny.gguf", "--seed", 3, "--hidden", 256, "--heads", 4, "--kv-heads", 2,
                       "--head-dim", 64)
    call("streamtensorc", "compile", model, "-o", folder / "artifact", "--target", "hw")
    hls = folder / "artifact/hls"
    text = call("streamtensor-schedule", hls / "design.cpp", "-I", ROOT / "kernels", "-I", hls, "--json")
    return json.loads(text)["processes"]


def allowed(loop):
    limit = loop.get("limit", "")
    return next((most for cause, most in ALLOWED.items() if limit.startswith(cause)), 1)


def test_every_loop_starts_an_iteration_a_cycle(processes):
    assert len(processes) > 20
    slow = [f"{process['name']}, line {loop['line']}: {loop}"
            for process in processes if not process["name"].startswith(ENGINE)
            for loop in process["loops"]
            if not loop["pipelined"] or loop.get("ii", 1) > allowed(loop)]
    assert not slow, "\n".join(slow)
