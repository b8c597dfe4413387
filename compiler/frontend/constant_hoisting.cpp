// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/constant_hoisting.h"

#include <algorithm>
#include <cctype>
#include <compare>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/frontend/linalg_builder.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/product_quantisation.h"
#include "compiler/frontend/stored_weights.h"
#include "compiler/frontend/verified_module.h"
#include "kernels/contract/tiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace streamtensor::compiler {
namespace {

using mlir::AffineMap;
using mlir::DenseElementsAttr;
using mlir::DenseResourceElementsAttr;
using mlir::NamedAttribute;
using mlir::OpBuilder;
using mlir::RankedTensorType;
using mlir::Value;
using mlir::arith::ConstantOp;
using mlir::linalg::LinalgOp;

// Constants of form-sample-kernel up to this size become arrays in the kernel's text, others memories.
constexpr int64_t kMaxInlineElements = 4096;

// A tensor constant with distinct values; scalars and splats stay in the IR.
bool IsLarge(ConstantOp constant) {
  if (!llvm::isa<RankedTensorType>(constant.getType())) return false;
  auto dense = llvm::dyn_cast<DenseElementsAttr>(constant.getValue());
  return !dense || !dense.isSplat();
}

bool HasElements(RankedTensorType type, uint64_t count) {
  uint64_t elements = 1;
  if (llvm::is_contained(type.getShape(), 0)) return count == 0;
  for (const int64_t size : type.getShape()) {
    if (__builtin_mul_overflow(elements, static_cast<uint64_t>(size), &elements)) return false;
  }
  return elements == count;
}

// The elements of a resource, row-major, as many as its type says.
absl::StatusOr<llvm::ArrayRef<char>> ResourceBytes(DenseResourceElementsAttr resource) {
  auto type = llvm::cast<RankedTensorType>(resource.getType());
  const std::string key = resource.getRawHandle().getKey().str();
  mlir::AsmResourceBlob* blob = resource.getRawHandle().getBlob();
  if (blob == nullptr) {
    return absl::InvalidArgumentError(Message("dense_resource ", Quoted(key), " has no data in the file"));
  }
  mlir::Type element = type.getElementType();
  const auto complex = llvm::dyn_cast<mlir::ComplexType>(element);
  if (complex) element = complex.getElementType();
  const unsigned bits = (complex ? 2 : 1) * (element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0);
  if (bits == 0 || bits % 8 != 0) {
    return absl::UnimplementedError(Message("dense_resource ", Quoted(key), " has type ", Shown(type),
                                            "; expected elements of whole bytes"));
  }
  const llvm::ArrayRef<char> bytes = blob->getData();
  // The type may claim more than any memory holds, even more than can be counted.
  if (bytes.size() % (bits / 8) != 0 || !HasElements(type, bytes.size() / (bits / 8))) {
    return absl::InvalidArgumentError(Message("dense_resource ", Quoted(key), " has ", bytes.size(),
                                              " bytes, expected ", bits / 8, " for each element of ",
                                              Shown(type)));
  }
  return bytes;
}

absl::StatusOr<std::vector<float>> Values(ConstantOp constant) {
  auto type = llvm::cast<RankedTensorType>(constant.getType());
  const std::string what = Message("a constant of type ", Shown(type));
  if (!type.getElementType().isF32() || HasElements(type, 0)) {
    return absl::UnimplementedError(
        Message(what, " can't be compiled yet; constants with elements of f32 can"));
  }
  if (auto dense = llvm::dyn_cast<DenseElementsAttr>(constant.getValue())) {
    return std::vector<float>(dense.value_begin<float>(), dense.value_end<float>());
  }
  auto resource = llvm::dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  if (!resource) return absl::UnimplementedError(Message(what, " is neither dense nor dense_resource"));
  ASSIGN_OR_RETURN(const llvm::ArrayRef<char> bytes, ResourceBytes(resource));
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// An operand of a product that is a constant [rows, columns], perhaps read through transpositions.
struct ConstantMatrix {
  ConstantOp constant;
  bool transposed = false;
};

bool YieldsItsInput(mlir::linalg::GenericOp op) {
  auto yield = llvm::cast<mlir::linalg::YieldOp>(op.getBody()->getTerminator());
  return yield.getNumOperands() == 1 && yield.getOperand(0) == op.getBody()->getArgument(0);
}

std::optional<ConstantMatrix> FindConstantMatrix(Value value) {
  auto type = llvm::dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() != 2) return std::nullopt;
  if (auto constant = value.getDefiningOp<ConstantOp>()) {
    if (!type.getElementType().isF32()) return std::nullopt;
    return ConstantMatrix{constant, false};
  }
  Value source;
  bool swaps = false;
  if (auto transpose = value.getDefiningOp<mlir::linalg::TransposeOp>()) {
    source = transpose.getInput();
    swaps = transpose.getPermutation()[0] == 1;
  } else if (auto generic = value.getDefiningOp<mlir::linalg::GenericOp>()) {
    if (generic.getNumDpsInputs() != 1 || generic.getNumDpsInits() != 1 ||
        generic.getNumParallelLoops() != 2 || generic.getNumLoops() != 2 || !YieldsItsInput(generic)) {
      return std::nullopt;
    }
    const AffineMap in = generic.getIndexingMapsArray()[0];
    const AffineMap out = generic.getIndexingMapsArray()[1];
    if (!in.isPermutation() || !out.isPermutation()) return std::nullopt;
    source = generic.getDpsInputs()[0];
    swaps = in != out;
  }
  if (!source) return std::nullopt;
  std::optional<ConstantMatrix> matrix = FindConstantMatrix(source);
  if (matrix) matrix->transposed ^= swaps;
  return matrix;
}

// x [T, K] times a constant, which reads as [N, K] once transposed as said.
struct ConstantProduct {
  Value x;
  ConstantMatrix matrix;
};

std::optional<ConstantProduct> FindConstantProduct(LinalgOp op) {
  if (!mlir::linalg::isaContractionOpInterface(op) || op.getNumLoops() != 3 ||
      op.getNumReductionLoops() != 1 || op->getNumResults() != 1) {
    return std::nullopt;
  }
  const llvm::SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  const AffineMap out = maps[2];
  if (out.getNumResults() != 2) return std::nullopt;
  const unsigned t = out.getDimPosition(0);
  const unsigned n = out.getDimPosition(1);
  const unsigned k = 3 - t - n;
  for (unsigned x = 0; x < 2; ++x) {
    const AffineMap x_map = maps[x];
    const AffineMap w_map = maps[1 - x];
    if (x_map.getNumResults() != 2 || w_map.getNumResults() != 2) continue;
    if (x_map.getDimPosition(0) != t || x_map.getDimPosition(1) != k) continue;
    const bool columns_first = w_map.getDimPosition(0) == k && w_map.getDimPosition(1) == n;
    if (!columns_first && !(w_map.getDimPosition(0) == n && w_map.getDimPosition(1) == k)) continue;
    std::optional<ConstantMatrix> matrix = FindConstantMatrix(op->getOperand(1 - x));
    if (!matrix) continue;
    matrix->transposed ^= columns_first;
    return ConstantProduct{op->getOperand(x), *matrix};
  }
  return std::nullopt;
}

bool IsZero(Value value) {
  if (auto fill = value.getDefiningOp<mlir::linalg::FillOp>()) value = fill.value();
  return mlir::matchPattern(value, mlir::m_AnyZeroFloat());
}

// The first `columns` of x [T, N], or all of them and zeros.
Value WithColumns(LinalgBuilder& l, Value x, int64_t columns) {
  OpBuilder& b = l.builder();
  llvm::SmallVector<mlir::OpFoldResult> sizes = l.Sizes(x);
  const int64_t given = llvm::cast<RankedTensorType>(x.getType()).getDimSize(1);
  if (given == columns) return x;
  const llvm::SmallVector<mlir::OpFoldResult> offsets(2, b.getIndexAttr(0)), strides(2, b.getIndexAttr(1));
  if (given > columns) {
    sizes[1] = b.getIndexAttr(columns);
    return b.create<mlir::tensor::ExtractSliceOp>(l.loc(), x, offsets, sizes, strides);
  }
  Value zeros = l.Zeros({sizes[0], b.getIndexAttr(columns)});
  return b.create<mlir::tensor::InsertSliceOp>(l.loc(), x, zeros, offsets, sizes, strides);
}

// A float32 matrix [rows, columns], continued by zeros to [padded_rows, padded_columns].
std::vector<float> Padded(const std::vector<float>& values, int64_t rows, int64_t columns,
                          int64_t padded_rows, int64_t padded_columns) {
  std::vector<float> padded(static_cast<size_t>(padded_rows * padded_columns));
  for (int64_t row = 0; row < rows; ++row)
    std::copy_n(values.begin() + row * columns, columns, padded.begin() + row * padded_columns);
  return padded;
}

class Hoister {
 public:
  Hoister(mlir::func::FuncOp function, Quantisation quantise, bool samples, ImportedModel* model)
      : function_(function),
        quantise_(quantise),
        samples_(samples),
        model_(*model),
        matrices_(std::make_shared<std::deque<std::vector<float>>>()),
        weights_(std::make_shared<StoredWeights>(matrices_)) {}

