// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/design_emitter.h"

#include <algorithm>
#include <numeric>

#include "compiler/targets/hls/connectivity.h"
#include "compiler/targets/hls/design_index.h"
#include "compiler/targets/hls/kernel_headers.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/tiles.h"
#include "llvm/ADT/StringExtras.h"

namespace streamtensor::compiler::hls {
namespace {

constexpr int64_t kLeastStackBytes = 1 << 20;
// Of a FIFO; what is deeper fills UltraRAM well enough.
constexpr int64_t kMostWordsInBlockRam = 1024;

std::string Number(int64_t value) { return std::to_string(value); }

std::string ArgumentList(const DesignIndex& index) {
  std::string text;
  for (dataflow::MemoryOp memory : index.memories()) {
    if (!text.empty()) text += ",\n    ";
    text += *PointerType(memory) + " " + index.Name(memory.getSymName());
  }
  return text;
}

mlir::LogicalResult EmitStreams(const DesignIndex& index, TextWriter& out) {
  const auto weights = index.weight_streams();
  for (dataflow::StreamOp stream : index.streams()) {
    const std::string name = index.Name(stream.getSymName());
    const std::string depth = Number(static_cast<int64_t>(stream.getDepth()));
    const auto declare = [&](const std::string& type) {
      out.line(type + ", " + depth + "> " + name + "(\"" + name + "\");");
    };
    switch (stream.getKind()) {
      case dataflow::ChannelKind::words:
      case dataflow::ChannelKind::pages:
        declare("hls::stream<st::word512");
        break;
      case dataflow::ChannelKind::header:
        declare("hls::stream<st::header_word");
        break;
      case dataflow::ChannelKind::done:
        declare("hls::stream<st::done_token");
        break;
      case dataflow::ChannelKind::frames:
        out.line("frame_stream " + name + "(\"" + name + "\");");
        break;
      case dataflow::ChannelKind::blocks:
        if (stream != weights.front()) {
          if (stream.getDepth() != dataflow::StreamOp(weights.front()).getDepth()) {
            return stream.emitOpError("has another depth than the first weight stream; they are one array");
          }
          break;
        }
        out.line("weight_stream weights[" + Number(static_cast<int64_t>(weights.size())) + "];");
        if (static_cast<int64_t>(stream.getDepth()) * contract::kMaxBlockWords > kMostWordsInBlockRam) {
          out.directive("#pragma HLS BIND_STORAGE variable = weights type = fifo impl = uram");
        }
        break;
    }
  }
  return mlir::success();
}

std::string HeaderFile(const DesignIndex& index, llvm::StringRef top) {
  return "// SPDX-License-Identifier: Apache-2.0\n#ifndef STREAMTENSOR_DESIGN_H\n#define "
         "STREAMTENSOR_DESIGN_H\n\n"
         "#include <stdint.h>\n\n#include \"st/word.h\"\n\nextern \"C\" void " +
         top.str() + "(\n    " + ArgumentList(index) + ");\n\n#endif\n";
}

std::string LaunchFile(llvm::StringRef top) {
  return "// SPDX-License-Identifier: Apache-2.0\n// Host only: Vitis never sees this file.\n"
         "#include \"design.h\"\n#include \"st/dataflow.h\"\n\nST_EXPORT_LAUNCH(" +
         top.str() + ")\n";
}

// Vitis can't simulate the whole, but one process at a time. Streams of blocks can't be arguments of a top
// function, so what takes or gives blocks is left out.
std::string ProcessesFile(const std::vector<ProcessText>& processes) {
  TextWriter out;
  out.line("// SPDX-License-Identifier: Apache-2.0");
  out.line(
      "// Written by streamtensorc, for process.tcl: each process that moves words as a function of its "
      "own.");
  out.line("#include \"design.cpp\"");
  for (const ProcessText& process : processes) {
    std::vector<std::string> names;
    std::string pragmas;
    bool blocks = false;
    for (const std::string& parameter : process.parameters) {
      const std::string name = parameter.substr(parameter.find_last_of(" &*") + 1);
      blocks |= parameter.find("frame_port") != std::string::npos ||
                parameter.find("weight_stream") != std::string::npos;
      if (parameter.find('*') != std::string::npos) {
        pragmas +=
            "#pragma HLS INTERFACE mode = m_axi port = " + name + " offset = slave bundle = " + name + "\n";
      }
      names.push_back(name);
    }
    if (blocks || process.is_control) continue;
    out.blank();
    out.open("void " + process.function + "_top(" + llvm::join(process.parameters, ", ") + ")");
    out.append(pragmas);
    out.line(process.function + "(" + llvm::join(names, ", ") + ");");
    out.close();
  }
  return out.take();
}

// What the text declares before its functions.
std::string Preamble(const DesignIndex& index, int64_t stack_bytes) {
  TextWriter out;
  out.line("// SPDX-License-Identifier: Apache-2.0");
  out.line("// Written by streamtensorc.");
  out.line("#define ST_STACK_BYTES " + Number(stack_bytes));
  out.line("#define ST_STEP_TOKENS " + Number(index.step_tokens()));
  out.line("#include \"design.h\"");
  out.blank();
  for (const char* name : kKernelHeaders) out.line(std::string("#include \"st/") + name + ".h\"");
  out.blank();
  for (dataflow::StreamOp frames : index.streams()) {
    if (frames.getKind() != dataflow::ChannelKind::frames) continue;
    const std::string fifo = "st::frame_fifo<" + Number(static_cast<int64_t>(*frames.getWords())) + ", " +
                             Number(static_cast<int64_t>(frames.getDepth())) + ">";
    out.line("typedef " + fifo + "::port frame_port;");
    out.line("typedef " + fifo + "::stream frame_stream;");
  }
  if (!index.weight_streams().empty()) {
    out.line("typedef st::weight_fifo<" +
             Number(static_cast<int64_t>(dataflow::StreamOp(index.weight_streams().front()).getDepth())) +
             ">::stream weight_stream;");
    out.blank();
  }
  return out.take();
}

// What the processes need of their fibers' stacks.
int64_t StackBytes(const std::vector<ProcessText>& processes) {
  int64_t bytes = kLeastStackBytes;
  for (const ProcessText& process : processes) {
    // Twice: the compiler keeps temporaries, and inlining does not share all of them.
    bytes = std::max(bytes, (2 * process.local_bytes / 65536 + 4) * 65536);
  }
  return bytes;
}

// `processes` as the index has them.
mlir::LogicalResult EmitTop(const DesignIndex& index, const std::vector<ProcessText>& processes,
                            TextWriter& out) {
  out.line("extern \"C\" void " + dataflow::DesignOp(index.design()).getSymName() + "(");
  out.line("    " + ArgumentList(index) + ") {");
  out.append(InterfacePragmas(index));
  // Feedback: a process must not wait for the start token of one that waits for its results.
  out.directive("#pragma HLS DATAFLOW disable_start_propagation");
  out.set_depth(1);
  if (mlir::failed(EmitStreams(index, out))) return mlir::failure();
  out.blank();
  for (const ProcessText& process : processes) {
    out.line("ST_PROCESS(" + process.function + ", " + llvm::join(process.arguments, ", ") + ");");
  }
  out.line("ST_DATAFLOW_END");
  out.close();
  return mlir::success();
}

}  // namespace

mlir::FailureOr<DesignText> EmitDesign(dataflow::DesignOp design) {
  mlir::FailureOr<DesignIndex> index = DesignIndex::Create(design);
  if (mlir::failed(index)) return mlir::failure();
  for (dataflow::MemoryOp memory : index->memories()) {
    if (!PointerType(memory))
      return memory.emitOpError("has a type without a C++ pointer: ")
             << memory.getType().value_or(mlir::Type());
  }

  ConstantPool constants;
  TextWriter functions;
  // The calls stand in the design's order; the functions too, but for those that others derive from.
  std::vector<dataflow::ProcessOpInterface> processes = index->processes().vec();
  std::vector<size_t> order(processes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_partition(order.begin(), order.end(), [&](size_t i) { return processes[i].standsFirst(); });
  std::vector<ProcessText> texts(processes.size());
  for (const size_t i : order) {
    if (!functions.text().empty()) functions.blank();
    ProcessWriter writer(*index, processes[i], &functions, &constants);
    if (mlir::failed(processes[i].emit(writer))) return mlir::failure();
    texts[i] = writer.Take();
    texts[i].is_control = processes[i].isControl();
  }

  TextWriter out;
  out.append(Preamble(*index, StackBytes(texts)));
  if (const std::string text = constants.Text(); !text.empty()) {
    out.append(text);
    out.blank();
  }
  out.append(functions.text());
  out.blank();
  if (mlir::failed(EmitTop(*index, texts, out))) return mlir::failure();

  DesignText text;
  text.design_h = HeaderFile(*index, design.getSymName());
  text.design_cpp = out.take();
  text.launch_cpp = LaunchFile(design.getSymName());
  text.processes_cpp = ProcessesFile(texts);
  return text;
}

}  // namespace streamtensor::compiler::hls
