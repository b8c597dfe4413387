// SPDX-License-Identifier: Apache-2.0
// What holds for every kind of process, whichever there are: each is a pair of files, nothing but its
// verifier stands between a missing attribute and a proof, and those who ask the interface know no kind.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "compiler/frontend/imported_model.h"
#include "compiler/passes/attach_platform.h"
#include "compiler/passes/pipeline.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/targets/hls/design_emitter.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = ST_SOURCE_DIR;
// Modules of which the designs together hold every kind.
const char* const kModules[] = {"attention", "layers", "mlp", "streams"};

std::string ReadText(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

class ProcessKindsTest : public testing::Test {
 protected:
  ProcessKindsTest() {
    LoadFrontendDialects(&context_);
    context_.loadDialect<process::ProcessDialect>();
    for (mlir::RegisteredOperationName name : context_.getRegisteredOperations()) {
      if (name.getDialectNamespace() == process::ProcessDialect::getDialectNamespace())
        kinds_.push_back(name);
    }
  }

  // The design of one of kModules, as the pipeline makes it.
  mlir::OwningOpRef<mlir::ModuleOp> Design(const std::string& name) {
    auto module = mlir::parseSourceFile<mlir::ModuleOp>(
        (kSource / "tests/compiler/passes/Inputs" / (name + ".mlir")).string(), &context_);
    if (!module) return module;
    const absl::StatusOr<Platform> platform = FindPlatform("u55c");
    EXPECT_TRUE(platform.ok()) << platform.status();
    AttachPlatform(*module, *platform);
    mlir::PassManager passes(&context_);
    for (const PipelineStage& stage : PipelineStages()) stage.add_passes(passes, {});
    EXPECT_TRUE(mlir::succeeded(passes.run(*module))) << name;
    return module;
  }

  // The first process of each kind in any of the designs, and its design.
  struct Sample {
    mlir::ModuleOp module;
    std::string process;
  };
  std::map<std::string, Sample> Samples() {
    std::map<std::string, Sample> samples;
    for (const char* name : kModules) {
      designs_.push_back(Design(name));
      if (!designs_.back()) continue;
      designs_.back()->walk([&](dataflow::ProcessOpInterface process) {
        samples.try_emplace(process->getName().getStringRef().str(),
                            Sample{*designs_.back(), process.getSymName().str()});
      });
    }
    return samples;
  }

  // What the verifier says; empty: nothing.
  template <typename Action>
  std::string ErrorOf(Action action) {
    std::string error;
    mlir::ScopedDiagnosticHandler handler(&context_, [&](mlir::Diagnostic& diagnostic) {
      if (error.empty()) error = diagnostic.str();
      return mlir::success();
    });
    const bool succeeded = action();
    EXPECT_EQ(succeeded, error.empty());
    return succeeded ? "" : error;
  }

  mlir::MLIRContext context_;
  std::vector<mlir::RegisteredOperationName> kinds_;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> designs_;
};

TEST_F(ProcessKindsTest, EachIsAPairOfFilesAndALine) {
  const std::string list = ReadText(kSource / "compiler/processes/Processes.td");
  std::set<std::string> listed;
  const std::regex include("include \"compiler/processes/(\\w+)\\.td\"");
  for (auto it = std::sregex_iterator(list.begin(), list.end(), include); it != std::sregex_iterator();
       ++it) {
    listed.insert((*it)[1]);
  }
  std::set<std::string> kinds;
  for (mlir::RegisteredOperationName kind : kinds_) {
    const std::string name = kind.stripDialect().str();
    kinds.insert(name);
    EXPECT_TRUE(fs::exists(kSource / "compiler/processes" / (name + ".td"))) << name;
    EXPECT_TRUE(fs::exists(kSource / "compiler/processes" / (name + ".cpp"))) << name;
    EXPECT_TRUE(kind.hasInterface<dataflow::ProcessOpInterface>()) << name;
  }
  EXPECT_EQ(listed, kinds);
}

TEST_F(ProcessKindsTest, EveryAttributeOfEveryKindIsRequired) {
  std::map<std::string, Sample> samples = Samples();
  for (mlir::RegisteredOperationName kind : kinds_) {
    const auto sample = samples.find(kind.getStringRef().str());
    ASSERT_NE(sample, samples.end()) << "no sample design holds a " << kind.getStringRef().str();
    for (mlir::StringAttr attribute : kind.getAttributeNames()) {
      SCOPED_TRACE(kind.getStringRef().str() + " without " + attribute.str());
      mlir::OwningOpRef<mlir::ModuleOp> copy(sample->second.module.clone());
      ASSERT_TRUE(mlir::succeeded(mlir::verify(*copy)));
      copy->walk([&](dataflow::ProcessOpInterface process) {
        if (process.getSymName() != sample->second.process) return mlir::WalkResult::advance();
        process->removeAttr(attribute);
        return mlir::WalkResult::interrupt();
      });
      const std::string error = ErrorOf([&] { return mlir::succeeded(mlir::verify(*copy)); });
      EXPECT_NE(error.find("requires attribute '" + attribute.str() + "'"), std::string::npos) << error;
    }
  }
}

// Of streams and memories too, or the text would be made from a default. Reports alone read these:
const std::set<std::string> kOnlyReported = {"dataflow.memory section", "dataflow.memory dataflow.room",
                                             "dataflow.stream minimum", "dataflow.stream role"};

TEST_F(ProcessKindsTest, NoTextIsMadeWithoutAnAttributeOfAStreamOrMemory) {
  std::set<std::string> seen;
  for (const char* name : kModules) {
    mlir::OwningOpRef<mlir::ModuleOp> module = Design(name);
    ASSERT_TRUE(module);
    ASSERT_TRUE(mlir::succeeded(hls::EmitDesign(*module->getOps<dataflow::DesignOp>().begin())));
    const auto ends_of = [](mlir::ModuleOp in) {
      llvm::SmallVector<mlir::Operation*> ends;
      in.walk([&](mlir::Operation* op) {
        if (llvm::isa<dataflow::StreamOp, dataflow::MemoryOp>(op)) ends.push_back(op);
      });
      return ends;
    };
    const llvm::SmallVector<mlir::Operation*> ends = ends_of(*module);
    for (size_t i = 0; i < ends.size(); ++i) {
      auto memory = llvm::dyn_cast<dataflow::MemoryOp>(ends[i]);
      auto stream = llvm::dyn_cast<dataflow::StreamOp>(ends[i]);
      const std::string kind =
          memory ? memory.getRole().str() : dataflow::stringifyChannelKind(stream.getKind()).str();
      for (mlir::NamedAttribute attribute : ends[i]->getAttrs()) {
        const std::string entry = ends[i]->getName().getStringRef().str() + " " + attribute.getName().str();
        if (kOnlyReported.count(entry) || !seen.insert(entry + " " + kind).second) continue;
        SCOPED_TRACE(entry + " of " + kind + " in " + name);
        mlir::OwningOpRef<mlir::ModuleOp> copy(module->clone());
        ends_of(*copy)[i]->removeAttr(attribute.getName());
        EXPECT_NE(ErrorOf([&] {
                    return mlir::succeeded(mlir::verify(*copy)) &&
                           mlir::succeeded(hls::EmitDesign(*copy->getOps<dataflow::DesignOp>().begin()));
                  }),
                  "");
      }
    }
  }
  EXPECT_GT(seen.size(), 40u);
}

// Ends of the entries of a list in brackets that starts at `open`, at its own depth.
std::vector<std::pair<size_t, size_t>> EntriesOf(const std::string& text, size_t open) {
  std::vector<std::pair<size_t, size_t>> entries;
  size_t start = open + 1;
  int depth = 0;
  bool quoted = false;
  for (size_t at = open; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '<' || c == '[') ++depth;
    const bool closes = c == '>' || c == ']';
    if (depth == 1 && (c == ',' || closes)) {
      entries.push_back({start, at});
      start = at + 1;
    }
    if (closes && --depth == 0) break;
  }
  return entries;
}