  absl::Status Run() {
    if (Quantises()) RETURN_IF_ERROR(HoistProducts());
    std::vector<ConstantOp> constants;
    function_.walk([&](ConstantOp constant) {
      if (IsLarge(constant)) constants.push_back(constant);
    });
    for (ConstantOp constant : constants) {
      RETURN_IF_ERROR(samples_ ? HoistOrKeep(constant) : HoistValue(constant));
    }
    model_.weights = weights_;
    return absl::OkStatus();
  }

 private:
  bool Quantises() const { return quantise_ != Quantisation::kNone; }

  // The key of a resource, or "constantN"; letters that names of weights may have, and once only.
  std::string Name(ConstantOp constant) {
    std::string name;
    if (auto resource = llvm::dyn_cast<DenseResourceElementsAttr>(constant.getValue())) {
      name = resource.getRawHandle().getKey().str();
    }
    for (char& c : name) {
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '-') c = '_';
    }
    while (name.empty() || !names_.insert(name).second) name = Message("constant", next_constant_++);
    return name;
  }

  Value AddArgument(const std::string& name, WeightPart part) {
    const WeightShape shape = *weights_->Shape(name, part);
    OpBuilder b(function_.getContext());
    const std::string_view part_name = WeightPartName(part);
    const NamedAttribute attributes[] = {
        b.getNamedAttr(dataflow::kWeightAttr, b.getStringAttr(name)),
        b.getNamedAttr(dataflow::kPartAttr,
                       b.getStringAttr(llvm::StringRef(part_name.data(), part_name.size())))};
    const unsigned index = function_.getNumArguments();
    function_.insertArgument(index, WeightType(function_.getContext(), shape),
                             b.getDictionaryAttr(attributes), function_.getLoc());
    return function_.getArgument(index);
  }

