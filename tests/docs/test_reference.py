# SPDX-License-Identifier: Apache-2.0
"""docs/reference/ is what scripts/make-dialect-reference writes from today's TableGen files, and every operation in it has
a summary and an example."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs/reference"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([ROOT / "scripts/make-dialect-reference", folder], check=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_it_is_current(written):
    committed = {path.name: path.read_text() for path in REFERENCE.iterdir()}
    assert committed.keys() == written.keys()
    stale = [name for name in written if committed[name] != written[name]]
    assert not stale, f"run scripts/make-dialect-reference and commit {', '.join(stale)}"


@pytest.mark.parametrize("dialect", ["itensor", "dataflow", "process"])
def test_every_operation_is_described(written, dialect):
    sections = re.split(rf"^### `{dialect}\.", written[f"{dialect}.md"], flags=re.MULTILINE)[1:]
    assert sections
    for section in sections:
        name = section.split("`")[0]
        assert re.search(r"^_\S.*_$", section, re.MULTILINE), f"{dialect}.{name} has no summary"
        assert "```mlir\n" in section, f"{dialect}.{name} has no example"


def test_every_pass_is_described(written):
    sections = re.split(r"^### ", written["passes.md"], flags=re.MULTILINE)[1:]
    assert sections
    for section in sections:
        name, *text = [line for line in section.splitlines() if line]
        assert text and re.fullmatch(r"_\S.*_", text[0]), f"{name} has no summary"
        assert len(text) > 1 and not text[1].startswith("#"), f"{name} has no description"
