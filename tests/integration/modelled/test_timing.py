# SPDX-License-Identifier: Apache-2.0
"""The timing in an artifact's manifest, which comes from a text of few layers, is that of the whole design simulated."""

import pytest

from designs import make_design, simulate, timing


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return make_design(tmp_path_factory.mktemp("timing"), 8, "--weight-channels", 4, "--unroll", 2)


def cycles(timing, tokens, logits=1, pages=0):
    """docs/architecture.md, section 6, without the gap between launches."""
    return (int(timing["step_cycles"][tokens - 1]) + (logits - 1) * int(timing.get("logits_cycles", 0)) +
            pages * timing["context_page_cycles"])


@pytest.mark.parametrize("tokens, logits, context, tolerance", [
    (1, 1, 0, 0.01), (4, 1, 0, 0.01), (16, 1, 0, 0.01),  # these were simulated
    (11, 1, 0, 0.05),  # between them
    (16, 16, 0, 0.05),
    (1, 1, 256, 0.02), (1, 1, 64, 0.05)])
def test_the_closed_form_is_the_simulation(design, tokens, logits, context, tolerance):
    simulated = simulate(design, "--tokens", tokens, "--logits", logits, "--context", context)["cycles"]
    assert cycles(timing(design), tokens, logits, tokens * context // 32) == pytest.approx(simulated, rel=tolerance)


def test_more_tokens_never_take_less(design):
    steps = [int(value) for value in timing(design)["step_cycles"]]
    assert len(steps) == 16 and steps == sorted(steps)


def test_twice_the_layers_cost_twice(design, tmp_path):
    longer = make_design(tmp_path, 16, "--weight-channels", 4, "--unroll", 2)
    shorter = make_design(tmp_path, 4, "--weight-channels", 4, "--unroll", 2)
    four, eight, sixteen = (cycles(timing(one), 1) for one in (shorter, design, longer))
    assert (sixteen - eight) / (eight - four) == pytest.approx(2, rel=0.01)


def test_equal_compilations_are_modelled_alike(design, tmp_path):
    again = make_design(tmp_path, 8, "--weight-channels", 4, "--unroll", 2)
    assert (again / "manifest.json").read_bytes() == (design / "manifest.json").read_bytes()
    for name in ("reports/summary.json", "reports/summary.txt"):
        assert (again / name).read_bytes() == (design / name).read_bytes()
