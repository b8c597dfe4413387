# SPDX-License-Identifier: Apache-2.0
"""Token ids under tokenizer.json: ours, from a folder, and the Hugging Face library's.

Each vocabulary is trained here by the library on the test's own material; its tokenizer.json is what the library saves.
The rules are those of models that people serve, and such as no model has, to hold what they share apart.
"""
import json
import os
import pathlib
import random
import sys

import numpy as np
import pytest
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

TESTS = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TESTS / "models"))
sys.path.insert(0, str(TESTS / "server" / "tokenizer"))

from huggingface_folder import LINE_WORDS, write_folder  # noqa: E402
from test_peers import EMOJI, Probe, make_lines  # noqa: E402

SEED = int(os.environ.get("STREAMTENSOR_SEED", "20261128"))
LINES = 1000
VOCABULARY = 1200
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# Not special: with and without normalisation, one within another, one that a composed character makes.
USER = [("<tool>", False), ("<tool", True), ("word", True), ("rd!", False), ("\u00e9t\u00e9", True)]

O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|"
          r"\s*[\r\n]|\s+(?!\S)|\s")
DEEPSEEK = [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
            r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
            r"|\s*[\r\n]+|\s+(?!\S)|\s+"]


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(use_regex=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def sequence(*steps):
    return pre_tokenizers.Sequence(list(steps))


KINDS = {
    "gpt2": {"pre_tokenizer": byte_level(use_regex=True)},
    "smollm": {"pre_tokenizer": sequence(pre_tokenizers.Digits(True), byte_level(use_regex=True))},
    "llama3": {"pre_tokenizer": sequence(split(LINE_WORDS % "{1,3}"), byte_level()), "ignore_merges": True,
               "post_processor": processors.TemplateProcessing(
                   single="<|im_start|> $A", pair="<|im_start|> $A $B", special_tokens=[("<|im_start|>", 1)])},
    "qwen2": {"pre_tokenizer": sequence(split(LINE_WORDS % ""), byte_level()), "normalizer": normalizers.NFC()},
    "neox": {"pre_tokenizer": byte_level(use_regex=True), "normalizer": normalizers.Sequence([normalizers.NFC()])},
    "o200k": {"pre_tokenizer": sequence(split(O200K, "removed", invert=True), byte_level())},
    "cl100k": {"pre_tokenizer": sequence(split(CL100K), byte_level())},
    "deepseek": {"pre_tokenizer": sequence(*map(split, DEEPSEEK), byte_level())},
    "marks": {"pre_tokenizer": sequence(pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Digits(False),
                                        split(r"\n", "removed"), byte_level(use_regex=True))},
    "punctuation": {"pre_tokenizer": sequence(pre_tokenizers.Punctuation(), byte_level())},
    # Constructs that the models above don't have.
    "classes": {"pre_tokenizer": sequence(split(r"[\w]{2,4}|\d{,3}x|.\W|[^\S\n]+|\p{Han}|[\p{Greek}\p{Cyrillic}]+?[\S]|(?>a|an)"),
                                          byte_level())},
    "literal": {"pre_tokenizer": sequence(pre_tokenizers.Split("th", "isolated"), pre_tokenizers.Split(".", "removed"),
                                          byte_level())},
}
HARD = [
    "IT'S we'RE They'Ll I'M 'S'T", "a'sb 'tis o'clock l'\u00e9t\u00e9", "1234567890 12 1 1234 12.345,6", "(word [word \tword\n.word",
    "!!!\n\n\nx ?\r\n\r\ny ...\n z", "   \n  \n a", "\n", " \n ", "a \n", "   a", "a   ", "\t\ta\t", "e\u0301te\u0301 \u212b \u1e9b\u0323",
    "\u0928\u093c \uac00\u11a8", "\u0661\u0662\u0663\u0664 \u00bd\u00b2", "x\u200by \ufeff", "\U0001d7d8\U0001d7d9\U0001d7da\U0001d7db", "",
    "<tool><tool <toolword!", "<|im_end|>word", "swords!", "\u4e2d\u6587\u30ab\u30bf", "AbcDEFghi\u01c5x", "a\u0338>\u0338", "th.the.",
    "\u03b1\u03b2\u0436_x\u203fy", "_-_--", "ban an anan", "x\u180ey\u0085z\u2028w",
]


def lines_of(count):
    metadata = {"tokenizer.ggml.tokens": SPECIAL, "tokenizer.ggml.token_type": [3] * len(SPECIAL)}
    lines = [line for line, _ in zip(make_lines(metadata), range(count))]
    generator = random.Random(SEED)
    return HARD + ["".join(generator.sample(HARD + EMOJI, 3)) for _ in range(300)] + lines


def train(kind):
    rules = KINDS[kind]
    tokenizer = Tokenizer(models.BPE(ignore_merges=rules.get("ignore_merges", False)))
    if "normalizer" in rules:
        tokenizer.normalizer = rules["normalizer"]
    tokenizer.pre_tokenizer = rules["pre_tokenizer"]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(lines_of(700), trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=normalized) for text, normalized in USER])
    if "post_processor" in rules:
        tokenizer.post_processor = rules["post_processor"]
    return tokenizer


def write(folder, kind, tokenizer):
    """With merges as pairs or, for every other kind, as older libraries wrote them."""
    content = json.loads(tokenizer.to_str())
    if list(KINDS).index(kind) % 2:
        content["model"]["merges"] = [" ".join(merge) for merge in content["model"]["merges"]]
    config = {"model_type": "llama", "vocab_size": tokenizer.get_vocab_size() + 7}
    settings = {"bos_token": SPECIAL[1], "eos_token": {"content": SPECIAL[2]}}
    write_folder(folder, config, [("x", "F32", np.zeros(4, dtype=np.float32))], content, settings)


@pytest.fixture(scope="module", params=KINDS)
def pair(request, tmp_path_factory):
    """The library's tokenizer and a program that answers from the folder."""
    print("seed", SEED)
    tokenizer = train(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    write(folder, request.param, tokenizer)
    probe = Probe(request.config.getoption("--probe"), str(folder))
    yield request.param, tokenizer, probe
    probe.process.stdin.close()
    assert probe.process.wait(timeout=30) == 0


def test_ids(pair):
    kind, tokenizer, probe = pair
    lines = lines_of(LINES)
    ours = [probe.ask(encode=line.encode().hex(), special=True)["ids"] for line in lines]
    theirs = [encoding.ids for encoding in tokenizer.encode_batch(lines, add_special_tokens=False)]
    wrong = [case for case in zip(lines, ours, theirs) if case[1] != case[2]]
    assert not wrong, f"{kind}: {len(wrong)} of {len(lines)} lines differ, the first: {wrong[0]!r}"


def test_the_rules_show(pair):
    """Or equal ids would say nothing: each kind's rules split many lines unlike another's."""
    kind, tokenizer, probe = pair
    lines = lines_of(LINES)
    other = Tokenizer.from_str(tokenizer.to_str())
    other.pre_tokenizer = KINDS["literal" if kind in ("gpt2", "neox") else "gpt2"]["pre_tokenizer"]
    theirs = [encoding.ids for encoding in other.encode_batch(lines, add_special_tokens=False)]
    ours = [probe.ask(encode=line.encode().hex(), special=True)["ids"] for line in lines]
    assert sum(a != b for a, b in zip(ours, theirs)) > len(lines) / 20
