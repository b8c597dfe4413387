# SPDX-License-Identifier: Apache-2.0
"""Token ids under GPT-2's, Llama 3's and Qwen2's rules: the server's, the Hugging Face library's and llama.cpp's.

The vocabularies are made here: byte pairs trained on the test's own material by the rules in question, since what
is to be shown is how text is split and put together. The rules themselves are written out as the models'
tokenizer files have them.
"""

import json
import os
import pathlib
import random
import sys
import unicodedata

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from llama_cpp_process import LlamaCpp

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "models"))
sys.path.insert(0, str(TESTS / "server" / "tokenizer"))

import make_tiny_llama  # noqa: E402
from gguf_writer import write_gguf  # noqa: E402
from tiny_tokenizer import SPECIAL_TOKENS  # noqa: E402
from test_peers import EMOJI, Probe, make_lines  # noqa: E402

SEED = int(os.environ.get("STREAMTENSOR_SEED", "20260301"))
LINES = 3000
VOCABULARY = 1500

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
RULES = {
    "gpt-2": {"pattern": r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"},
    "llama-bpe": {"pattern": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + REST, "ignore_merges": True},
    "qwen2": {"pattern": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + REST, "normalizer": normalizers.NFC()},
}
SPECIAL = SPECIAL_TOKENS
# Where the rules differ from GPT-2's and from each other.
HARD = [
    "IT'S we'RE They'Ll I'M 'S'T", "a'sb 'tis o'clock l'été", "1234567890 12 1 1234 12.345,6", "(word [word \tword\n.word",
    "!!!\n\n\nx ?\r\n\r\ny ...\n z", "   \n  \n a", "\n", " \n ", "a \n", "   a", "a   ", "\t\ta\t", "e\u0301te\u0301 \u212b \u1e9b\u0323",
    "\u0928\u093c \uac00\u11a8", "\u0661\u0662\u0663\u0664 \u00bd\u00b2", "x\u200by \ufeff", "\U0001d7d8\U0001d7d9\U0001d7da\U0001d7db", "",
]


def lines_of(count):
    """`count` of the many that tests/server/tokenizer makes, and the hard ones."""
    metadata = {"tokenizer.ggml.tokens": SPECIAL, "tokenizer.ggml.token_type": [3] * len(SPECIAL)}
    lines = [line for line, _ in zip(make_lines(metadata), range(count))]
    generator = random.Random(SEED)
    return HARD + ["".join(generator.sample(HARD + EMOJI, 3)) for _ in range(300)] + lines


def reference(rules, vocabulary=None, merges=None, special=()):
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary or {}, merges=merges or [], ignore_merges=rules.get("ignore_merges", False)))
    if "normalizer" in rules:
        tokenizer.normalizer = rules["normalizer"]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(rules["pattern"]), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in special])
    return tokenizer


def train(rules):
    """Pieces in order of their ids and the merges; some words are pieces that no merge makes."""
    tokenizer = reference(rules)
    tokenizer.train_from_iterator(
        lines_of(1500),
        trainers.BpeTrainer(vocab_size=VOCABULARY, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    pieces = [piece for piece, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])]
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in model["merges"]]
    unreachable = [word for word in ("Ġclock", "Ġthey", "é", "123", "word") if word not in pieces]
    return SPECIAL + pieces + unreachable, merges


@pytest.fixture(scope="module", params=RULES)
def tokenizers(request, tmp_path_factory):
    """The probe's, the library's with and without special tokens, and llama.cpp's."""
    print("seed", SEED)
    name = request.param
    pieces, merges = train(RULES[name])
    options = make_tiny_llama.Options(layers=1, pre_tokenizer=name)
    metadata = make_tiny_llama.metadata_of(options)
    options.vocabulary = metadata["llama.vocab_size"] = len(pieces)
    metadata["tokenizer.ggml.tokens"] = pieces
    metadata["tokenizer.ggml.token_type"] = [3] * len(SPECIAL) + [1] * (len(pieces) - len(SPECIAL))
    metadata["tokenizer.ggml.merges"] = [" ".join(merge) for merge in merges]
    path = str(tmp_path_factory.mktemp(name) / "tiny.gguf")
    write_gguf(path, metadata, make_tiny_llama.tensors_of(options))
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    theirs = [reference(RULES[name], vocabulary, merges, special) for special in ((), SPECIAL)]
    probe = Probe(str(pathlib.Path(request.config.getoption("--binary-dir")) / "tokenizer_probe"), path)
    with LlamaCpp(32, path) as llama_cpp:
        yield name, probe, theirs, llama_cpp
    probe.process.stdin.close()
    assert probe.process.wait(timeout=30) == 0


@pytest.mark.parametrize("special", [False, True])
def test_ids(tokenizers, special):
    name, probe, theirs, llama_cpp = tokenizers
    lines = lines_of(LINES)
    ours = [probe.ask(encode=line.encode().hex(), special=special)["ids"] for line in lines]
    expected = [encoding.ids for encoding in theirs[special].encode_batch(lines, add_special_tokens=False)]
    wrong = [case for case in zip(lines, ours, expected) if case[1] != case[2]]
    assert not wrong, f"{len(wrong)} of {len(lines)} lines differ from the library's ids, the first: {wrong[0]!r}"

    # llama.cpp leaves text as it is where Qwen2's own tokenizer composes it.
    kept = [i for i, line in enumerate(lines) if name != "qwen2" or unicodedata.is_normalized("NFC", line)]
    assert len(kept) > len(lines) / 2
    peer = llama_cpp.ask(tokenize=[lines[i] for i in kept], special=special)["ids"]
    wrong = [(lines[i], ours[i], ids) for i, ids in zip(kept, peer) if ours[i] != ids]
    assert not wrong, f"{len(wrong)} of {len(kept)} lines differ from llama.cpp's ids, the first: {wrong[0]!r}"


def test_the_rules_show(tokenizers):
    """Or equal ids would say nothing: lines that other rules split otherwise."""
    name, probe, theirs, _ = tokenizers
    model = json.loads(theirs[0].to_str())["model"]
    other = RULES["llama-bpe" if name == "qwen2" else "qwen2"]
    wrong_rules = reference(other, model["vocab"], [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in model["merges"]])
    lines = lines_of(LINES)
    differ = sum(probe.ask(encode=line.encode().hex())["ids"] != wrong_rules.encode(line).ids for line in lines)
    assert differ > len(lines) / 20
