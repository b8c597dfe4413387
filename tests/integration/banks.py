# SPDX-License-Identifier: Apache-2.0
"""How many memory banks a design's pointers reach over, from its manifest."""

POOLS = {"ROLE_K_READ", "ROLE_K_WRITE", "ROLE_V_READ", "ROLE_V_WRITE"}


def ranges(manifest, count, bank_bytes):
    """By bank. Pools, and what no bank holds, reach up to the next bank that begins another memory."""
    arguments = manifest["kernel"]["arguments"]
    begins = sorted({argument.get("bank", 0) for argument in arguments})
    widths = [1] * count
    for argument in arguments:
        bank = argument.get("bank", 0)
        if argument["role"] in POOLS or int(argument["bytes"]) > bank_bytes:
            widths[bank] = min([next_bank for next_bank in begins if next_bank > bank], default=count) - bank
    return widths


def connectivity(manifest, count, bank_bytes, name):
    """The lines sp= of v++'s connectivity; `name` as in "HBM[{}]"."""
    widths = ranges(manifest, count, bank_bytes)
    lines = []
    for argument in manifest["kernel"]["arguments"]:
        bank = argument.get("bank", 0)
        number = str(bank) if widths[bank] == 1 else f"{bank}:{bank + widths[bank] - 1}"
        lines.append(f"sp=streamtensor_step_1.{argument['name']}:{name.format(number)}")
    return lines
