// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_ENGINE
#define STREAMTENSOR_PROCESS_ENGINE

include "compiler/processes/ProcessDialect.td"

// A weight of an issue.
def Process_WeightAttr : Process_Attr<"Weight", "weight"> {
  let summary = "A block-quantised matrix, as the model file names it";
  let description = [{
    `{layer}` in the name stands for the layer that runs. `rows` is N, before padding to whole tiles; `minimum`
    says whether a weight is d*q + m, or d*q.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$rows, "bool":$minimum);
}

def Process_IssueAttr : Process_Attr<"Issue", "issue"> {
  let summary = "One use of the engine";
  let description = [{
    `rows` rows of `groups` * 32 activations times the `row_tiles` * 16 (padded) rows of all its weights, of 4 or
    8 `bits`; `scale_groups` of the groups, 1 unless it is said, share a scale. Results leave weight by weight or,
    with `alternate`, row tile by row tile of each in turn: all weights then have equally many rows.
  }];
  let parameters = (ins "int64_t":$bits, "int64_t":$groups, DefaultValuedParameter<"int64_t", "1">:$scale_groups,
      "int64_t":$row_tiles, Process_Rows:$rows, "bool":$alternate, Process_List<"::streamtensor::compiler::process::WeightAttr", "weights">:$weights);
  let extraClassDeclaration = [{
    // Over a design's weight channels.
    ::streamtensor::contract::IssueCut getCut(int64_t channels) const;
    ::streamtensor::compiler::PackedIssue getPacked() const;
  }];
}

def Process_EngineOp : Process_ListOp<"engine", Process_IssueAttr, (ins I64Attr:$lanes),
                                      "`lanes` $lanes", ["standsFirst", "getPassages", "requestWeights"]> {
  let summary = "Every contraction of the design, one issue after another";
  let description = [{
    Integer products of a frame's activations with packed weights (`st::engine`). Each list holds the issues of
    its section in order. `lanes`: rows of activations that are worked on at a time.

    - Reads: header, frames, blocks of each weight channel. Writes: results, 16 rows of a weight times one row
      of activations a word. A frame holds the rows of the largest issue.
    - Trace: `header;` for each issue: `+frames`; for each of its rounds (`contract::IssueCut`): for each block
      of a part: `+weights[c]` of every channel c, then `-weights[c]`; the results of the round's row tiles, `W
      results*rows` each; `-frames`. The results of a round are written before those of the next, some of them
      while it runs.

    Example:
    ```mlir
    process.engine @engine reads [@header_to_engine, @frames, @weights_0, @weights_1] writes [@results]
      memories [] lanes 2 prologue []
      layer [#process.issue<bits = 4, groups = 18, row_tiles = 60, rows = T, alternate = false,
               weights = [<name = "blk.{layer}.attn_q.weight", rows = 576, minimum = true>, ...]>]
      epilogue []
    ```
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    // The engine that reads a stream of blocks; null: another kind does.
    static EngineOp readerOf(::streamtensor::compiler::dataflow::StreamOp blocks);
    // Of all its issues, `layers` times those of the layers, in each of so many channels.
    int64_t getChannelBytes(int64_t layers, int64_t channels);
  }];
}

#endif
