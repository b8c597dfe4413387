# SPDX-License-Identifier: Apache-2.0
"""From an encoder of sentences to a `.mlir` file that gives their embedding."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamtensor import lowering
from streamtensor.torch_export import export

if TYPE_CHECKING:
    import torch


def export_encoder(model: "torch.nn.Module", path: str | os.PathLike[str], *, length: int = 128,
                   normalize: bool = True) -> Path:
    """Exports an encoder of transformers, such as BertModel, to `path` (.mlir) with mean pooling behind it.

    The module has the inputs `ids` and `mask`, int64 [1, length] each: a sentence's token ids and 1 for each of them,
    then 0. Its result is float32 [1, hidden]: the mean of the last hidden states where `mask` is 1, with `normalize`
    divided by its Euclidean length, as sentence-transformers has it.

    The model is exported as it stands: call .eval() first. Returns the path. Raises ValueError for wrong arguments and
    ExportError, which names the obstacle, where the model cannot be exported.
    """
    target = lowering.check_path(path)
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"streamtensor.export_encoder needs torch ({error}): pip install 'streamtensor[torch]'") from None
    if not isinstance(model, torch.nn.Module):
        raise ValueError(f"model is {type(model).__name__}; expected a torch.nn.Module")
    longest = getattr(getattr(model, "config", None), "max_position_embeddings", length)
    if not 1 <= length <= longest:
        raise ValueError(f"length is {length}; the model has positions for 1 to {longest}")

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any, mask: Any) -> Any:
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1) if normalize else mean

    ones = torch.ones(1, length, dtype=torch.int64)
    encoder = Encoder()
    encoder.train(model.training)
    return export(encoder, (ones, ones.clone()), target)
