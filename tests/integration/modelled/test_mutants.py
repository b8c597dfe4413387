# SPDX-License-Identifier: Apache-2.0
"""Text of ours that was made worse is scheduled worse: partitions removed, a sum carried, a FIFO read twice."""

import json
import re
import shutil

import pytest

from designs import ROOT, call, make_design


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return make_design(tmp_path_factory.mktemp("mutants"), 2, "--weight-channels", 4, "--unroll", 2)


def intervals(text, process, kernels=ROOT / "kernels"):
    """The II of each loop of a process."""
    report = json.loads(call("streamtensor-schedule", text, "-I", kernels, "--top", process, "--json"))
    (only,) = report["processes"]
    return [loop["ii"] for loop in only["loops"]]


def process_text(text, process):
    start = text.index(f"static void {process}(")
    return text[start:text.index("\n}\n", start)]


def mutate(design, tmp_path, process, pattern, replacement, count=1):
    """The design with an edit of one process' text."""
    whole = (design / "hls/design.cpp").read_text()
    before = process_text(whole, process)
    after, edits = re.subn(pattern, replacement, before, count=count)
    assert edits == count, f"{process} has no {pattern}"
    shutil.copy(design / "hls/design.h", tmp_path)
    (tmp_path / "design.cpp").write_text(whole.replace(before, after))
    return tmp_path / "design.cpp"


def test_every_partition_of_a_norm_is_needed(design, tmp_path):
    text = design / "hls/design.cpp"
    arrays = re.findall(r"ARRAY_PARTITION variable=(\w+) type=cyclic", process_text(text.read_text(), "attn_norm"))
    assert len(arrays) >= 3
    sound = intervals(text, "attn_norm")
    for array in arrays:
        worse = intervals(mutate(design, tmp_path, "attn_norm", rf"#pragma HLS ARRAY_PARTITION variable={array} .*\n", ""),
                          "attn_norm")
        assert len(worse) == len(sound) and sum(worse) > sum(sound) and max(worse) >= 8, array


def test_a_carried_sum(design, tmp_path):
    sound = intervals(design / "hls/design.cpp", "add")
    # What the loop adds is now added to all before it.
    text = mutate(design, tmp_path, "add", r"const float (\w+) = (\w+) \+ (\w+);", r"static float sum = 0; sum += \2 + \3; const float \1 = sum;")
    worse = intervals(text, "add")
    assert max(sound) == 1 and max(worse) > 1


def test_a_second_read_of_a_fifo(design, tmp_path):
    sound = intervals(design / "hls/design.cpp", "add")
    worse = intervals(mutate(design, tmp_path, "add", r"( *st::read_row\(.*\);\n)", r"\1\1"), "add")
    assert max(sound) == 1 and max(worse) == 2


def test_a_second_read_of_the_frames(tmp_path):
    """In the engine's loop. (Its banks tell nothing: where the text numbers a dimension's elements itself, the estimator takes
    it that Vitis partitions without being asked.)"""
    design = make_design(tmp_path, 2, "--weight-channels", 4, "--unroll", 6)
    kernels = tmp_path / "kernels"
    shutil.copytree(ROOT / "kernels", kernels)
    header = kernels / "st/engine.h"
    text, edits = re.subn(r"( *if \(coming > 0\) quantised = frames\.read\(\);\n)", r"\1\1", header.read_text())
    assert edits == 1, "the engine reads no frame in its loop"
    header.write_text(text)
    sound = intervals(design / "hls/design.cpp", "engine")
    worse = intervals(design / "hls/design.cpp", "engine", kernels)
    assert len(worse) == len(sound) and sum(worse) > sum(sound) and worse[-1] > sound[-1]
