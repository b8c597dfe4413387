# SPDX-License-Identifier: Apache-2.0
"""Token ids of unigrams and word pieces, from tokenizer.json, tokenizer.model and GGUF: ours, and those of the Hugging
Face library and of SentencePiece, which train each vocabulary here.

The steps are those of T5, XLM-RoBERTa, ALBERT and BERT, and such as no model has.
"""
import functools
import io
import json
import os
import pathlib
import random
import sys
import tempfile

import numpy as np
import pytest
import sentencepiece
from grpc_tools import protoc
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TESTS = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TESTS / "models"))
sys.path.insert(0, str(TESTS / "server" / "tokenizer"))

import make_tiny_llama  # noqa: E402
from gguf_writer import write_gguf  # noqa: E402
from huggingface_folder import write_folder  # noqa: E402
from test_peers import EMOJI, Probe, make_lines  # noqa: E402

SEED = int(os.environ.get("STREAMTENSOR_SEED", "20261130"))
LINES = int(os.environ.get("STREAMTENSOR_TOKENIZER_LINES", "1500"))
VOCABULARY = 1500
SPACE = "\u2581"
CONTROLS = "".join(chr(c) for c in (*range(9), 0xb, *range(0xe, 0x20), 0x7f, 0x80, 0x9f))
CONTROL = ["<s>", "</s>", "<|user|>"]
HARD = [
    "", " ", "a", " a", "  a", "a ", "a  ", "   ", "\n", " \n ", "\t\ta\t", "a\u2581b", "<s>a", "<s> a", " <s>a </s>  b",
    "a\n\n\nb", "e\u0301te\u0301 \u212b", "E\u0301T\u00c9 \u0130stanbul \u03a3\u03a3", "\ufb01ne \u2167 \u00bd \uff21\uff22\uff13 \u3231",
    "\u4e2d\u6587\u30ab\u30bf x\u4e2dy", "\U0001d7d8\U0001d7d9", "\x01a", "\ufeffx\u200by\u00adz", "12345 1 12", "a" * 50, "aaaaa bbbbb",
    "don't stop-it (now)!?", "x" * 120, "\u00a0 \u3000 a\u2003b", "``quoted''", "a<tool>b#x#xx", "\uac00\u11a8\u1100\u1161", "\u0928\u093f \u0e01\u0e33",
]


def lines_of(count):
    metadata = {"tokenizer.ggml.tokens": CONTROL, "tokenizer.ggml.token_type": [3] * len(CONTROL)}
    lines = [line for line, _ in zip(make_lines(metadata), range(count))]
    generator = random.Random(SEED)
    lines = HARD + [" ".join(lines[:200])] + ["".join(generator.sample(HARD + EMOJI, 3)) for _ in range(300)] + lines
    # A mark of Unicode 14: BERT's tables in the library are older. Where nothing but control characters is left of a
    # text, SentencePiece still puts a space before it, and we do not.
    return [line.replace("\u061d", "") for line in lines if not line or line.strip(CONTROLS)]


def training_lines():
    """Their characters are only some of those that are encoded."""
    return [word for line in lines_of(900)[len(HARD) + 1:] if max(line, default="") < "\u2000" and "<" not in line
            for word in line.split("\n") if word]


