// SPDX-License-Identifier: Apache-2.0
// What the tests of an architecture share: a model file is written, imported, and its module read as text.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "absl/status/statusor.h"
#include "compiler/frontend/imported_model.h"
#include "llvm/Support/raw_ostream.h"
#include "tests/compiler/frontend/gguf_builder.h"

namespace streamtensor::compiler {

// What MLIR prints of a module or a type.
template <typename T>
std::string Text(T value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  value.print(stream);
  return text;
}

class ImportTest : public ::testing::Test {
 protected:
  // The path of a file of this test's own.
  static std::string Write(const GgufBuilder& builder) {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    const std::string path =
        ::testing::TempDir() + "/" + test.test_suite_name() + "_" + test.name() + ".gguf";
    builder.Write(path);
    return path;
  }
  absl::StatusOr<ImportedModel> Import(const GgufBuilder& builder, const ImportOptions& options = {}) {
    return ImportModel(Write(builder), options, &context_);
  }

  mlir::MLIRContext context_;
};

}  // namespace streamtensor::compiler
