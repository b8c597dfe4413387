# SPDX-License-Identifier: Apache-2.0
"""The version has one home, project() of CMakeLists.txt; what can't read it there agrees with it."""

import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def version():
    """Of the release that comes next; until then programs add -dev, the Python package .dev0."""
    return re.search(r"^project\(streamtensor VERSION (\d+\.\d+\.\d+) ", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]


def test_the_python_package_has_the_version_of_the_programs():
    assert tomllib.loads((ROOT / "python/pyproject.toml").read_text())["project"]["version"] == version() + ".dev0"
    text = (ROOT / "python/src/streamtensor/__init__.py").read_text()
    assert re.search(r'^__version__ = "(.*)"$', text, re.MULTILINE)[1] == version() + ".dev0"


def test_the_changelog_describes_the_version():
    titles = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert titles[0] == f"Unreleased ({version()}-dev)" and re.fullmatch(r"\d+\.\d+\.\d+.*", titles[1])