  // Sizes of a weight [N, K] as the engine takes it.
  struct WeightSizes {
    int64_t rows = 0, columns = 0;
    auto operator<=>(const WeightSizes&) const = default;
  };

  // Arguments of the matrix [N, K], continued by zeros to `sizes`; one set for all products with it.
  absl::StatusOr<QuantisedMatrix> MatrixArguments(ConstantMatrix matrix, const WeightSizes& sizes) {
    const auto key = std::tuple(matrix.constant.getOperation(), matrix.transposed, sizes);
    if (auto found = hoisted_.find(key); found != hoisted_.end()) return found->second;
    ASSIGN_OR_RETURN(std::vector<float> values, Values(matrix.constant));
    auto type = llvm::cast<RankedTensorType>(matrix.constant.getType());
    WeightSizes given{type.getDimSize(0), type.getDimSize(1)}, stands = sizes;
    if (matrix.transposed) std::swap(stands.rows, stands.columns);
    if (given != stands) values = Padded(values, given.rows, given.columns, stands.rows, stands.columns);
    if (matrix.transposed) std::swap(given.rows, given.columns);
    const std::vector<float>& kept = matrices_->emplace_back(std::move(values));
    StoredMatrix stored;
    stored.type = GgufTensorType::kF32;
    stored.rows = sizes.rows;
    stored.columns = sizes.columns;
    stored.bytes = {reinterpret_cast<const uint8_t*>(kept.data()), kept.size() * sizeof(float)};
    if (matrix.transposed) {
      stored.row_stride = 1;
      stored.column_stride = stored.rows;
    }
    const std::string name = Name(matrix.constant);
    const MatrixFormat format = quantise_ == Quantisation::kW4A8 ? MatrixFormat::kU4 : MatrixFormat::kI8;
    weights_->AddMatrix(name, stored, format);
    ASSIGN_OR_RETURN(const double error, MeasureProductError(stored, given.columns, *weights_, name));
    model_.quantised.push_back({name, given.rows, given.columns, error});
    const QuantisedMatrix arguments = {AddArgument(name, WeightPart::kQ), AddArgument(name, WeightPart::kD),
                                       HasMinimum(format) ? AddArgument(name, WeightPart::kM) : Value()};
    return hoisted_.emplace(key, arguments).first->second;
  }

