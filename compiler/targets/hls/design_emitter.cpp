// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/design_emitter.h"

#include <algorithm>

#include "compiler/targets/hls/connectivity.h"
#include "compiler/targets/hls/network.h"
#include "compiler/targets/hls/process_text.h"
#include "llvm/ADT/StringExtras.h"

namespace streamtensor::compiler::hls {
namespace {

constexpr int64_t kLeastStackBytes = 1 << 20;

std::string Number(int64_t value) { return std::to_string(value); }

// The header, its fan-out and the status: made from the IR's one process of kind `header`.
class HeaderText {
 public:
  HeaderText(const Network& network, dataflow::ProcessOp header, bool pages)
      : network_(network), pages_(pages), name_(network.Name(header.getSymName())) {
    for (mlir::Attribute write : header.getWrites()) {
      outputs_.push_back(network.Name(network.stream(write).getSymName()));
    }
    outputs_.push_back("header_status");
  }

  void EmitFunctions(TextWriter& out, const std::vector<ProcessText>& processes) {
    out.open("struct " + name_ + "_config");
    out.line("static constexpr int step_tokens = " + Number(network_.step_tokens()) + ";");
    out.line("static constexpr int step_logits = " + Number(network_.step_logits()) + ";");
    out.line("static constexpr int max_pages = " + Number(network_.max_pages()) + ";");
    out.line("static constexpr int vocabulary = " + Number(network_.vocabulary()) + ";");
    out.close(";");
    const std::string pages_parameter = pages_ ? ", hls::stream<st::word512>& pages" : "";
    out.open("static void " + name_ + "(const st::word512* descriptor, hls::stream<st::header_word>& out" +
             pages_parameter + ")");
    out.line(pages_ ? "st::header_with_pages<" + name_ + "_config>(descriptor, out, pages);"
                    : "st::header<" + name_ + "_config>(descriptor, out);");
    out.close();
    out.blank();

    std::string parameters = "hls::stream<st::header_word>& in";
    for (const std::string& output : outputs_) parameters += ", hls::stream<st::header_word>& " + output;
    out.open("static void header_fan_out(" + parameters + ")");
    auto write_all = [&] {
      for (const std::string& output : outputs_) out.line(output + ".write(word);");
    };
    out.line("st::header_word word = in.read();");
    out.line("const int tokens = st::header_tokens(word);");
    write_all();
    out.open("for (int t = 0; t < tokens; ++t)");
    out.directive("#pragma HLS PIPELINE II = 1");
    out.line("word = in.read();");
    write_all();
    out.close();
    out.close();
    out.blank();

    std::string status_parameters = "hls::stream<st::header_word>& headers, st::word512* status";
    std::string done_arguments;
    for (const ProcessText& process : processes) {
      if (!process.sends_done) continue;
      status_parameters += ", hls::stream<st::done_token>& done_" + process.function;
      done_arguments += ", done_" + process.function;
    }
    out.open("static void write_status(" + status_parameters + ")");
    out.line("st::write_status(headers, status" + done_arguments + ");");
    out.close();
    done_arguments_ = done_arguments;
  }

  void EmitStreams(TextWriter& out, const std::vector<ProcessText>& processes) {
    out.line("hls::stream<st::header_word, 2> header_words(\"header_words\");");
    out.line("hls::stream<st::header_word, 2> header_status(\"header_status\");");
    if (pages_) out.line("hls::stream<st::word512, 2> page_table(\"page_table\");");
    for (const ProcessText& process : processes) {
      if (!process.sends_done) continue;
      const std::string name = "done_" + process.function;
      out.line("hls::stream<st::done_token, 2> " + name + "(\"" + name + "\");");
    }
  }

  void EmitProcesses(TextWriter& out, const std::string& descriptor, const std::string& status) {
    out.line("ST_PROCESS(" + name_ + ", " + descriptor + ", header_words" + (pages_ ? ", page_table" : "") +
             ");");
    out.line("ST_PROCESS(header_fan_out, header_words, " + llvm::join(outputs_, ", ") + ");");
    out.line("ST_PROCESS(write_status, header_status, " + status + done_arguments_ + ");");
  }

 private:
  const Network& network_;
  bool pages_;
  std::string name_;
  std::vector<std::string> outputs_;
  std::string done_arguments_;
};

std::string ArgumentList(const Network& network) {
  std::string text;
  for (dataflow::MemoryOp memory : network.memories()) {
    if (!text.empty()) text += ",\n    ";
    text += *PointerType(memory) + " " + network.Name(memory.getSymName());
  }
  return text;
}

std::string MemoryOfRole(const Network& network, llvm::StringRef role) {
  for (dataflow::MemoryOp memory : network.memories()) {
    if (memory.getRole() == role) return network.Name(memory.getSymName());
  }
  return "";
}

mlir::LogicalResult EmitStreams(const Network& network, TextWriter& out) {
  const auto weights = network.weight_streams();
  for (dataflow::StreamOp stream : network.streams()) {
    const std::string name = network.Name(stream.getSymName());
    const std::string depth = Number(static_cast<int64_t>(stream.getDepth()));
    switch (stream.getKind()) {
      case dataflow::ChannelKind::words:
        out.line("hls::stream<st::word512, " + depth + "> " + name + "(\"" + name + "\");");
        break;
      case dataflow::ChannelKind::header:
        out.line("hls::stream<st::header_word, " + depth + "> " + name + "(\"" + name + "\");");
        break;
      case dataflow::ChannelKind::frames:
        out.line("hls::stream_of_blocks<activation_frame, " + depth + "> " + name + "(\"" + name + "\");");
        break;
      case dataflow::ChannelKind::blocks:
        if (stream != weights.front()) {
          if (stream.getDepth() != dataflow::StreamOp(weights.front()).getDepth()) {
            return stream.emitOpError("has another depth than the first weight stream; they are one array");
          }
          break;
        }
        out.line("weight_stream weights[" + Number(static_cast<int64_t>(weights.size())) + "];");
        break;
    }
  }
  return mlir::success();
}

std::string HeaderFile(const Network& network, llvm::StringRef top) {
  return "// SPDX-License-Identifier: Apache-2.0\n#ifndef STREAMTENSOR_DESIGN_H\n#define "
         "STREAMTENSOR_DESIGN_H\n\n"
         "#include <stdint.h>\n\n#include \"st/word.h\"\n\nextern \"C\" void " +
         top.str() + "(\n    " + ArgumentList(network) + ");\n\n#endif\n";
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
      blocks |= parameter.find("stream_of_blocks") != std::string::npos ||
                parameter.find("weight_stream") != std::string::npos;
      if (parameter.find('*') != std::string::npos) {
        pragmas += "#pragma HLS INTERFACE m_axi port = " + name + " offset = slave bundle = " + name + "\n";
      }
      names.push_back(name);
    }
    if (blocks) continue;
    out.blank();
    out.open("void " + process.function + "_top(" + llvm::join(process.parameters, ", ") + ")");
    out.append(pragmas);
    out.line(process.function + "(" + llvm::join(names, ", ") + ");");
    out.close();
  }
  return out.take();
}

}  // namespace

