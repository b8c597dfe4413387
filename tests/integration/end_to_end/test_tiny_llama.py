# SPDX-License-Identifier: Apache-2.0
"""A tiny Llama, compiled and run on the emulated card: against the JIT of its own module bit for bit,
and against a float32 forward in numpy within 5 % of the largest logit."""
import numpy as np
import pytest

from programs import call, card_logits, chunked, jit_logits, make_llama, numpy_llama, same_bits, tokens_of

SEED = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    print(f"seed {SEED}")
    return tmp_path_factory.mktemp("tiny_llama")


@pytest.fixture(scope="module")
def model(folder):
    return make_llama(folder / "tiny.gguf", "--seed", SEED)


@pytest.fixture(scope="module")
def artifact(folder, model):
    call("streamtensorc", "compile", model, "-o", folder / "artifact", "--save-ir", folder / "ir")
    return folder / "artifact"


@pytest.mark.parametrize("chunk", range(1, 17))
def test_every_step_size_is_the_jit_bit_for_bit(folder, model, artifact, chunk):
    script, _ = chunked([tokens_of(40, SEED)], [chunk])
    card, jit = card_logits(artifact, folder, script), jit_logits(model, folder, script)
    assert same_bits(card, jit), np.abs(card - jit).max()


@pytest.mark.parametrize("chunk", [1, 5, 16])
def test_long_context_is_the_jit_bit_for_bit(folder, model, artifact, chunk):
    script, _ = chunked([tokens_of(320, SEED + 1)], [chunk])
    assert same_bits(card_logits(artifact, folder, script), jit_logits(model, folder, script))


def test_every_step_size_after_300_tokens_is_the_jit_bit_for_bit(folder, model, artifact):
    sizes = [*range(1, 17)]
    script, _ = chunked([tokens_of(304 + sum(sizes), SEED + 2)], [16])
    whole = script["steps"].pop()  # to be cut anew from token 304 on
    prefill = script["steps"][:19]
    tokens = [token for step in script["steps"][19:] + [whole] for token in step["tokens"]]
    for size in sizes:
        step, tokens = tokens[:size], tokens[size:]
        start = step[0]["position"]
        prefill.append({"tokens": [{**token, "start": start} for token in step], "page_tables": whole["page_tables"]})
    assert not tokens and [len(step["tokens"]) for step in prefill[19:]] == sizes
    script["steps"] = prefill
    assert same_bits(card_logits(artifact, folder, script), jit_logits(model, folder, script))


def test_neighbours_and_chunks_change_no_bit(folder, artifact):
    sequences = [tokens_of(330, 1), tokens_of(45, 2), tokens_of(20, 3)]
    alone = []
    for tokens in sequences:
        script, _ = chunked([tokens], [16])
        alone.append(card_logits(artifact, folder, script))
    for chunks in ([1, 1, 1], [7, 5, 3], [3, 12, 1]):
        script, rows = chunked(sequences, chunks)
        together = card_logits(artifact, folder, script)
        expected = np.stack([alone[i][position] for i, position in rows])
        assert same_bits(together, expected), chunks


def test_close_to_the_float_forward(folder, model, artifact):
    tokens = tokens_of(120, 9)
    script, _ = chunked([tokens], [16])
    card = card_logits(artifact, folder, script)
    expected = numpy_llama.forward(numpy_llama.Model(model), tokens)
    assert np.abs(card - expected).max() <= 0.05 * np.abs(expected).max()


def test_plain_build_has_the_same_bits(folder, model, artifact):
    call("streamtensorc", "compile", model, "-o", folder / "plain", "--plain")
    script, _ = chunked([tokens_of(50, 4), tokens_of(33, 5)], [5, 2])
    assert same_bits(card_logits(artifact, folder, script), card_logits(folder / "plain", folder, script))


def test_greedy_continuation_follows_its_own_logits(folder, artifact):
    prompt = tokens_of(21, 6)
    words = " ".join(map(str, prompt))
    produced = call("streamtensorc", "run", artifact, "--tokens", words, "--steps", 6, "--logits",
                    folder / "greedy.npy").split()
    logits = np.load(folder / "greedy.npy")
    assert logits.shape[0] == len(prompt) + 5
    assert [int(t) for t in produced] == logits[len(prompt) - 1:].argmax(axis=1).tolist()
