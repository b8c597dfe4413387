// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/exported_decoder.h"

#include <gtest/gtest.h>

#include <string>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tests/compiler/frontend/exported/step_builder.h"

namespace streamtensor::compiler {
namespace {

class ExportedDecoder : public ::testing::Test {
 protected:
  std::string Folder() const {
    return ::testing::TempDir() + "/exported_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  absl::StatusOr<ImportedModel> Import(const FolderBuilder& folder,
                                       Quantisation quantise = Quantisation::kNone) {
    folder.Write(Folder());
    return ImportExportedDecoder(Folder(), {.quantise = quantise}, &context_);
  }
  // With the first `from` of a file replaced.
  void ExpectRefused(const std::string& file, const std::string& from, const std::string& to,
                     absl::StatusCode code, const std::string& part) {
    FolderBuilder folder = SmallExportedFolder();
    std::string& text = folder.files[file];
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const absl::Status status = Import(folder).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
    EXPECT_NE(std::string(status.message()).find(Folder()), std::string::npos)
        << "names the folder: " << status;
  }

  mlir::MLIRContext context_;
};

// The type of part `part` of a weight of @step.
std::string PartType(ImportedModel& model, const std::string& weight, const std::string& part) {
  auto step = model.module->lookupSymbol<mlir::func::FuncOp>("step");
  for (unsigned i = 0; i < step.getNumArguments(); ++i) {
    auto name = step.getArgAttrOfType<mlir::StringAttr>(i, dataflow::kWeightAttr);
    auto which = step.getArgAttrOfType<mlir::StringAttr>(i, dataflow::kPartAttr);
    if (!name || name.str() != weight || which.str() != part) continue;
    std::string text;
    llvm::raw_string_ostream(text) << step.getArgument(i).getType();
    return text;
  }
  return "none";
}

TEST_F(ExportedDecoder, IsADecoder) {
  absl::StatusOr<ImportedModel> model = Import(SmallExportedFolder());
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_TRUE(model->decoder.has_value());
  EXPECT_EQ(model->decoder->architecture(), "module");
  EXPECT_EQ(model->decoder->layers(), 2u);
  EXPECT_EQ(model->decoder->hidden(), 32u);
  EXPECT_EQ(model->decoder->query_heads(), 2u);
  EXPECT_EQ(model->decoder->kv_heads(), 1u);
  EXPECT_EQ(model->decoder->head_dim(), 16u);
  EXPECT_EQ(model->decoder->vocabulary(), 16u);
  EXPECT_EQ(model->decoder->max_context(), 64u);
  EXPECT_TRUE(model->tokenizer.has_value());
  EXPECT_EQ(PartType(*model, "blocks.{layer}.key", "q"), "tensor<2x16x1x32xi8>");
  EXPECT_EQ(PartType(*model, "blocks.{layer}.norm", "value"), "tensor<2x32xf32>");
  EXPECT_EQ(PartType(*model, "embedding", "q"), "tensor<16x1x32xi8>");
  EXPECT_TRUE(model->quantised.empty());
}

TEST_F(ExportedDecoder, TellsWhatEachLayerLoses) {
  double errors[2] = {};
  for (const bool four_bits : {false, true}) {
    absl::StatusOr<ImportedModel> model =
        Import(SmallExportedFolder(), four_bits ? Quantisation::kW4A8 : Quantisation::kW8A8);
    ASSERT_TRUE(model.ok()) << model.status();
    // Four products a layer, and the head.
    ASSERT_EQ(model->quantised.size(), 9u);
    EXPECT_EQ(model->quantised[0].weight, "blocks.0.query");
    EXPECT_EQ(model->quantised[1].weight, "blocks.1.query");
    EXPECT_EQ(model->quantised[8].weight, "head");
    EXPECT_EQ(model->quantised[2].rows, 16);
    EXPECT_EQ(model->quantised[2].columns, 32);
    for (const QuantisedProduct& product : model->quantised) {
      EXPECT_GT(product.relative_error, 1e-4) << product.weight;
      EXPECT_LT(product.relative_error, four_bits ? 0.15 : 0.02) << product.weight;
    }
    errors[four_bits] = model->quantised[0].relative_error;
    EXPECT_EQ(PartType(*model, "blocks.{layer}.key", "q"),
              four_bits ? "tensor<2x16x1x32xi4>" : "tensor<2x16x1x32xi8>");
    EXPECT_EQ(PartType(*model, "blocks.{layer}.key", "m"), four_bits ? "tensor<2x16x1xf16>" : "none");
    EXPECT_EQ(PartType(*model, "embedding", "q"), "tensor<16x1x32xi8>") << "only looked up";
  }
  EXPECT_GT(errors[1], 3 * errors[0]);
}

TEST_F(ExportedDecoder, IsInspected) {
  FolderBuilder folder = SmallExportedFolder();
  folder.Write(Folder());
  const auto text = InspectExportedDecoder(Folder(), InspectFormat::kText);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_NE(text->find("compilable: yes\n"), std::string::npos) << *text;
  EXPECT_NE(text->find("blocks.1.out                     F32  -> i8"), std::string::npos) << *text;
  EXPECT_NE(text->find("tokenizer: byte-level BPE, 16 tokens"), std::string::npos) << *text;
  std::string& step = folder.files["step.mlir"];
  step.replace(step.rfind("math.rsqrt"), 10, "math.exp");
  folder.Write(Folder());
  const auto other = json::parse(*InspectExportedDecoder(Folder(), InspectFormat::kJson));
  EXPECT_EQ(other["compilable"], false);
  EXPECT_NE(other["reason"].get<std::string>().find("layers are not alike"), std::string::npos) << other;
  folder.files.erase("model.safetensors");
  folder.Write(Folder());
  EXPECT_EQ(InspectExportedDecoder(Folder(), InspectFormat::kText).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ExportedDecoder, RefusesWithAReason) {
  using absl::StatusCode;
  const StatusCode invalid = StatusCode::kInvalidArgument, unimplemented = StatusCode::kUnimplemented;
  ExpectRefused("decoder.json", "streamtensor-decoder", "other", invalid, "format is 'other'");
  ExpectRefused("decoder.json", "\"context\":64", "\"context\":-1", invalid, "context is -1; expected 1 to");
  ExpectRefused("decoder.json", "\"version\":1", "\"version\":3", unimplemented, "reads version 1");
  ExpectRefused("step.mlir", "@main", "@other", invalid, "expected one function, @main");
  ExpectRefused("step.mlir", "\"ids\"", "\"id\"", invalid, "an input named 'id'");
  ExpectRefused("step.mlir", "\"blocks.1.out\"", "\"blocks.2.out\"", unimplemented,
                "has another name in another layer");
  ExpectRefused("step.mlir", "call @streamtensor_layer(%x1, %c1)", "call @streamtensor_layer(%x1, %c0)",
                unimplemented, "expected markers 0, 1, 2, ... in order");
  ExpectRefused("step.mlir", "%v1, %k_cache, %v_cache, %positions, %c1",
                "%k1, %k_cache, %v_cache, %positions, %c1", unimplemented, "as v_new of layer 1");
  ExpectRefused("step.mlir", "[0, 1], [2], [3]] output_shape", "[0], [1], [2, 3]] output_shape", invalid,
                "step.mlir");
  ExpectRefused("step.mlir", "\"embedding\"", "\"\\07embedding\"", unimplemented, "can't be printed");
  ExpectRefused("model.safetensors", "\"head\"", "\"tail\"", invalid, "head");
}

}  // namespace
}  // namespace streamtensor::compiler
