// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/exported_decoder.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/exported/exported_step.h"
#include "compiler/frontend/exported/step_weights.h"
#include "compiler/frontend/exported/step_writer.h"
#include "compiler/frontend/exported_checkpoint.h"
#include "compiler/frontend/import_decoder.h"
#include "compiler/frontend/linalg_decoder_graph.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/mlir_text.h"
#include "compiler/frontend/product_quantisation.h"
#include "compiler/frontend/verified_module.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

using mlir::RankedTensorType;
using mlir::Value;

constexpr char kStep[] = "step.mlir";
constexpr char kFormat[] = "streamtensor-decoder";
constexpr int64_t kVersion = 1;

// Writes the three parts of the exported step where a decoder's operations go.
class ExportedGraph : public LinalgDecoderGraph, private StepWeights {
 public:
  ExportedGraph(mlir::MLIRContext* context, const ExportedStep& step, const ExportedWeights& weights)
      : LinalgDecoderGraph(context), step_(step), weights_(weights), writer_(step, builder_, loc()) {}

  // The first thing that can't be written; what was given in its place is of the right types alone.
  const absl::Status& status() const { return status_; }

  Tensor WriteEmbedding() {
    writer_.Enter(function_.positions, this, nullptr);
    writer_.Define(step_.ids(), function_.token_ids);
    writer_.Define(step_.positions(), function_.positions);
    return Rows(step_.Residual(0));
  }

  Tensor WriteLayer(Tensor x) {
    bool has_attended = false;
    const auto attend = [&](Value q, Value k, Value v) {
      has_attended = true;
      return ValueOf(Attend(Import(q), Import(k), Import(v), AttentionOfStep()));
    };
    writer_.Enter(function_.positions, this, attend);
    writer_.Define(step_.positions(), function_.positions);
    writer_.Define(step_.LayerInput(0), ValueOf(x));
    Tensor result = Rows(step_.Residual(1));
    if (has_attended) return result;
    if (status_.ok()) status_ = absl::UnimplementedError("the layers' attention does not reach the residual");
    Value q = Nothing(step_.query_heads() * step_.head_dim()),
          k = Nothing(step_.kv_heads() * step_.head_dim());
    Attend(Import(q), Import(k), Import(k), AttentionOfStep());
    return result;
  }

  Tensor WriteLogits(Tensor x) {
    writer_.Enter(ValueOf(x), this, nullptr);
    writer_.Define(step_.LayerInput(step_.layers()), ValueOf(x));
    return Rows(step_.logits());
  }

 private:
  Attention AttentionOfStep() const {
    return {.query_heads = step_.query_heads(),
            .kv_heads = step_.kv_heads(),
            .head_dim = step_.head_dim(),
            .scale = static_cast<float>(step_.attention_scale())};
  }

  Tensor Rows(Value old) {
    const int64_t width = ExportedStep::Shape(old).back();
    absl::StatusOr<Value> rows = writer_.WriteRows(old);
    const auto type = RankedTensorType::get({mlir::ShapedType::kDynamic, width}, builder_.getF32Type());
    if (rows.ok() && rows->getType() == type) return Import(*rows);
    if (rows.ok())
      rows = absl::UnimplementedError(
          Message("rows of ", Shown(old.getType()), " come as ", Shown(rows->getType())));
    if (status_.ok()) status_ = rows.status();
    return Import(Nothing(width));
  }

  Value Nothing(int64_t width) {
    return builder_.create<mlir::tensor::EmptyOp>(
        loc(),
        llvm::ArrayRef<mlir::OpFoldResult>{linalg_.Size(function_.positions, 0),
                                           builder_.getIndexAttr(width)},
        builder_.getF32Type());
  }

  QuantisedMatrix Matrix(const ProductWeight& weight) override { return Embedding(weight.argument); }
  QuantisedMatrix Embedding(Value argument) override {
    const std::string_view name = weights_.Matrix(argument);
    return name.empty() ? QuantisedMatrix() : MatrixNamed(name);
  }
  Value Values(Value argument) override {
    const std::string_view name = weights_.Values(argument);
    return name.empty() ? Value() : function_.weight(name, WeightPart::kValue);
  }

  const ExportedStep& step_;
  const ExportedWeights& weights_;
  StepWriter writer_;
  absl::Status status_;
};

class ExportedDecoder : public DecoderModel {
 public:
  ExportedDecoder(std::string architecture, const DecoderSizes& sizes, std::vector<DecoderWeight> weights)
      : DecoderModel(std::move(architecture), sizes, std::move(weights)) {}

  // Its graph is the one that knows the step.
  Tensor Embed(DecoderGraph& graph) const override {
    return static_cast<ExportedGraph&>(graph).WriteEmbedding();
  }
  Tensor Layer(DecoderGraph& graph, Tensor x) const override {
    return static_cast<ExportedGraph&>(graph).WriteLayer(x);
  }
  Tensor Logits(DecoderGraph& graph, Tensor x) const override {
    return static_cast<ExportedGraph&>(graph).WriteLogits(x);
  }
};

absl::Status CheckExportedDescription(const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const std::string format, checkpoint.GetString("format"));
  if (format != kFormat)
    return absl::InvalidArgumentError(
        Message(kExportedDescription, ": format is ", Quoted(format), "; expected '", kFormat, "'"));
  ASSIGN_OR_RETURN(const int64_t version, checkpoint.GetInt("version"));
  if (version != kVersion) {
    return absl::UnimplementedError(
        Message(kExportedDescription, ": version is ", version, "; this compiler reads version ", kVersion));
  }
  return absl::OkStatus();
}

