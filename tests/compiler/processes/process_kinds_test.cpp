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
#include "compiler/passes/pipeline.h"
#include "compiler/processes/ProcessDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = ST_SOURCE_DIR;
// Modules of which the designs together hold every kind.
const char* const kModules[] = {"attention", "layers", "mlp"};

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
  const std::map<std::string, Sample> samples = Samples();
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
