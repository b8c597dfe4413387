# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/README.md says how many files an addition takes. The table is compared with the tree: the files that an example
owns, and the other files of the product that name it. The commits that it cites are compared with it too."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/how-to/README.md"
PRODUCT = ("artifact", "base", "compiler", "configs", "kernels", "proto", "runtime", "server")

# By addition: the files that are its own (a pattern of paths), and how other files name it.
EXAMPLES = {
    "architecture `gpt2`": (r"compiler/frontend/architectures/gpt2/.*", r"(?i)gpt-?2"),
    "checkpoint format `huggingface`": (r"compiler/frontend/huggingface/.*", r"frontend/huggingface/|huggingface/\w+\.cpp"),
    "platform `u200`": (r"configs/platforms/u200\.yaml", r"\bu200\b"),
    "pass `order-processes`": (r"compiler/passes/order_processes\.\w+", r"(?i)order[_-]?processes"),
    "driver `paced`": (r"runtime/drivers/paced/.*", r"drivers/paced|drivers::paced|ST_DRIVER\(paced\)"),
    "API face `openai`": (r"server/api/openai/.*",
                          r"api/openai|openai::|add_subdirectory\(openai\)|st_server_openai|http_listen"),
    **{f"process kind `{kind}`": (rf"compiler/processes/{kind}\.\w+",
                                  rf"processes/{kind}\.|process\.{kind}\b|process::{kind.title()}Op")
       for kind in ("chunk", "concat", "join")},
}
# What shows how a thing is used or what it is called, and no part of adding it.
EXAMPLES_OF_USE = {
    "API face `openai`": {"configs/streamtensord.yaml"},
    # The weights of a .mlir module are in a safetensors file too, and GGUF has SentencePiece's tables and BERT's steps.
    "checkpoint format `huggingface`": {"compiler/frontend/external_weights.cpp", "compiler/frontend/gguf/gguf_tokenizer.cpp"},
}


def product():
    return [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*"))
            if path.is_file() and path.suffix not in (".md", ".png") and "__pycache__" not in path.parts]


@pytest.fixture(scope="module")
def texts():
    return {str(path.relative_to(ROOT)): path.read_text(errors="replace") for path in product()}


def table():
    rows = {}
    text = PAGE.read_text().split("## What each takes")[1].split("\n## ")[0]
    for name, own, edited, commit in re.findall(r"^\| (.+?) \| (.+?) \|\s?(.*?) \| (.+?) \|$", text, re.MULTILINE):
        if name != "addition":
            rows[name] = (own, re.findall(r"`([^`]+)`", edited), commit)
    return rows


def test_every_addition_is_counted():
    assert set(table()) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_count(name, texts):
    own, edited, _ = table()[name]
    number, folder = re.fullmatch(r"(\d+) in `([^`]+)`", own).groups()
    owned = {path for path in texts if re.fullmatch(EXAMPLES[name][0], path)}
    assert len(owned) == int(number)
    assert all(path.startswith(folder) for path in owned)
    naming = {path for path, text in texts.items() if path not in owned and re.search(EXAMPLES[name][1], text)}
    assert naming - EXAMPLES_OF_USE.get(name, set()) == set(edited)


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def further_files(subject):
    """What the page says that a commit also changed; a folder ends with a slash."""
    rows = re.findall(r'^\| "(.+?)" \| (.+?) \| .+ \|$', PAGE.read_text(), re.MULTILINE)
    return [path for name, files in rows if name == subject for path in re.findall(r"`([^`]+)`", files)]


@pytest.mark.skipif(not (ROOT / ".git").exists() or git("rev-parse", "--is-shallow-repository") != "false\n",
                    reason="needs the whole history")
@pytest.mark.parametrize("name", [name for name, row in table().items() if row[2].startswith('"')])
def test_commit(name):
    """The commit adds the example's files, and changes no file of the product that the page does not tell."""
    _, edited, cited = table()[name]
    subject = cited.strip('"')
    commits = [line.split(" ", 1)[0] for line in git("log", "--format=%H %s").splitlines() if line[41:] == subject]
    assert len(commits) == 1
    changes = [line.split("\t") for line in git("show", "--no-renames", "--name-status", "--format=",
                                                commits[0]).splitlines()]
    own = {path for state, path in changes if state == "A" and re.fullmatch(EXAMPLES[name][0], path)}
    assert own
    further = further_files(subject)
    assert all(any(path.startswith(file) for _, path in changes) for file in further)
    told = {path for _, path in changes if path in edited or any(
        path == file or (file.endswith("/") and path.startswith(file)) for file in further)}
    product_changes = {path for _, path in changes if path.startswith(tuple(f"{folder}/" for folder in PRODUCT))}
    assert product_changes - own == told & product_changes


@pytest.mark.parametrize("row", re.findall(r"\]\(([\w-]+\.md)\)", PAGE.read_text()))
def test_pages(row):
    assert (PAGE.parent / row).exists()


def test_every_page_is_listed():
    assert {path.name for path in PAGE.parent.glob("*.md")} - {PAGE.name} == set(
        re.findall(r"\]\(([\w-]+\.md)\)", PAGE.read_text()))