absl::StatusOr<DecoderSizes> Sizes(const Checkpoint& checkpoint, const ExportedStep& step,
                                   const ExportedWeights& weights) {
  ASSIGN_OR_RETURN(const int64_t context, checkpoint.GetInt("context"));
  const int64_t most = weights.positions() > 0 ? weights.positions() : int64_t{1} << 31;
  if (context < 1 || context > most) {
    return absl::InvalidArgumentError(Message(kExportedDescription, ": context is ", context,
                                              "; expected 1 to ", most,
                                              ", the positions that the tables have"));
  }
  return DecoderSizes{.layers = step.layers(),
                      .hidden = step.hidden(),
                      .query_heads = step.query_heads(),
                      .kv_heads = step.kv_heads(),
                      .head_dim = step.head_dim(),
                      .vocabulary = step.vocabulary(),
                      .trained_context = context};
}

// A folder as it was read. Each part points into those above it.
struct ExportedFolder {
  std::shared_ptr<const Checkpoint> checkpoint;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<ExportedStep> step;
  std::optional<ExportedWeights> weights;
  std::optional<ExportedDecoder> decoder;
};

// What is sound stands in `read` even where something isn't.
absl::Status Read(const std::string& folder, Quantisation quantise, mlir::MLIRContext* context,
                  ExportedFolder& read) {
  ASSIGN_OR_RETURN(read.checkpoint, OpenExportedCheckpoint(folder));
  const Checkpoint& checkpoint = *read.checkpoint;
  RETURN_IF_ERROR(CheckExportedDescription(checkpoint));
  ASSIGN_OR_RETURN(const std::string architecture, checkpoint.architecture());
  LoadFrontendDialects(context);
  ASSIGN_OR_RETURN(read.module, ParseMlirFile((fs::path(folder) / kStep).string(), context));
  ASSIGN_OR_RETURN(read.step, ExportedStep::Read(*read.module));
  ASSIGN_OR_RETURN(read.weights, ExportedWeights::Find(*read.step));
  ASSIGN_OR_RETURN(const DecoderSizes sizes, Sizes(checkpoint, *read.step, *read.weights));
  ASSIGN_OR_RETURN(std::vector<DecoderWeight> found,
                   FindDecoderWeights(checkpoint, sizes.layers, read.weights->specs()));
  for (DecoderWeight& weight : found) {
    if (quantise == Quantisation::kW4A8 && read.weights->IsOfProduct(weight.spec.name))
      weight.format = MatrixFormat::kU4;
  }
  read.decoder.emplace(architecture, sizes, std::move(found));
  return absl::OkStatus();
}

// What each product loses, layer by layer.
absl::StatusOr<std::vector<QuantisedProduct>> MeasureProducts(const ExportedFolder& read,
                                                              const WeightSource& weights) {
  std::vector<QuantisedProduct> products;
  for (const DecoderWeight& weight : read.decoder->weights()) {
    const WeightSpec& spec = weight.spec;
    if (!read.weights->IsOfProduct(spec.name)) continue;
    for (size_t layer = 0; layer < weight.tensors.size(); ++layer) {
      const std::string name = WeightName(spec.name, static_cast<int64_t>(layer));
      ASSIGN_OR_RETURN(const double error, MeasureProductError(StoredPart(weight, *weight.tensors[layer]),
                                                               spec.columns, weights, name));
      products.push_back({name, spec.rows, spec.columns, error});
    }
  }
  return products;
}

absl::StatusOr<ImportedModel> Import(const ImportOptions& options, mlir::MLIRContext* context,
                                     const ExportedFolder& read) {
  ExportedGraph graph(context, *read.step, *read.weights);
  absl::StatusOr<ImportedModel> model =
      ImportDecoder(read.checkpoint, *read.decoder, graph, options, context);
  // What can't be written says more than what became of it.
  RETURN_IF_ERROR(graph.status());
  if (model.ok() && options.quantise != Quantisation::kNone) {
    ASSIGN_OR_RETURN(model->quantised, MeasureProducts(read, *model->weights));
  }
  return model;
}

absl::Status InFolder(const std::string& folder, const absl::Status& status) {
  if (status.ok() || status.message().find(folder) != absl::string_view::npos) return status;
  return absl::Status(status.code(), Message("'", folder, "': ", status.message()));
}

}  // namespace

bool IsExportedDecoder(const std::string& folder) {
  std::error_code error;
  return fs::is_directory(folder, error) && fs::exists(fs::path(folder) / kExportedDescription, error);
}

absl::StatusOr<ImportedModel> ImportExportedDecoder(const std::string& folder, const ImportOptions& options,
                                                    mlir::MLIRContext* context) {
  ExportedFolder read;
  RETURN_IF_ERROR(InFolder(folder, Read(folder, options.quantise, context, read)));
  absl::StatusOr<ImportedModel> model = Import(options, context, read);
  if (!model.ok()) return InFolder(folder, model.status());
  return model;
}

absl::StatusOr<std::string> InspectExportedDecoder(const std::string& folder, InspectFormat format) {
  mlir::MLIRContext context;
  context.printOpOnDiagnostic(false);
  ExportedFolder read;
  absl::Status status = Read(folder, Quantisation::kNone, &context, read);
  if (!read.checkpoint) return InFolder(folder, status);
  if (status.ok()) status = Import({}, &context, read).status();
  const DecoderModel* decoder = read.decoder ? &*read.decoder : nullptr;
  return DescribeCheckpoint(folder, *read.checkpoint,
                            status.ok() ? absl::StatusOr<const DecoderModel*>(decoder)
                                        : absl::StatusOr<const DecoderModel*>(status),
                            format);
}

}  // namespace streamtensor::compiler
