# SPDX-License-Identifier: Apache-2.0
"""Token ids of SentencePiece's BPE in a GGUF file: the server's, the sentencepiece library's and llama.cpp's.

The library trains the vocabularies here, on the test's own material, of which they lack many characters: these are
spelled by bytes.
"""

import io
import os
import pathlib
import random
import sys

import pytest
import sentencepiece

from llama_cpp_process import LlamaCpp

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "models"))
sys.path.insert(0, str(TESTS / "server" / "tokenizer"))

import make_tiny_llama  # noqa: E402
from gguf_writer import write_gguf  # noqa: E402
from test_peers import EMOJI, Probe, make_lines  # noqa: E402

SEED = int(os.environ.get("STREAMTENSOR_SEED", "20261129"))
LINES = 3000
VOCABULARY = 2500
CONTROL = ["<start_of_turn>", "<end_of_turn>"]
USER = ["<tool>", "<tool", "\n\n", "  "]
KINDS = {"prefix": True, "no prefix": False}
HARD = [
    "", " ", "a", " a", "  a", "a ", "a  ", "   ", "\n", " \n ", "\t\ta\t", "a\u2581b", "\u2581\u2581", "<tool><tool <tool",
    "<s>", "</s> x", "<unk>", "<0x0A>", "<0x41>\u4e2d", "x<start_of_turn> y<end_of_turn>\n", "a\n\n\nb", "e\u0301te\u0301 \u212b",
    "\u4e2d\u6587\u30ab\u30bf", "\U0001d7d8\U0001d7d9", "\x00\x01", "\ufeffx", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]


def lines_of(count):
    specials = CONTROL + ["<s>"]
    metadata = {"tokenizer.ggml.tokens": specials, "tokenizer.ggml.token_type": [3] * len(specials)}
    lines = [line for line, _ in zip(make_lines(metadata), range(count))]
    generator = random.Random(SEED)
    long = " ".join(lines[:400])
    return HARD + [long] + ["".join(generator.sample(HARD + EMOJI, 3)) for _ in range(300)] + lines


def train(prefix):
    """The library's tokenizer."""
    model = io.BytesIO()
    lines = [line for text in lines_of(2000)[len(HARD) + 1:] for line in text.splitlines() if max(line, default="") < "\u2000"]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="bpe", vocab_size=VOCABULARY, byte_fallback=True,
        character_coverage=0.98, normalization_rule_name="identity", remove_extra_whitespaces=False,
        add_dummy_prefix=prefix, control_symbols=CONTROL, user_defined_symbols=USER, minloglevel=2, num_threads=1)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def type_of(library, i):
    """GGUF's number."""
    if library.is_unknown(i):
        return 2
    if library.is_control(i):
        return 3
    if library.id_to_piece(i) in USER:
        return 4
    return 6 if library.is_byte(i) else 1


def write(path, library, prefix):
    options = make_tiny_llama.Options(layers=1)
    metadata = make_tiny_llama.metadata_of(options)
    options.vocabulary = metadata["llama.vocab_size"] = len(library)
    for key in ("tokenizer.ggml.merges", "tokenizer.ggml.pre", "tokenizer.ggml.padding_token_id"):
        metadata.pop(key)
    metadata.update({
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [library.id_to_piece(i) for i in range(len(library))],
        "tokenizer.ggml.scores": [library.get_score(i) for i in range(len(library))],
        "tokenizer.ggml.token_type": [type_of(library, i) for i in range(len(library))],
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.add_space_prefix": prefix,
    })
    write_gguf(path, metadata, make_tiny_llama.tensors_of(options))


@pytest.fixture(scope="module", params=KINDS)
def tokenizers(request, tmp_path_factory):
    """Whether text gets a space before it, the probe, the library's tokenizer and llama.cpp."""
    print("seed", SEED)
    prefix = KINDS[request.param]
    theirs = train(prefix)
    path = str(tmp_path_factory.mktemp("pieces") / "tiny.gguf")
    write(path, theirs, prefix)
    probe = Probe(str(pathlib.Path(request.config.getoption("--binary-dir")) / "tokenizer_probe"), path)
    with LlamaCpp(32, path) as llama_cpp:
        yield prefix, probe, theirs, llama_cpp
    probe.process.stdin.close()
    assert probe.process.wait(timeout=30) == 0


@pytest.mark.parametrize("special", [False, True])
def test_ids_equal_llama_cpp(tokenizers, special):
    _, probe, _, llama_cpp = tokenizers
    lines = [line for line in lines_of(LINES) if "\x00" not in line]
    ours = [probe.ask(encode=line.encode().hex(), special=special)["ids"] for line in lines]
    theirs = llama_cpp.ask(tokenize=lines, special=special)["ids"]
    wrong = [case for case in zip(lines, ours, theirs) if case[1] != case[2]]
    assert not wrong, f"{len(wrong)} of {len(lines)} lines differ from llama.cpp's ids, the first: {wrong[0]!r}"


def test_ids_equal_the_library(tokenizers):
    """Of text without tokens of spaces, which the library has no more when it looks for them, and without user-defined
    ones after which llama.cpp puts another space where the library doesn't."""
    prefix, probe, library, _ = tokenizers
    lines = [line for line in lines_of(LINES) if line and not any(text in line for text in (USER if prefix else ["  "]))]
    assert len(lines) > LINES / 2
    spelled = 0
    for line in lines:
        ids = probe.ask(encode=line.encode().hex())["ids"]
        assert ids == library.encode(line), repr(line)
        spelled += any(library.is_byte(i) for i in ids)
        raw = bytes.fromhex(probe.ask(decode=ids)["raw"])
        assert raw == line.replace("\u2581", " ").encode(), repr(line)
    assert spelled > 200, "characters that the vocabulary lacks"


def test_any_bytes_come_back_and_streams_stay_valid_text(tokenizers):
    prefix, probe, _, _ = tokenizers
    generator = random.Random(SEED + 1)
    for _ in range(1000):
        data = generator.randbytes(generator.randint(0, 24)).replace(b"\xe2\x96\x81", b"")
        ids = probe.ask(encode=data.hex())["ids"]
        assert bytes.fromhex(probe.ask(decode=ids)["raw"]) == data
        text = "".join(probe.ask(stream=ids)["parts"])
        assert text == (" " if prefix and data else "") + data.decode("utf-8", errors="replace")
