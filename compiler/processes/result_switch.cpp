// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/operation_lists.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult RouteAttr::verify(llvm::function_ref<mlir::InFlightDiagnostic()> emit_error,
                                      llvm::ArrayRef<int64_t> sinks, int64_t row_tiles, dataflow::RowCount) {
  if (sinks.empty()) return emit_error() << "a route has at least one sink";
  for (int64_t sink : sinks) {
    if (sink < 0) return emit_error() << "a route's sink must not be negative, got " << sink;
  }
  if (row_tiles < 1) return emit_error() << "a route has at least 1 row tile, got " << row_tiles;
  return mlir::success();
}

mlir::LogicalResult ResultSwitchOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words}}, {{}, ChannelKind::words}))) {
    return mlir::failure();
  }
  // What goes to a sink, in the one section that it belongs to.
  std::vector<std::optional<WordCount>> routed(ends.writes.size());
  for (mlir::ArrayAttr list : ListsOf(*this)) {
    for (auto route : list.getAsRange<RouteAttr>()) {
      for (int64_t sink : route.getSinks()) {
        if (sink >= static_cast<int64_t>(ends.writes.size())) {
          return emitOpError("has no sink ") << sink << "; there are " << ends.writes.size();
        }
        if (routed[sink]) {
          return emitOpError("routes to @") << ends.write(sink).getSymName() << " twice";
        }
        routed[sink] = WordsOfRows(route.getRows(), route.getRowTiles());
      }
    }
  }
  for (auto [sink, words] : llvm::zip_equal(ends.writes, routed)) {
    if (!words) return emitOpError("routes nothing to @") << StreamOp(sink).getSymName();
    if (mlir::failed(ExpectWords(*this, sink, *words))) return mlir::failure();
  }
  return mlir::success();
}

std::optional<dataflow::PassageLists> ResultSwitchOp::getPassages(StreamOp stream) {
  if (stream.getSink() != getSymName()) return std::nullopt;
  return PassagesOf<RouteAttr>(*this, [](RouteAttr route) {
    return dataflow::Passage{route.getRows(), 1,
                             route.getRowTiles() * static_cast<int64_t>(route.getSinks().size())};
  });
}

mlir::LogicalResult ResultSwitchOp::trace(Trace& trace) {
  StreamOp results = trace.ends().read(1);
  trace.ReadHeader();
  TraceLists<RouteAttr>(*this, trace, [&](RouteAttr route) {
    const int64_t rows = trace.Count(route.getRows());
    trace.Loop(route.getRowTiles(), [&] {
      for (int64_t sink : route.getSinks()) trace.Copy(results, trace.ends().write(sink), rows);
    });
  });
  return mlir::success();
}

mlir::LogicalResult ResultSwitchOp::emit(hls::ProcessWriter& writer) {
  writer.AddHeader();
  const std::string results = writer.AddStream(writer.ends().read(1));
  std::vector<std::string> sinks;
  for (StreamOp sink : writer.ends().writes) sinks.push_back(writer.AddStream(sink));
  writer.OpenWithHeader();
  hls::TextWriter& out = writer.out();
  EmitLists<RouteAttr>(*this, writer, [&](RouteAttr route) {
    const std::string tiles = std::to_string(route.getRowTiles()), rows = hls::CountText(route.getRows());
    const auto to = route.getSinks();
    if (to.size() == 1) {
      out.line("st::route(" + results + ", " + tiles + ", " + rows + ", " + sinks[to[0]] + ");");
    } else if (to.size() == 2) {
      out.line("st::route_alternating(" + results + ", " + tiles + ", " + rows + ", " + sinks[to[0]] + ", " +
               sinks[to[1]] + ");");
    } else {
      out.open("for (int tile = 0; tile < " + tiles + "; ++tile)");
      out.directive("#pragma HLS LOOP_FLATTEN off");
      for (int64_t sink : to) {
        out.line("st::copy_words(" + results + ", " + rows + ", " + sinks[sink] + ");");
      }
      out.close();
    }
  });
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