def train_pieces(**options):
    """SentencePiece's file."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(training_lines()), model_writer=model,
                                             minloglevel=2, num_threads=1, hard_vocab_limit=False,
                                             **{"vocab_size": 1000, "character_coverage": 0.98, **options})
    return model.getvalue()


@functools.cache
def model_class():
    """Of the message that our front end reads."""
    schema = "streamtensor/frontend/v1/sentencepiece_model.proto"
    with tempfile.TemporaryDirectory() as folder:
        assert protoc.main(["protoc", f"--proto_path={TESTS.parent / 'proto'}", f"--python_out={folder}", schema]) == 0
        sys.path.insert(0, folder)
        from streamtensor.frontend.v1 import sentencepiece_model_pb2

        sys.path.remove(folder)
    return sentencepiece_model_pb2.SentencePieceModel


def charsmap():
    table = model_class().FromString(train_pieces(normalization_rule_name="nmt_nfkc")).normalizer_spec.precompiled_charsmap
    assert len(table) > 100_000
    return table


def sequence(kind, *steps):
    return kind.Sequence(list(steps))


def metaspace(scheme="always", split=True):
    return pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)


def unigram_kinds():
    table = normalizers.Precompiled(charsmap())
    return {
        "t5": {"normalizer": sequence(normalizers, table, normalizers.Strip(left=False, right=True),
                                      normalizers.Replace(Regex(" {2,}"), " ")), "pre_tokenizer": metaspace()},
        "xlm-roberta": {"normalizer": table, "pre_tokenizer": sequence(pre_tokenizers, pre_tokenizers.WhitespaceSplit(), metaspace())},
        "albert": {"normalizer": sequence(normalizers, normalizers.Replace("``", '"'), normalizers.Replace("''", '"'),
                                          normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), table),
                   "pre_tokenizer": metaspace()},
        "bytes": {"normalizer": normalizers.NFC(), "pre_tokenizer": metaspace("first", False), "bytes": True},
        "llama": {"normalizer": sequence(normalizers, normalizers.NFKC(), normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE))},
    }


def word_piece_kinds():
    return {
        "bert": {"normalizer": normalizers.BertNormalizer(), "pre_tokenizer": pre_tokenizers.BertPreTokenizer()},
        "bert cased": {"normalizer": normalizers.BertNormalizer(lowercase=False), "pre_tokenizer": pre_tokenizers.BertPreTokenizer()},
        "other": {"normalizer": sequence(normalizers, normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()),
                  "pre_tokenizer": sequence(pre_tokenizers, pre_tokenizers.Whitespace(), pre_tokenizers.Digits(True)),
                  "prefix": "@@", "longest": 7},
    }


PIECES = {
    "unigram": {"model_type": "unigram"},
    "unigram, bytes": {"model_type": "unigram", "normalization_rule_name": "identity", "byte_fallback": True,
                       "remove_extra_whitespaces": False},
    "unigram, no prefix": {"model_type": "unigram", "add_dummy_prefix": False, "user_defined_symbols": ["<tool>", "#x"]},
    "bpe": {"model_type": "bpe", "byte_fallback": True},
    "bpe, lower": {"model_type": "bpe", "normalization_rule_name": "nmt_nfkc_cf", "remove_extra_whitespaces": False},
}
KINDS = [*(f"json {kind}" for kind in ("t5", "xlm-roberta", "albert", "bytes", "llama", "bert", "bert cased", "other")),
         *(f"model {kind}" for kind in PIECES), "gguf unigram", "gguf bert"]


def train_unigram(rules):
    tokenizer = Tokenizer(models.Unigram())
    for step in ("normalizer", "pre_tokenizer"):
        if step in rules:
            setattr(tokenizer, step, rules[step])
    tokenizer.train_from_iterator(training_lines(), trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=["<unk>", *CONTROL], unk_token="<unk>", show_progress=False))
    if rules.get("bytes"):
        content = json.loads(tokenizer.to_str())
        content["model"]["byte_fallback"] = True
        content["model"]["vocab"] += [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
        tokenizer = Tokenizer.from_str(json.dumps(content))
    return tokenizer


def train_word_pieces(rules):
    prefix = rules.get("prefix", "##")
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = rules["normalizer"], rules["pre_tokenizer"]
    tokenizer.train_from_iterator(training_lines(), trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=["[UNK]", *CONTROL], show_progress=False, continuing_subword_prefix=prefix))
    vocabulary = tokenizer.get_vocab()
    tokenizer.model = models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=rules.get("longest", 100),
                                       continuing_subword_prefix=prefix)
    tokenizer.add_special_tokens(["[UNK]", *(AddedToken(text, normalized=False) for text in CONTROL)])
    tokenizer.post_processor = processors.BertProcessing(("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"]))
    tokenizer.decoder = decoders.WordPiece(prefix=prefix)
    return tokenizer


class LibraryTokenizer:
    """The Hugging Face library's."""

    special = True  # control tokens stand in text

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def ids(self, lines):
        return [encoding.ids for encoding in self.tokenizer.encode_batch(lines, add_special_tokens=False)]


class LibraryPieces:
    """SentencePiece's."""

    special = False

    def __init__(self, model):
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=model)

    def ids(self, lines):
        return [self.processor.encode(line) for line in lines]


def write_json(folder, tokenizer):
    config = {"model_type": "llama", "vocab_size": tokenizer.get_vocab_size() + 7}
    write_folder(folder, config, [("x", "F32", np.zeros(4, dtype=np.float32))], json.loads(tokenizer.to_str()),
                 {"bos_token": "<s>", "eos_token": "</s>"})


def write_model(folder, model):
    config = {"model_type": "llama"}
    write_folder(folder, config, [("x", "F32", np.zeros(4, dtype=np.float32))], {}, {})
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.model").write_bytes(model)


def write_file(path, metadata, count):
    options = make_tiny_llama.Options(layers=1)
    every = make_tiny_llama.metadata_of(options)
    options.vocabulary = every["llama.vocab_size"] = count
    for key in [key for key in every if key.startswith("tokenizer.")]:
        every.pop(key)
    every.update(metadata)
    write_gguf(path, every, make_tiny_llama.tensors_of(options))


