#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The name of a model stands in no other folder of the product than compiler/frontend/architectures, and an architecture
is a folder there and its lines in architectures.def. So adding one touches nothing else."""
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
ARCHITECTURES = ROOT / "compiler/frontend/architectures"
PRODUCT = ["artifact", "base", "compiler", "kernels", "proto", "runtime", "server"]
# Families beside those that are compiled: a rule for one of them would be a special case too.
FAMILIES = ["bloom", "falcon", "gemma", "gpt", "llama", "mistral", "mixtral", "opt-", "phi-", "qwen", "smollm"]
LINE = re.compile(r'^ST_ARCHITECTURE\("(\w+)", (\w+)\)$', re.MULTILINE)


def listed():
    return LINE.findall((ARCHITECTURES / "architectures.def").read_text())


class Names(unittest.TestCase):

    def test_no_model_is_named_elsewhere(self):
        # Names of three letters are parts of words; FAMILIES has them with a hyphen.
        names = sorted({name for name, _ in listed() if len(name) > 3} | set(FAMILIES))
        pattern = re.compile(r"(?<![a-z])(" + "|".join(map(re.escape, names)) + ")(?!>)", re.IGNORECASE)  # not phi->x
        found = []
        for folder in PRODUCT:
            for path in sorted((ROOT / folder).rglob("*")):
                if not path.is_file() or ARCHITECTURES in path.parents:
                    continue
                for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                    if pattern.search(line):
                        found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
        self.assertEqual(found, [])

    def test_every_line_has_its_folder(self):
        reads = {read for _, read in listed()}
        self.assertTrue(reads)
        for folder in (path for path in ARCHITECTURES.iterdir() if path.is_dir()):
            text = "".join(path.read_text() for path in folder.glob("*.cpp"))
            here = {read for read in reads if re.search(rf"\b{read}\(const Checkpoint& checkpoint\)", text)}
            self.assertTrue(here, f"{folder.name} reads no architecture of architectures.def")
            reads -= here
        self.assertEqual(reads, set(), "in architectures.def, but in no folder")


if __name__ == "__main__":
    unittest.main(verbosity=2)