TEST_F(ProcessKindsTest, EveryFieldOfEveryOperationIsRequired) {
  size_t removed = 0;
  for (const char* name : kModules) {
    mlir::OwningOpRef<mlir::ModuleOp> module = Design(name);
    ASSERT_TRUE(module);
    std::string text;
    llvm::raw_string_ostream(text) << *module;
    ASSERT_TRUE(mlir::parseSourceString<mlir::ModuleOp>(text, &context_)) << name;
    const std::regex attribute("(#process\\.\\w+|[\\[ ])<\\w+ = ");
    for (auto it = std::sregex_iterator(text.begin(), text.end(), attribute); it != std::sregex_iterator();
         ++it) {
      const size_t open = text.find('<', it->position());
      const auto entries = EntriesOf(text, open);
      for (auto [start, end] : entries) {
        // With the comma behind it, or the one before the last.
        const bool last = end == entries.back().second;
        std::string without = text;
        if (entries.size() == 1) {
          without.erase(start, end - start);
        } else if (last) {
          without.erase(start - 1, end - start + 1);
        } else {
          without.erase(start, end - start + 1);
        }
        ++removed;
        const std::string entry = text.substr(start, end - start);
        EXPECT_NE(ErrorOf([&] { return bool(mlir::parseSourceString<mlir::ModuleOp>(without, &context_)); }),
                  "")
            << name << " without " << entry;
      }
    }
  }
  EXPECT_GT(removed, 20u);
}