mlir::FailureOr<DesignText> EmitDesign(dataflow::DesignOp design, const EmitOptions& options) {
  mlir::FailureOr<Network> network = Network::Create(design);
  if (mlir::failed(network)) return mlir::failure();
  for (dataflow::MemoryOp memory : network->memories()) {
    if (!PointerType(memory))
      return memory.emitOpError("has a type without a C++ pointer: ")
             << memory.getType().value_or(mlir::Type());
  }
  const std::string top = design.getSymName().str();

  ConstantPool constants;
  TextWriter functions;
  std::vector<ProcessText> processes;
  dataflow::ProcessOp header;
  // What loads weights derives its configuration from the engine's.
  std::vector<dataflow::ProcessOp> ordered(network->processes().begin(), network->processes().end());
  std::stable_partition(ordered.begin(), ordered.end(), [](dataflow::ProcessOp process) {
    return process.getKind() == dataflow::ProcessKind::engine;
  });
  for (dataflow::ProcessOp process : ordered) {
    if (process.getKind() == dataflow::ProcessKind::header) {
      header = process;
      continue;
    }
    ProcessWriter writer(*network, process, &functions, &constants);
    mlir::FailureOr<ProcessText> text = writer.Emit();
    if (mlir::failed(text)) return mlir::failure();
    processes.push_back(std::move(*text));
    functions.blank();
  }
  if (!header) return design.emitOpError("has no process of kind header");
  const auto readers =
      llvm::count_if(processes, [](const ProcessText& process) { return process.reads_page_table; });
  if (readers > 1)
    return design.emitOpError("has ") << readers << " attention processes; one reads the page table";
  HeaderText header_text(*network, header, readers == 1);
  header_text.EmitFunctions(functions, processes);

  int64_t stack_bytes = kLeastStackBytes;
  for (const ProcessText& process : processes) {
    // Twice: the compiler keeps temporaries of its own, and inlining does not share all of them.
    stack_bytes = std::max(stack_bytes, (2 * process.local_bytes / 65536 + 4) * 65536);
  }

  TextWriter out;
  out.line("// SPDX-License-Identifier: Apache-2.0");
  out.line("// Written by streamtensorc.");
  out.line("#define ST_STACK_BYTES " + Number(stack_bytes));
  out.line("#define ST_STEP_TOKENS " + Number(network->step_tokens()));
  out.line("#include \"design.h\"");
  out.blank();
  for (const char* name :
       {"attention", "carry", "convert", "dataflow", "engine", "fork", "frames", "header", "issue",
        "kv_append", "load", "load_weights", "route", "rows", "scalar", "store", "take_rows"}) {
    out.line(std::string("#include \"st/") + name + ".h\"");
  }
  out.blank();
  if (!network->weight_streams().empty()) {
    out.line("typedef st::word512 activation_frame[" + Number(network->frame_words()) + "];");
    out.line("typedef hls::stream_of_blocks<st::weight_block, " +
             Number(static_cast<int64_t>(dataflow::StreamOp(network->weight_streams().front()).getDepth())) +
             "> weight_stream;");
    out.blank();
  }
  if (const std::string text = constants.Text(); !text.empty()) {
    out.append(text);
    out.blank();
  }
  out.append(functions.text());
  out.blank();

  out.line("extern \"C\" void " + top + "(");
  out.line("    " + ArgumentList(*network) + ") {");
  out.append(InterfacePragmas(*network));
  out.directive("#pragma HLS DATAFLOW");
  out.set_depth(1);
  if (mlir::failed(EmitStreams(*network, out))) return mlir::failure();
  header_text.EmitStreams(out, processes);
  out.blank();
  header_text.EmitProcesses(out, MemoryOfRole(*network, "descriptor"), MemoryOfRole(*network, "status"));
  for (const ProcessText& process : processes) {
    out.line("ST_PROCESS(" + process.function + ", " + llvm::join(process.arguments, ", ") + ");");
  }
  out.line("ST_DATAFLOW_END");
  out.close();

  DesignText text;
  text.design_h = HeaderFile(*network, top);
  text.design_cpp = out.take();
  text.launch_cpp = LaunchFile(top);
  text.processes_cpp = ProcessesFile(processes);
  text.connectivity = ConnectivityText(*network, options);
  return text;
}

}  // namespace streamtensor::compiler::hls
