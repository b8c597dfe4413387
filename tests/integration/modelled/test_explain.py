# SPDX-License-Identifier: Apache-2.0
"""`streamtensorc explain`: the five things that cost most, as the simulation and the schedule say."""

import re
import subprocess

import pytest

from designs import BIN, call, make_design, simulate


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return make_design(tmp_path_factory.mktemp("explain"), 2, "--weight-channels", 4, "--unroll", 2)


def entries(text, head, end):
    """The numbered lines of a part."""
    part = text[text.index(head):]
    return re.findall(r"^\d\. (.*)$", part[:part.index(end)] if end else part, re.MULTILINE)


def test_tells_cycles_memory_and_area(design):
    text = call("streamtensorc", "explain", design, "--context", 40)
    assert len(text.splitlines()) <= 25, "one screen"
    said = simulate(design, "--context", 40)
    assert f"{said['cycles'] + said['launch_gap_cycles']:.0f} cycles" in text
    costs = [float(line.split()[0]) for line in entries(text, "a step", "Memory:")]
    assert len(costs) == 5 and costs == sorted(costs, reverse=True)
    expected = sorted([cause["cycles"] for cause in said["causes"]] + [said["launch_gap_cycles"]], reverse=True)[:5]
    assert costs == pytest.approx(expected, abs=0.5)
    moved = [(float(line.split()[0]), line) for line in entries(text, "Memory:", "Area:")]
    most = max(said["memories"], key=lambda memory: memory["bytes_read"] + memory["bytes_written"])
    assert f": {most['name']}, bank {most['bank']}" in moved[0][1]
    assert moved[0][0] == pytest.approx((most["bytes_read"] + most["bytes_written"]) / 1e6, abs=0.006)
    area = entries(text, "Area:", "SLR0")
    assert len(area) == 5 and any(line.startswith("engine, DSP ") for line in area)


def test_a_longer_context_shows(design):
    near = call("streamtensorc", "explain", design, "--context", 0)
    far = call("streamtensorc", "explain", design, "--context", 480)
    assert "attention" in far.split("Memory:")[0], far
    assert near.splitlines()[0] != far.splitlines()[0]


@pytest.mark.parametrize("arguments, said", [
    (["no-such-folder"], "no-such-folder does not exist"), (["DESIGN", "--platform", "u999"], "u999"),
    (["DESIGN", "--tokens", "16", "--sequences", "2"], "32 tokens; the design takes 1..16"),
    (["DESIGN", "--context", "512"], "positions")])
def test_wrong_arguments(design, arguments, said):
    words = [str(design) if word == "DESIGN" else word for word in arguments]
    done = subprocess.run([BIN / "streamtensorc", "explain", *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and not done.stdout
    assert said in done.stderr and done.stderr.startswith("streamtensorc explain: ") and done.stderr.count("\n") == 1


def test_an_artifact_without_text(design, tmp_path):
    (tmp_path / "manifest.json").write_bytes((design / "manifest.json").read_bytes())
    done = subprocess.run([BIN / "streamtensorc", "explain", tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "hls/design.cpp" in done.stderr
