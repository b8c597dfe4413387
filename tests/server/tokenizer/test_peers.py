# SPDX-License-Identifier: Apache-2.0
"""The server's tokenizer and chat template against the Hugging Face library and jinja2.

The reference tokenizer is built from the model file's vocabulary and merges: digits split singly, then
byte-level BPE. Characters newer than Unicode 14 may be classified differently; none is used here.
"""

import json
import os
import random
import struct
import subprocess
import unicodedata

import jinja2
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

SEED = int(os.environ.get("STREAMTENSOR_SEED", "20260101"))
LINES = 10_000


def read_metadata(path):
    scalars = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    with open(path, "rb") as file:

        def scalar(code):
            return struct.unpack("<" + code, file.read(struct.calcsize(code)))[0]

        def value(kind):
            if kind == 8:
                return file.read(scalar("Q")).decode()
            if kind == 9:
                kind, count = scalar("I"), scalar("Q")
                return [value(kind) for _ in range(count)]
            return scalar(scalars[kind])

        assert file.read(4) == b"GGUF"
        scalar("I"), scalar("Q")
        metadata = {}
        for _ in range(scalar("Q")):
            key = value(8)
            metadata[key] = value(scalar("I"))
        return metadata


@pytest.fixture(scope="module")
def metadata():
    return read_metadata(os.environ["STREAMTENSOR_TEST_MODEL"])


def build_reference(metadata, with_special):
    pieces = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    if with_special:
        types = metadata["tokenizer.ggml.token_type"]
        tokenizer.add_special_tokens(
            [AddedToken(piece, special=True, normalized=False) for piece, kind in zip(pieces, types) if kind == 3]
        )
    return tokenizer


