# SPDX-License-Identifier: Apache-2.0
"""docs/support.md is what scripts/make-support-table writes from today's tests."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_it_is_current(tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts/make-support-table", tmp_path / "support.md"], check=True)
    assert (ROOT / "docs/support.md").read_text() == (tmp_path / "support.md").read_text(), "run scripts/make-support-table"