// A design that is right but for one edit, and what the verifier says of it.
struct Edit {
  const char* from;
  const char* to;
  const char* message;
};

class WrongDesignTest : public ProcessKindsTest {
 protected:
  void ExpectRefused(const std::string& good, llvm::ArrayRef<Edit> edits) {
    ASSERT_TRUE(mlir::parseSourceString<mlir::ModuleOp>(good, &context_)) << good;
    for (const Edit& edit : edits) {
      SCOPED_TRACE(edit.to);
      const size_t at = good.find(edit.from);
      ASSERT_NE(at, std::string::npos) << edit.from;
      std::string text = good;
      text.replace(at, std::string(edit.from).size(), edit.to);
      const std::string error =
          ErrorOf([&] { return bool(mlir::parseSourceString<mlir::ModuleOp>(text, &context_)); });
      EXPECT_NE(error.find(edit.message), std::string::npos) << error;
    }
  }

  std::string TextOf(const std::string& name) {
    std::string text;
    llvm::raw_string_ostream(text) << *Design(name);
    return text;
  }
};

TEST_F(WrongDesignTest, IsNamedByItsVerifier) {
  const Edit edits[] = {
      // Fields of operations.
      {"bits = 4", "bits = 5", "an issue has 4 or 8 bits, got 5"},
      {"bits = 4, groups = 2", "bits = 4, groups = 0", "an issue has at least 1 group, got 0"},
      {"bits = 4, groups = 2", "bits = 4, groups = 2, scale_groups = 4",
       "of 2 groups of 4 bits 4 can't share a scale; 1 or, of 4 bits, 2 or 4 that divide them can"},
      {"bits = 4, groups = 2", "bits = 8, groups = 2, scale_groups = 2",
       "of 2 groups of 8 bits 2 can't share"},
      {"row_tiles = 4, rows = T, alternate", "row_tiles = 5, rows = T, alternate",
       "an issue of 5 row tiles has weights of 4"},
      {"row_tiles = 4, rows = T, alternate", "row_tiles = 4, rows = X, alternate",
       "rows are T, W or a number, got X"},
      {"row_tiles = 4, rows = T, alternate", "row_tiles = 4, rows = 0, alternate",
       "rows must be at least 1, got 0"},
      {"rows = 64, minimum", "rows = -64, minimum", "must have at least 1 row, got -64"},
      {"order = rows", "order = columns", "an order is rows or tiles, got columns"},
      {"sinks = [0]", "sinks = []", "a route has at least one sink"},
      {"sinks = [0]", "sinks = [-1]", "a route's sink must not be negative, got -1"},
      // Against the streams.
      {"source = 1", "source = 2", "has no source 2; there are 2"},
      {"source = 1", "source = 0", "takes no frame from @last"},
      {"source = 0, groups = 2", "source = 0, groups = 3", "moves 6 * T words through @operand"},
      {"order = rows", "order = tiles", "takes tiles from @operand"},
      {"{words = 32 : i64}\n  dataflow.stream @weights0", "{words = 48 : i64}\n  dataflow.stream @weights0",
       "takes frames of 48 words"},
      {"lanes 1", "lanes 17", "lanes must be 1..16, got 17"},
      {"sinks = [1]", "sinks = [2]", "has no sink 2; there are 2"},
      {"sinks = [1]", "sinks = [0]", "routes to @product twice"},
      {"sinks = [1], row_tiles = 2", "sinks = [1], row_tiles = 3", "moves 3 * T words through @head"},
      {"role = \"weights\", channel = 0", "role = \"weights\", channel = 2",
       "fills weight stream 0 of @engine from the memory of channel 2"},
      {"{shared_loops = 0 : i64}", "{shared_loops = 1 : i64}", "with 1 shared loops"},
      {"{shared_loops = 0 : i64}", "{shared_loops = -1 : i64}", "shared_loops must not be negative, got -1"},
      {"from @fork to @add {type = !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>}",
       "from @fork to @add {type = !itensor.itensor<1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)>}",
       "moves 4 * T words through @skip, which carries 2 * T"},
      {"from @add to @carry {type = !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>}",
       "from @add to @carry {type = !itensor.itensor<1x64xf32, [W max 16]*[1], (d0) -> (d0, 0)>}",
       "moves 4 * T words through @back, which carries 4 * W"},
      {"tensor<?x64xf32>", "tensor<?x96xf32>", "loads whole rows of 96 float32"},
      {"tensor<?x20xf32>", "tensor<?x40xf32>", "stores rows of 32 in a memory of rows of 40"},
      {"fields [\"position\"]", "fields [\"colour\"]", "takes a field that the step header does not carry"},
      {"fields [\"position\"]", "fields []", "body has 5 arguments, expected 4"},
      // Against the design.
      {"layers = 2", "layers = 0", "carries a value through layers, of which the design has none"},
      {"role = \"output\", type = tensor<?x20xf32>", "role = \"input\", type = tensor<?x20xf32>",
       "owns memories of these roles: output; got input"},
      {"dataflow.stream @done_store done depth 2", "dataflow.stream @done_store pages depth 2",
       "reads streams of these kinds: header, done*; got header, pages"},
  };
  ExpectRefused(ReadText(kSource / "tests/compiler/targets/hls/small_design.mlir.inc"), edits);
}

