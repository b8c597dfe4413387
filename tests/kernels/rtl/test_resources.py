# SPDX-License-Identifier: Apache-2.0
"""What the black boxes say they take, against what yosys makes of them. Neither knows of place and route."""
import evidence
import pytest

TOLERANCE = 0.15


@pytest.mark.parametrize("path", evidence.BOXES, ids=lambda path: path.stem)
def test_yosys_counts_as_much(path):
    said, counted = evidence.resources(path)
    for name, count in said.items():
        assert abs(counted[name] - count) <= TOLERANCE * counted[name], f"{name}: {count}, yosys {counted[name]}"
    # Multipliers and memories are instantiated or chosen: those are exact.
    assert (said["DSP"], said["BRAM"], said["URAM"]) == (counted["DSP"], counted["BRAM"], counted["URAM"])
    row = evidence.resources_row(path, said, counted)
    assert evidence.is_on_the_page(row), f"{row}\nrun scripts/make-evidence resources"