  absl::Status HoistProducts() {
    std::vector<LinalgOp> operations;
    function_.walk([&](LinalgOp op) { operations.push_back(op); });
    for (LinalgOp op : operations) {
      RETURN_IF_ERROR(HoistProduct(op));
    }
    EraseDeadOperations();
    return absl::OkStatus();
  }

  absl::Status HoistProduct(LinalgOp op) {
    std::optional<ConstantProduct> product = FindConstantProduct(op);
    if (!product) return absl::OkStatus();
    auto type = llvm::cast<RankedTensorType>(product->matrix.constant.getType());
    WeightSizes sizes{type.getDimSize(0), type.getDimSize(1)};
    if (product->matrix.transposed) std::swap(sizes.rows, sizes.columns);
    Value init = op.getDpsInits()[0];
    const bool adds = !IsZero(init);
    // The engine takes whole groups, and gives whole tiles, of which only a result of the module is cut.
    const bool is_result = !adds && llvm::all_of(op->getUsers(), [](mlir::Operation* user) {
      return llvm::isa<mlir::func::ReturnOp>(user);
    });
    const int64_t rows = sizes.rows;
    sizes.columns = llvm::alignTo(sizes.columns, contract::kGroupElements);
    if (!is_result && !samples_) sizes.rows = llvm::alignTo(sizes.rows, contract::kTileRows);
    ASSIGN_OR_RETURN(const QuantisedMatrix matrix, MatrixArguments(product->matrix, sizes));
    OpBuilder b(op);
    LinalgBuilder l(b, op.getLoc());
    Value x = WithColumns(l, product->x, sizes.columns);
    Value result;
    if (samples_) {
      auto product = RankedTensorType::get(
          {llvm::cast<RankedTensorType>(x.getType()).getDimSize(0), sizes.rows}, b.getF32Type());
      result = b.create<dataflow::ContractOp>(op.getLoc(), product, x, matrix.q, matrix.d, matrix.m);
    } else {
      result = WithColumns(l, l.MatMulTransposed(x, l.Dequantise(matrix)), rows);
    }
    if (adds) result = l.Add(result, init);
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
    return absl::OkStatus();
  }

  absl::Status HoistValue(ConstantOp constant) {
    ASSIGN_OR_RETURN(std::vector<float> values, Values(constant));
    auto type = llvm::cast<RankedTensorType>(constant.getType());
    const std::string name = Name(constant);
    weights_->AddTable(name, type.getShape().vec(), std::move(values));
    constant.getResult().replaceAllUsesWith(AddArgument(name, WeightPart::kValue));
    constant.erase();
    return absl::OkStatus();
  }

  // A weight of the parts of each number, in a last dimension of 2.
  absl::Status HoistComplex(ConstantOp constant, DenseElementsAttr elements) {
    auto type = llvm::cast<RankedTensorType>(constant.getType());
    OpBuilder b(constant);
    llvm::SmallVector<int64_t> shape(type.getShape());
    shape.push_back(2);
    auto parts = DenseElementsAttr::getFromRawBuffer(RankedTensorType::get(shape, b.getF32Type()),
                                                     elements.getRawData());
    auto floats = b.create<ConstantOp>(constant.getLoc(), parts);
    const auto rank = static_cast<unsigned>(type.getRank());
    auto part = [&](int64_t which) {
      llvm::SmallVector<mlir::AffineExpr> from(b.getMultiDimIdentityMap(rank).getResults());
      from.push_back(b.getAffineConstantExpr(which));
      return AffineMap::get(rank, 0, from, b.getContext());
    };
    Value empty = b.create<mlir::tensor::EmptyOp>(constant.getLoc(), type.getShape(), type.getElementType());
    auto numbers = b.create<mlir::linalg::GenericOp>(
        constant.getLoc(), type, mlir::ValueRange{floats, floats}, empty,
        llvm::ArrayRef<AffineMap>{part(0), part(1), b.getMultiDimIdentityMap(rank)},
        llvm::SmallVector<mlir::utils::IteratorType>(rank, mlir::utils::IteratorType::parallel),
        [&](OpBuilder& nested, mlir::Location at, mlir::ValueRange x) {
          Value number = nested.create<mlir::complex::CreateOp>(at, type.getElementType(), x[0], x[1]);
          nested.create<mlir::linalg::YieldOp>(at, number);
        });
    constant.getResult().replaceAllUsesWith(numbers.getResult(0));
    constant.erase();
    return HoistValue(floats);
  }

  // What is small, or not of float32, stays in the module's text, there as `dense`.
  absl::Status HoistOrKeep(ConstantOp constant) {
    auto type = llvm::cast<RankedTensorType>(constant.getType());
    DenseElementsAttr elements = llvm::dyn_cast<DenseElementsAttr>(constant.getValue());
    if (auto resource = llvm::dyn_cast<DenseResourceElementsAttr>(constant.getValue())) {
      ASSIGN_OR_RETURN(const llvm::ArrayRef<char> bytes, ResourceBytes(resource));
      elements = DenseElementsAttr::getFromRawBuffer(type, bytes);
    }
    if (!elements) return absl::OkStatus();
    if (type.getElementType().isF32() && elements.size() > kMaxInlineElements) return HoistValue(constant);
    if (type.getElementType() == mlir::ComplexType::get(mlir::Float32Type::get(type.getContext())) &&
        elements.size() > kMaxInlineElements / 2 && !elements.isSplat()) {
      return HoistComplex(constant, elements);
    }
    constant.setValueAttr(elements);
    return absl::OkStatus();
  }

  void EraseDeadOperations() {
    mlir::Block& body = function_.getBody().front();
    for (mlir::Operation& op : llvm::make_early_inc_range(llvm::reverse(body))) {
      if (mlir::isOpTriviallyDead(&op)) op.erase();
    }
  }

  mlir::func::FuncOp function_;
  Quantisation quantise_;
  bool samples_;
  ImportedModel& model_;
  std::shared_ptr<std::deque<std::vector<float>>> matrices_;  // what the weights point into
  std::shared_ptr<StoredWeights> weights_;
  std::map<std::tuple<mlir::Operation*, bool, WeightSizes>, QuantisedMatrix> hoisted_;
  std::set<std::string> names_;
  int next_constant_ = 0;
};

}  // namespace

absl::Status HoistConstants(mlir::func::FuncOp function, Quantisation quantise, bool samples,
                            ImportedModel* model) {
  return Hoister(function, quantise, samples, model).Run();
}

}  // namespace streamtensor::compiler