def write_unigram_file(path, model):
    proto = model_class().FromString(model)
    table = np.frombuffer(proto.normalizer_spec.precompiled_charsmap, dtype=np.uint8)
    write_file(path, {
        "tokenizer.ggml.model": "t5",
        "tokenizer.ggml.tokens": [piece.piece.decode() for piece in proto.pieces],
        "tokenizer.ggml.scores": [piece.score for piece in proto.pieces],
        "tokenizer.ggml.token_type": [piece.type for piece in proto.pieces],
        "tokenizer.ggml.unknown_token_id": 0, "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.remove_extra_whitespaces": True,
        "tokenizer.ggml.precompiled_charsmap": [int(byte) for byte in table],
    }, len(proto.pieces))


def write_bert_file(path, tokenizer):
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    special = ["[UNK]", *CONTROL]

    def spelled(text):
        return text if text in special else text[2:] if text.startswith("##") else SPACE + text

    write_file(path, {
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.tokens": [spelled(text) for text, _ in vocabulary],
        "tokenizer.ggml.token_type": [3 if text in special else 1 for text, _ in vocabulary],
        "tokenizer.ggml.unknown_token_id": 0, "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.seperator_token_id": 2,
    }, len(vocabulary))


def make(kind, folder):
    """The library's tokenizer, and what ours reads: a folder or a file."""
    form, name = kind.split(" ", 1)
    if form == "model":
        model = train_pieces(**PIECES[name])
        write_model(folder, model)
        return LibraryPieces(model), folder
    if kind == "gguf unigram":
        model = train_pieces(**PIECES["unigram"])
        write_unigram_file(folder / "tiny.gguf", model)
        return LibraryPieces(model), folder / "tiny.gguf"
    if name in word_piece_kinds():
        tokenizer = train_word_pieces(word_piece_kinds()[name])
    else:
        tokenizer = train_unigram(unigram_kinds()[name])
        tokenizer.add_special_tokens(["<unk>", *(AddedToken(text, normalized=False) for text in CONTROL)])
    if form == "gguf":
        write_bert_file(folder / "tiny.gguf", tokenizer)
        return LibraryTokenizer(tokenizer), folder / "tiny.gguf"
    write_json(folder, tokenizer)
    return LibraryTokenizer(tokenizer), folder


@pytest.fixture(scope="module", params=KINDS)
def pair(request, tmp_path_factory):
    """The library's tokenizer and a program that answers from the file or folder."""
    print("seed", SEED)
    library, path = make(request.param, tmp_path_factory.mktemp("words"))
    probe = Probe(request.config.getoption("--probe"), str(path))
    yield request.param, library, probe
    probe.process.stdin.close()
    assert probe.process.wait(timeout=30) == 0


def test_ids(pair):
    kind, library, probe = pair
    lines = lines_of(LINES)
    if kind == "model unigram, no prefix":
        # Equal sums, which differ in their rounding: SentencePiece adds up a text with its user-defined pieces.
        lines = [line for line in lines if "#x" not in line or "aaa" not in line]
    ours = [probe.ask(encode=line.encode().hex(), special=library.special)["ids"] for line in lines]
    wrong = [case for case in zip(lines, ours, library.ids(lines)) if case[1] != case[2]]
    assert not wrong, f"{kind}: {len(wrong)} of {len(lines)} lines differ, the shortest: {min(wrong, key=lambda case: len(case[0]))!r}"
    # Or equal ids would say little.
    assert len({i for ids in ours for i in ids}) > 150
    assert sum(map(len, ours)) < sum(len(line.encode()) for line in lines)


def test_text(pair):
    """Words come back as the library spells them."""
    kind, library, probe = pair
    if kind not in ("json bert", "json bert cased"):
        pytest.skip("test_sentence_pieces_json.py has those that spell spaces")
    library.tokenizer.decoder = decoders.WordPiece(cleanup=False)
    generator = random.Random(SEED + 1)
    for _ in range(300):
        ids = [generator.randrange(10, library.tokenizer.get_vocab_size()) for _ in range(generator.randint(1, 12))]
        if library.tokenizer.id_to_token(ids[0]).startswith("##"):
            continue
        assert bytes.fromhex(probe.ask(decode=ids)["raw"]).decode() == library.tokenizer.decode(ids), ids


def test_the_least_surprising_normaliser_differs(pair):
    """The steps show in the ids."""
    kind, library, probe = pair
    if not library.special or kind == "json bytes":
        pytest.skip("of tokenizers whose steps can be taken away")
    other = Tokenizer.from_str(library.tokenizer.to_str())
    other.normalizer = normalizers.Replace(" ", SPACE) if kind == "json llama" else normalizers.Sequence([])
    lines = lines_of(LINES)
    ours = [probe.ask(encode=line.encode().hex(), special=True)["ids"] for line in lines]
    theirs = [encoding.ids for encoding in other.encode_batch(lines, add_special_tokens=False)]
    assert sum(a != b for a, b in zip(ours, theirs)) > len(lines) / 50
