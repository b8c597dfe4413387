# SPDX-License-Identifier: Apache-2.0
"""streamtensor-fifos: its table, its JSON and its errors."""
import json
import os
import pathlib
import subprocess

import pytest

TOOL = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"]) / "streamtensor-fifos"
GRAPHS = pathlib.Path(__file__).parent / "graphs"
FAST = ("--annealing-replays", "20", "--least-cost-moves", "100000")


def run(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def compared():
    result = run(GRAPHS / "atax.yaml", GRAPHS / "gesummv.yaml", "--json", *FAST)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_every_method_is_compared(compared):
    assert [graph["name"] for graph in compared] == ["atax", "gesummv"]
    for graph in compared:
        assert [row["method"] for row in graph["methods"]][0] == "depth-2"
        assert len({row["method"] for row in graph["methods"]}) == 10
        assert all(len(row["depths"]) == graph["fifos"] for row in graph["methods"])


def test_two_slots_deadlock_where_a_row_is_needed_again(compared):
    rows = {row["method"]: row for row in compared[0]["methods"]}
    assert not rows["depth-2"]["completes"]
    assert "cycles" not in rows["depth-2"]
    # columns begins a row when rows has read all of it.
    assert rows["least-to-complete"]["depths"]["a_columns"] >= 123


def test_least_cost_keeps_pace_and_costs_least(compared):
    for graph in compared:
        rows = {row["method"]: row for row in graph["methods"]}
        least = rows["least-cost"]
        assert least["completes"] and least["stall_cycles"] < 1e-3
        for method in ("unbounded-peak", "greedy", "annealing", "paper-normal", "paper-conservative"):
            other = rows[method]
            if other["completes"] and other["stall_cycles"] < 1e-3:
                assert least["card_share"] <= other["card_share"] * (1 + 1e-9), method


def test_the_table_is_the_same_each_time():
    first, second = (run(GRAPHS / "gesummv.yaml", *FAST, "--seed", "5") for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert "gesummv: 8 processes, 8 FIFOs" in first.stdout
    assert "seed 5" in first.stdout


def test_errors_name_their_cause(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: broken\n")
    result = run(broken)
    assert result.returncode == 1
    assert "fifos" in result.stderr
    assert run(GRAPHS / "atax.yaml", "--objective", "area").returncode == 2
    assert run(GRAPHS / "atax.yaml", "--platform", "u999").returncode == 1
