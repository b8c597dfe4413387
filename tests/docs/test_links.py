# SPDX-License-Identifier: Apache-2.0
"""Every link between our pages leads to a file that is there, and to a heading of it."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def pages():
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout.split()
        return [name for name in listed if (ROOT / name).exists()]
    found = [*ROOT.glob("*.md"), *(page for folder in ("artifact", "base", "compiler", "docs", "kernels", "runtime",
                                                       "server", "tests") for page in (ROOT / folder).rglob("*.md"))]
    return [str(page.relative_to(ROOT)) for page in found]


def prose(page):
    """The page without its code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """The headings of a page, as GitHub spells them in a link."""
    found = set()
    for title in re.findall(r"^#+ +(.*)$", prose(page), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        number = 0
        while name + (f"-{number}" if number else "") in found:
            number += 1
        found.add(name + (f"-{number}" if number else ""))
    return found


@pytest.mark.parametrize("name", pages())
def test_links(name):
    page = ROOT / name
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken
