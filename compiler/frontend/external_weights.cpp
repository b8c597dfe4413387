// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/external_weights.h"

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "artifact/mapped_file.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/safetensors_file.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/verified_module.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace streamtensor::compiler {
namespace {

using mlir::RankedTensorType;
using mlir::StringAttr;

constexpr llvm::StringLiteral kWeightArgument = "streamtensor.weight";
constexpr llvm::StringLiteral kWeightsFile = "streamtensor.weights";
constexpr llvm::StringLiteral kWeightsSha256 = "streamtensor.weights_sha256";

// Of safetensors; "" where there is none for the type.
std::string DtypeOf(mlir::Type type) {
  if (type.isF32()) return "F32";
  if (type.isF64()) return "F64";
  if (type.isF16()) return "F16";
  if (type.isBF16()) return "BF16";
  if (type.isInteger(1)) return "BOOL";
  if (type.isInteger(8)) return "I8";
  if (type.isInteger(16)) return "I16";
  if (type.isInteger(32)) return "I32";
  if (type.isInteger(64)) return "I64";
  if (auto complex = llvm::dyn_cast<mlir::ComplexType>(type); complex && complex.getElementType().isF32())
    return "C64";
  return "";
}

class WeightsFile {
 public:
  absl::Status Open(mlir::ModuleOp module, const std::string& folder) {
    auto name = module->getAttrOfType<StringAttr>(kWeightsFile);
    if (!name) {
      return absl::InvalidArgumentError(
          Message("an argument of @main is a weight, but the module names no file of ",
                  "weights: ", kWeightsFile.str(), " is missing"));
    }
    name_ = name.str();
    if (name_.empty() || name_[0] == '.' || std::filesystem::path(name_).filename() != name_) {
      return absl::InvalidArgumentError(Message(kWeightsFile.str(), " is ", Quoted(name_),
                                                "; expected the name of a file beside the module"));
    }
    if (folder.empty()) {
      return absl::InvalidArgumentError(
          Message("the weights are in ", Quoted(name_), ", beside a file; only a text is given"));
    }
    ASSIGN_OR_RETURN(mapping_, artifact::MappedFile::Open((std::filesystem::path(folder) / name_).string()));
    const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(mapping_.bytes().data()),
                                         mapping_.bytes().size());
    if (auto expected = module->getAttrOfType<StringAttr>(kWeightsSha256)) {
      const std::string found = base::HexOf(base::Sha256Of(std::as_bytes(bytes)));
      if (found != expected.str()) {
        return absl::InvalidArgumentError(
            Message(Quoted(name_), " is not the file that was written with the module: ", "its SHA-256 is ",
                    found, ", the module says ", Quoted(expected.str()), "; export both again"));
      }
    }
    absl::StatusOr<std::unique_ptr<const SafetensorsFile>> file = SafetensorsFile::Parse(bytes);
    if (!file.ok()) return absl::InvalidArgumentError(Message(Quoted(name_), ": ", file.status().message()));
    file_ = *std::move(file);
    return absl::OkStatus();
  }

  // Of the argument's type.
  absl::StatusOr<mlir::TypedAttr> Read(const std::string& name, mlir::Type type) const {
    const SafetensorsTensor* tensor = nullptr;
    for (const SafetensorsTensor& candidate : file_->tensors()) {
      if (candidate.name == name) tensor = &candidate;
    }
    if (tensor == nullptr)
      return absl::InvalidArgumentError(Message(Quoted(name_), " has no tensor ", Quoted(name)));
    auto shaped = llvm::dyn_cast<RankedTensorType>(type);
    const std::string dtype = shaped ? DtypeOf(shaped.getElementType()) : "";
    const bool bytes_of_8 = dtype == "I8" && tensor->dtype == "U8";
    if (dtype.empty() || (tensor->dtype != dtype && !bytes_of_8) ||
        shaped.getShape() != llvm::ArrayRef<int64_t>(tensor->dims)) {
      std::string dims;
      for (const int64_t size : tensor->dims) dims += (dims.empty() ? "" : ", ") + std::to_string(size);
      return absl::InvalidArgumentError(Message("tensor ", Quoted(name), " of ", Quoted(name_), " is ",
                                                tensor->dtype, " [", dims, "], but its argument is ",
                                                Shown(type)));
    }
    if (dtype == "BOOL") {
      llvm::SmallVector<bool> values;
      for (const uint8_t byte : tensor->bytes) values.push_back(byte != 0);
      return mlir::TypedAttr(mlir::DenseElementsAttr::get(shaped, values));
    }
    const llvm::ArrayRef<char> bytes(reinterpret_cast<const char*>(tensor->bytes.data()),
                                     tensor->bytes.size());
    mlir::AsmResourceBlob blob = mlir::HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, alignof(int64_t));
    return mlir::TypedAttr(mlir::DenseResourceElementsAttr::get(shaped, name, std::move(blob)));
  }

 private:
  std::string name_;
  artifact::MappedFile mapping_;
  std::unique_ptr<const SafetensorsFile> file_;
};

}  // namespace

absl::Status LoadExternalWeights(mlir::ModuleOp module, mlir::func::FuncOp function,
                                 const std::string& folder) {
  std::vector<unsigned> weights;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (function.getArgAttrOfType<StringAttr>(i, kWeightArgument)) weights.push_back(i);
  }
  if (weights.empty()) return absl::OkStatus();
  WeightsFile file;
  RETURN_IF_ERROR(file.Open(module, folder));
  mlir::OpBuilder b = mlir::OpBuilder::atBlockBegin(&function.getBody().front());
  for (const unsigned index : llvm::reverse(weights)) {
    mlir::BlockArgument argument = function.getArgument(index);
    const std::string name = function.getArgAttrOfType<StringAttr>(index, kWeightArgument).str();
    ASSIGN_OR_RETURN(const mlir::TypedAttr value, file.Read(name, argument.getType()));
    if (!argument.use_empty()) {
      argument.replaceAllUsesWith(b.create<mlir::arith::ConstantOp>(function.getLoc(), value));
    }
    function.eraseArgument(index);
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
