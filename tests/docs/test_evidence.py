# SPDX-License-Identifier: Apache-2.0
"""docs/evidence.md's calibration is what published_loops_test prints today. Its other tables are held by tests/kernels/rtl."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/kernels/rtl"))

import evidence


def test_the_calibration_is_current():
    program = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"]) / "published_loops_test"
    printed = subprocess.run([program], capture_output=True, text=True, timeout=600).stdout
    missing = [row for row in evidence.calibration_rows(printed) if not evidence.is_on_the_page(row)]
    assert not missing, f"{missing}: run scripts/make-evidence calibration"