class Probe:
    def __init__(self, program, model):
        self.process = subprocess.Popen(
            [program, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def probe(request):
    probe = Probe(request.config.getoption("--probe"), os.environ["STREAMTENSOR_TEST_MODEL"])
    yield probe
    probe.process.stdin.close()
    assert probe.process.wait(timeout=30) == 0


def assigned(first, last):
    return [chr(c) for c in range(first, last + 1) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]


# Each entry makes one run of text from one kind of material.
WORDS = (
    "the of and streaming tensor dataflow card it's we've I'm they'll don't DON'T 'S 're naive resume hello World "
    "FPGA kernel a an is was memory bandwidth token tokens decode prefill"
).split()
CODE = [
    "for (int i = 0; i < n; ++i) { sum += x[i]; }",
    "def f(x, *, y=None):\n\treturn x ** 2  # square",
    "std::vector<std::pair<int, float>> v{{1, 2.5f}};",
    "SELECT * FROM t WHERE a<>'b' AND c IS NOT NULL;",
    "#include <cstdint>\r\n#define X(a) a##_t",
    "\\frac{a}{b}\\left(x^{2}\\right)",
    "0x7fff_ffff 1e-9 3.14159 1,000,000 10.0.0.1",
    "<div class=\"a\">&nbsp;</div><!-- c -->",
]
SPACES = list(" \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000") + [
    "\u180e", "\u200b", "\ufeff", "\x1c", "\x1f", "\u2060", "  ", "   ", "\n\n", "\r\n",
]
EMOJI = ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\u2764\ufe0f\u200d\U0001f525",
         "\U0001f1eb\U0001f1f7", "\U0001f680", "\U0001f3f4\u200d\u2620\ufe0f", "1\ufe0f\u20e3"]
BLOCKS = {
    "accents": assigned(0xC0, 0x24F),
    "combining": ["e\u0301", "a\u0308\u0323", "n\u0303", "\u0301", "o\u0302\u0301"] + assigned(0x300, 0x36F),
    "greek": assigned(0x370, 0x3FF),
    "cyrillic": assigned(0x400, 0x4FF),
    "hebrew": assigned(0x590, 0x5FF),
    "arabic": assigned(0x600, 0x6FF),
    "devanagari": assigned(0x900, 0x97F),
    "thai": assigned(0xE00, 0xE7F),
    "kana": assigned(0x3040, 0x30FF),
    "han": assigned(0x4E00, 0x4FFF),
    "hangul": assigned(0xAC00, 0xAD00),
    "digits": list("0123456789") + list("\u0661\u06f5\u0967\uff11\u00b2\u00bd\u2167\u2460\u3289\U0001d7d9"),
    "symbols": assigned(0x2000, 0x2BFF),
    "punctuation": list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u2026\u201c\u201d\u2019\u00ab\u00bb"),
    "mathematical": assigned(0x1D400, 0x1D4FF),
    "controls": [chr(c) for c in range(0x20)] + ["\x7f", "\x80", "\x9f"],
}


def make_lines(metadata):
    generator = random.Random(SEED)
    types = metadata["tokenizer.ggml.token_type"]
    specials = [p for p, kind in zip(metadata["tokenizer.ggml.tokens"], types) if kind == 3]
    for _ in range(LINES):
        parts = []
        for _ in range(generator.randint(1, 14)):
            kind = generator.randrange(8)
            if kind < 2:
                parts.append(generator.choice(WORDS))
                parts.append(generator.choice(["", " ", " ", "  "]))
            elif kind == 2:
                parts.append(generator.choice(CODE))
            elif kind == 3:
                parts.append("".join(generator.choice(SPACES) for _ in range(generator.randint(1, 4))))
            elif kind == 4:
                parts.append(generator.choice(EMOJI))
            elif kind == 5:
                parts.append(generator.choice(specials) if generator.random() < 0.4 else str(generator.randrange(10**9)))
            else:
                block = BLOCKS[generator.choice(list(BLOCKS))]
                parts.append("".join(generator.choice(block) for _ in range(generator.randint(1, 6))))
        yield "".join(parts)


def spelled_bytes(metadata):
    """Bytes the vocabulary has a piece for; the others are left out by both tokenizers."""
    alphabet = {}
    extra = 256
    for byte in range(256):
        printable = 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174
        alphabet[byte] = chr(byte if printable else extra)
        extra += not printable
    pieces = set(metadata["tokenizer.ggml.tokens"])
    return {byte for byte, character in alphabet.items() if character in pieces}


@pytest.mark.parametrize("special", [False, True])
def test_ids_equal_the_reference(metadata, probe, special):
    print("seed", SEED)
    reference = build_reference(metadata, special)
    spelled = spelled_bytes(metadata)
    wrong = []
    for line in make_lines(metadata):
        ids = probe.ask(encode=line.encode().hex(), special=special)["ids"]
        expected = reference.encode(line, add_special_tokens=False).ids
        if ids != expected:
            wrong.append((line, ids, expected))
        raw = bytes.fromhex(probe.ask(decode=ids)["raw"])
        assert raw == bytes(b for b in line.encode() if b in spelled), repr(line)
    assert not wrong, f"{len(wrong)} of {LINES} lines differ, the first: {wrong[0]!r}"


def test_any_bytes_come_back_and_streams_stay_valid_text(metadata, probe):
    generator = random.Random(SEED + 1)
    spelled = spelled_bytes(metadata)
    for _ in range(2000):
        data = bytes(generator.choice(sorted(spelled)) for _ in range(generator.randint(0, 24)))
        ids = probe.ask(encode=data.hex())["ids"]
        assert bytes.fromhex(probe.ask(decode=ids)["raw"]) == data
        parts = probe.ask(stream=ids)["parts"]
        assert "".join(parts) == data.decode("utf-8", errors="replace")


def test_chat_equals_jinja2(metadata, probe):
    generator = random.Random(SEED + 2)
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(metadata["tokenizer.chat_template"])
    reference = build_reference(metadata, True)
    lines = make_lines(metadata)
    for conversation in range(50):
        turns = [["system", next(lines)]] if conversation % 3 == 0 else []
        for turn in range(generator.randint(1, 6)):
            turns.append([("user", "assistant")[turn % 2], next(lines)])
        expected = template.render(
            messages=[{"role": role, "content": content} for role, content in turns],
            add_generation_prompt=True, bos_token="<|im_start|>", eos_token="<|im_end|>",
        )
        answer = probe.ask(chat=turns)
        assert answer["text"] == expected
        assert answer["ids"] == reference.encode(expected, add_special_tokens=False).ids
