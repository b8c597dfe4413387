# SPDX-License-Identifier: Apache-2.0
"""Dimensions that are not fixed at export."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dim:
    """A dimension that may take any size from `min` to `max`. Equal names are one dimension."""

    name: str
    min: int = 1
    max: int = 4096

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"dimension name {self.name!r} is not an identifier")
        if not 1 <= self.min < self.max < 2**31:
            raise ValueError(f"dimension {self.name}: bounds {self.min} to {self.max}; expected 1 <= min < max < 2^31")