TEST_F(WrongDesignTest, OfPagesIsNamedByItsVerifier) {
  const Edit edits[] = {
      {"max_pages = 4", "max_pages = 0", "needs a page table, but the design's max_pages is 0"},
      {"query_heads = 2", "query_heads = 3", "maps query head 2 to KV head 2 of 2"},
      {"query_heads = 2", "query_heads = 1", "moves T whole rows of 32 float32"},
      {"head_dim = 32 : i64, kv_head_map", "head_dim = 0 : i64, kv_head_map",
       "head_dim must be at least 1, got 0"},
      {"windows = array<i64>", "windows = array<i64: 3>", "has windows of 1 layers, the design has 2"},
      {"windows = array<i64>", "windows = array<i64: 3, -1>",
       "a window must be 0 or a number of positions below 2^31, got -1"},
      {"{head_dim = 32 : i64, kv_heads = 2 : i64}", "{head_dim = 16 : i64, kv_heads = 2 : i64}",
       "moves T whole rows of 32 float32"},
      {"type = tensor<?x2x2x32x32xf16>", "type = tensor<?x3x2x32x32xf16>",
       "is a pool and must have the type 'tensor<?x2x2x32x32xf16>', got 'tensor<?x3x2x32x32xf16>'"},
      {"type = tensor<?x2x2x32x32xf16>", "type = tensor<?x2x2x16x32xf16>",
       "is a pool and must have the type 'tensor<?x2x2x32x32xf16>', got 'tensor<?x2x2x16x32xf16>'"},
      {"role = \"k_read\"", "role = \"k_write\"", "owns memories of these roles: k_read, v_read"},
      {"mask_offset = 0 : i64, query_heads", "mask_offset = 1 : i64, query_heads",
       "has the mask_offset 1 : i64, @load_pages that loads its pages has 0 : i64"},
  };
  ExpectRefused(TextOf("attention"), edits);
}

TEST_F(WrongDesignTest, OfRowsThatWantLogitsIsNamedByItsVerifier) {
  const Edit edits[] = {
      {"from @take_rows to @activation_switch {minimum = 1 : i64, type = "
       "!itensor.itensor<1x32xf32, [W max 16]*[1], (d0) -> (d0, 0)>}",
       "from @take_rows to @activation_switch {minimum = 1 : i64, type = "
       "!itensor.itensor<1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)>}",
       "moves 2 * W words through"},
  };
  ExpectRefused(TextOf("layers"), edits);
}

// The text of a source file without its comments.
std::string CodeOf(const fs::path& path) {
  return std::regex_replace(ReadText(path), std::regex("//[^\n]*"), "");
}

TEST_F(ProcessKindsTest, NoneIsKnownByNameToThoseWhoAsk) {
  std::vector<fs::path> files;
  for (const char* file : {"passes/assign_channels.cpp", "passes/size_fifos.cpp", "passes/verify_bound.cpp",
                           "analysis/network_builder.h", "analysis/network_builder.cpp", "analysis/trace.h",
                           "analysis/trace.cpp"}) {
    files.push_back(kSource / "compiler" / file);
  }
  for (const auto& entry : fs::directory_iterator(kSource / "compiler/targets/hls")) {
    const std::string name = entry.path().filename();
    // Templates have kinds' names.
    if (name != "kernel_headers.h" && name != "CMakeLists.txt") files.push_back(entry.path());
  }
  ASSERT_GT(files.size(), 15u);
  for (const fs::path& file : files) {
    const std::string code = CodeOf(file);
    for (const char* text : {"compiler/processes/", "process::", "\"process."}) {
      EXPECT_EQ(code.find(text), std::string::npos) << file << " has " << text;
    }
    for (mlir::RegisteredOperationName kind : kinds_) {
      const std::string name = kind.stripDialect().str();
      // "take_rows" -> "TakeRowsOp"
      std::string operation;
      for (size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '_') continue;
        operation += i == 0 || name[i - 1] == '_' ? static_cast<char>(std::toupper(name[i])) : name[i];
      }
      for (const std::string& text : {"\"" + name + "\"", operation + "Op"}) {
        EXPECT_EQ(code.find(text), std::string::npos) << file << " has " << text;
      }
    }
  }
}

}  // namespace
}  // namespace streamtensor::compiler
