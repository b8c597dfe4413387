// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_PROCESS_RESULT_SWITCH
#define STREAMTENSOR_PROCESS_RESULT_SWITCH

include "compiler/processes/ProcessDialect.td"

def Process_RouteAttr : Process_Attr<"Route", "route"> {
  let summary = "Where the next row tiles go";
  let description = [{
    `row_tiles` times: `rows` words to each of the `sinks` (positions among the switch's) in turn.
  }];
  let parameters = (ins Process_List<"int64_t", "sinks">:$sinks, "int64_t":$row_tiles, Process_Rows:$rows);
}

def Process_ResultSwitchOp : Process_ListOp<"result_switch", Process_RouteAttr, (ins), "", ["getPassages"]> {
  let summary = "Hands the engine's results to those who take them, in the order of its issues";
  let description = [{
    Each list holds the routes of its section: one for each issue whose weights alternate, one for each weight
    otherwise.

    - Reads: header, results. Writes: the sinks.
    - Trace: `header;` for each route: `row_tiles{rows{R results, W sink}` for each of its sinks`}`.

    Example:
    ```mlir
    process.result_switch @result_switch reads [@header_to_result_switch, @results] writes [@gate, @up, @q]
      memories [] prologue [] layer [#process.route<sinks = [2], row_tiles = 36, rows = T>,
                                     #process.route<sinks = [0, 1], row_tiles = 96, rows = T>] epilogue []
    ```
  }];
}

#endif
