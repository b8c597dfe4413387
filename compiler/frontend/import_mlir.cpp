// SPDX-License-Identifier: Apache-2.0
// A linalg module of any model. Nothing here knows what a model is: constants become weight arguments, and
// the weights of matrix products are put into the card's format.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/dialects/tm_tensor/TmTensorDialect.h"
#include "compiler/frontend/constant_hoisting.h"
#include "compiler/frontend/external_weights.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/linalg_builder.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/mlir_text.h"
#include "compiler/frontend/verified_module.h"
#include "kernels/contract/limits.h"
#include "llvm/Support/SourceMgr.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Parser/Parser.h"

namespace streamtensor::compiler {
namespace {

using mlir::NamedAttribute;
using mlir::OpBuilder;
using mlir::RankedTensorType;
using mlir::func::FuncOp;

constexpr char kEntry[] = "main";
constexpr char kStep[] = "step";
constexpr size_t kMaxTextBytes = size_t{1} << 30;
constexpr int kMaxDepth = 200;
// Some passes take time that grows with the square of it.
constexpr int64_t kMaxOperations = 10000;
// Of a decoder's step, whose layers are rolled into one before the passes see them.
constexpr int64_t kMaxUnrolledOperations = 100000;
constexpr int64_t kMaxAffineConstant = int64_t{1} << 31;
constexpr uint32_t kMaxAlignment = 1 << 16;
constexpr std::string_view kResources = "dialect_resources";
constexpr std::string_view kBytecodeMagic = "ML\xefR";

absl::Status CheckSize(uint64_t bytes) {
  if (bytes <= kMaxTextBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Message("has ", bytes, " bytes; at most ", kMaxTextBytes, " can be compiled"));
}

// Of a text between quotes, in the part of a file that holds resources. MLIR asks its allocator for whatever
// alignment stands there.
bool HasSoundAlignment(std::string_view text) {
  if (text.substr(0, 2) != "0x") return true;
  uint32_t alignment = 0;
  for (int i = 0; i < 4; ++i) {
    const std::string_view digits = text.substr(std::min(text.size(), size_t{2} + 2 * i), 2);
    uint32_t byte = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), byte, 16);
    if (digits.size() != 2 || end != digits.end()) return false;
    alignment |= byte << 8 * i;
  }
  return llvm::isPowerOf2_32(alignment) && alignment <= kMaxAlignment;
}

// Where a list of numbers behind `dimensions =` or `permutation =` of linalg's own syntax is none: MLIR's
// parser takes the attribute that it could not read for one. `text` begins at a word.
bool LacksItsNumbers(std::string_view text) {
  constexpr std::string_view kWords[] = {"dimensions", "permutation"};
  constexpr size_t kMaxDigits = 18;
  const auto word = llvm::find_if(kWords, [&](std::string_view w) { return text.substr(0, w.size()) == w; });
  if (word == std::end(kWords)) return false;
  size_t at = word->size();
  const auto skip_spaces = [&] {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
  };
  const auto take = [&](char c) {
    skip_spaces();
    return at < text.size() && text[at] == c ? (++at, true) : false;
  };
  if (!take('=')) return false;  // which the parser says
  if (!take('[')) return true;
  if (take(']')) return false;
  do {
    take('-');
    size_t digits = 0;
    for (skip_spaces(); at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); ++at)
      ++digits;
    if (digits == 0 || digits > kMaxDigits) return true;
  } while (take(','));
  return !take(']');
}

// What MLIR's parser is not made for: it recurses for each bracket and trusts its binary form.
absl::Status CheckText(std::string_view text) {
  RETURN_IF_ERROR(CheckSize(text.size()));
  if (text.substr(0, kBytecodeMagic.size()) == kBytecodeMagic) {
    return absl::UnimplementedError(
        "MLIR bytecode can't be compiled; its text can (mlir-opt, or torch-mlir-opt, writes it)");
  }
  int64_t line = 1;
  int depth = 0;
  int resources = 0;   // brackets open around the sections of {-# ... #-}; 0 outside it
  bool blobs = false;  // within its dialect_resources
  char before = 0;     // the last character that is no space
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (before == ')' && (c == 'd' || c == 'p') && LacksItsNumbers(text.substr(i))) {
      return absl::InvalidArgumentError(
          Message("line ", line, ": expected numbers, such as [1, 0], behind ", Quoted(text.substr(i, 11))));
    }
    if (!std::isspace(static_cast<unsigned char>(c)) && text.substr(i, 2) != "//") before = c;
    if (c == '\n') {
      ++line;
    } else if (c == '"') {
      if (blobs && !HasSoundAlignment(text.substr(i + 1))) {
        return absl::InvalidArgumentError(Message("line ", line, ": a resource begins with ",
                                                  Quoted(text.substr(i + 1, 10)),
                                                  ", expected its alignment, a power of two up to ",
                                                  kMaxAlignment, ", as four bytes in hexadecimal"));
      }
      // To the closing quote, on the same line. Behind a text that doesn't end MLIR would read on.
      while (++i < text.size() && text[i] != '"' && text[i] != '\n') {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '\n') ++i;
      }
      if (i >= text.size() || text[i] != '"') {
        return absl::InvalidArgumentError(Message("line ", line, ": a string has no closing quote"));
      }
    } else if (text.substr(i, 2) == "//") {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (text.substr(i, 3) == "{-#") {
      resources = ++depth;
    } else if (text.substr(i, 3) == "#-}") {
      resources = 0;
      blobs = false;
    } else if (depth == resources && resources > 0 && std::isalpha(static_cast<unsigned char>(c))) {
      blobs = text.substr(i, kResources.size()) == kResources;
      while (i + 1 < text.size() &&
             (std::isalpha(static_cast<unsigned char>(text[i + 1])) || text[i + 1] == '_'))
        ++i;
    } else if (text.substr(i, 2) == "->" || text.substr(i, 2) == ">=") {
      ++i;
    } else if (c == '(' || c == '[' || c == '{' || c == '<') {
      if (++depth > kMaxDepth) {
        return absl::InvalidArgumentError(
            Message("line ", line, ": more than ", kMaxDepth, " brackets are open"));
      }
    } else if (c == ')' || c == ']' || c == '}' || c == '>') {
      depth = std::max(depth - 1, 0);
    }
  }
  return absl::OkStatus();
}

// MLIR simplifies `d0 mod 0` to no expression at all, and wraps products that do not fit.
bool CanBeComputed(mlir::AffineExpr expression) {
  const mlir::WalkResult result = expression.walk([](mlir::AffineExpr part) {
    if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(part)) {
      return constant.getValue() <= kMaxAffineConstant && constant.getValue() >= -kMaxAffineConstant
                 ? mlir::WalkResult::advance()
                 : mlir::WalkResult::interrupt();
    }
    const mlir::AffineExprKind kind = part.getKind();
    if (kind != mlir::AffineExprKind::Mod && kind != mlir::AffineExprKind::FloorDiv &&
        kind != mlir::AffineExprKind::CeilDiv) {
      return mlir::WalkResult::advance();
    }
    auto divisor =
        llvm::dyn_cast<mlir::AffineConstantExpr>(llvm::cast<mlir::AffineBinaryOpExpr>(part).getRHS());
    return divisor && divisor.getValue() > 0 ? mlir::WalkResult::advance() : mlir::WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

absl::Status CheckAffineMaps(mlir::ModuleOp module) {
  absl::Status status;
  module->walk([&](mlir::Operation* op) {
    op->getAttrDictionary().walk([&](mlir::AffineMapAttr map) {
      if (llvm::all_of(map.getAffineMap().getResults(), CanBeComputed) || !status.ok()) return;
      status = absl::InvalidArgumentError(Message(
          "'", op->getName().getStringRef().str(), "' at ", Shown(op->getLoc()), " has ", Shown(map),
          "; expected divisors that are positive constants, and no constant beyond ", kMaxAffineConstant));
    });
  });
  return status;
}

absl::Status CheckOperations(mlir::ModuleOp module, int64_t most) {
  int64_t operations = -1;  // the module itself
  module->walk([&](mlir::Operation*) { ++operations; });
  if (operations <= most) return absl::OkStatus();
  return absl::UnimplementedError(
      Message("has ", operations, " operations; at most ", most, " can be compiled"));
}

absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ParseAndVerify(const std::string& text,
                                                                 const std::string& path,
                                                                 int64_t max_operations,
                                                                 mlir::MLIRContext* context) {
  DiagnosticCollector diagnostics(context);
  // MLIR's verifier computes with affine maps, which are therefore looked at before it; so is how much there
  // is.
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(
      text, mlir::ParserConfig(context, /*verifyAfterParse=*/false), path);
  if (!module) return absl::InvalidArgumentError(Message("'", path, "': ", diagnostics.first_error()));
  RETURN_IF_ERROR(CheckOperations(*module, max_operations));
  RETURN_IF_ERROR(CheckAffineMaps(*module));
  RETURN_IF_ERROR(VerifyModule(*module));
  return module;
}

absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ParseText(const std::string& text, const std::string& path,
                                                            int64_t max_operations,
                                                            mlir::MLIRContext* context) {
  RETURN_IF_ERROR(CheckText(text));
  // A module's attributes may belong to dialects of the tool that wrote it; they are dropped below.
  const bool allowed = context->allowsUnregisteredDialects();
  context->allowUnregisteredDialects(true);
  absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> module =
      ParseAndVerify(text, path, max_operations, context);
  context->allowUnregisteredDialects(allowed);
  return module;
}

void DropForeignAttributes(mlir::Operation* op) {
  std::vector<mlir::StringAttr> foreign;
  for (NamedAttribute attribute : op->getDiscardableAttrs()) {
    if (!attribute.getNameDialect()) foreign.push_back(attribute.getName());
  }
  for (mlir::StringAttr name : foreign) op->removeDiscardableAttr(name);
}

// The one function, named @main, made of operations that the passes know.
absl::StatusOr<FuncOp> FindEntry(mlir::ModuleOp module) {
  FuncOp entry;
  for (mlir::Operation& op : module.getOps()) {
    auto function = llvm::dyn_cast<FuncOp>(op);
    if (function && function.getName() == kEntry && !function.isExternal()) {
      entry = function;
    } else {
      return absl::UnimplementedError(Message("the module holds ", op.getName().getStringRef().str(),
                                              function ? " @" : "", function ? function.getName().str() : "",
                                              "; only one function, @main, can be compiled yet"));
    }
  }
  if (!entry) return absl::InvalidArgumentError("the module has no function @main");
  if (!llvm::hasSingleElement(entry.getBody())) {
    return absl::UnimplementedError("@main has branches; only one block can be compiled yet");
  }
  return entry;
}

// `samples`: of a module that becomes a pipeline of processes.
absl::Status CheckKinds(FuncOp entry, bool samples) {
  // Every kind of operation that is not known, and where it first stands.
  std::vector<std::pair<std::string, std::string>> foreign;
  entry.walk([&](mlir::Operation* op) {
    const llvm::StringRef dialect = op->getName().getDialectNamespace();
    std::set<std::string> known = {"arith", "math", "linalg", "tensor", "func"};
    if (samples) known.insert({"tm_tensor", "complex"});
    const bool asserts = llvm::isa<mlir::cf::AssertOp>(op) && samples;
    if ((!op->isRegistered() || known.count(dialect.str()) == 0) && !asserts) {
      const std::string name = op->getName().getStringRef().str();
      if (llvm::none_of(foreign, [&](const auto& seen) { return seen.first == name; }))
        foreign.emplace_back(name, Shown(op->getLoc()));
    }
  });
  if (!foreign.empty()) {
    std::string list;
    for (const auto& [name, place] : foreign)
      list += Message(list.empty() ? "'" : ", '", name, "' at ", place);
    return absl::UnimplementedError(
        Message("@main uses ", PrintableMessage(list),
                "; operations of func, linalg, tensor, arith and math can be compiled",
                samples ? ", of complex, of tm_tensor scan, sort and scatter, of cf assert" : ""));
  }
  return absl::OkStatus();
}

bool IsPositiveConstant(mlir::Value value) {
  // Casts keep a value that fits all their types.
  unsigned bits = 64;
  while (mlir::Operation* cast = value.getDefiningOp()) {
    const mlir::Type type = mlir::getElementTypeOrSelf(value.getType());
    if (!type.isIndex()) bits = std::min(bits, type.getIntOrFloatBitWidth());
    if (!llvm::isa<mlir::arith::IndexCastOp, mlir::arith::IndexCastUIOp, mlir::arith::ExtSIOp,
                   mlir::arith::ExtUIOp>(cast)) {
      break;
    }
    value = cast->getOperand(0);
  }
  llvm::APInt constant;
  return matchPattern(value, mlir::m_ConstantInt(&constant)) && constant.isStrictlyPositive() &&
         constant.isIntN(bits - 1);
}

// A card stops at a division by zero, and at the one quotient that does not fit: the lowest integer by -1.
absl::Status CheckIntegerDivisions(FuncOp entry) {
  absl::Status status;
  entry.walk([&](mlir::Operation* op) {
    if (!llvm::isa<mlir::arith::DivSIOp, mlir::arith::DivUIOp, mlir::arith::RemSIOp, mlir::arith::RemUIOp>(
            op)) {
      return mlir::WalkResult::advance();
    }
    if (IsPositiveConstant(op->getOperand(1))) return mlir::WalkResult::advance();
    status = absl::UnimplementedError(Message("@main uses '", op->getName().getStringRef().str(), "' at ",
                                              Shown(op->getLoc()),
                                              "; integers can be divided by a positive constant alone"));
    return mlir::WalkResult::interrupt();
  });
  return status;
}

// Of arguments and results of a module that computes in the types it says.
bool IsElement(mlir::Type type) {
  if (auto integer = llvm::dyn_cast<mlir::IntegerType>(type)) {
    const unsigned width = integer.getWidth();
    return integer.isSignless() && (width == 1 || width == 8 || width == 16 || width == 32 || width == 64);
  }
  if (auto complex = llvm::dyn_cast<mlir::ComplexType>(type)) return complex.getElementType().isF32();
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
}

absl::Status CheckTensor(mlir::Type type, std::string_view what) {
  const std::string shown = Shown(type);
  auto tensor = llvm::dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getEncoding() || !IsElement(tensor.getElementType())) {
    return absl::UnimplementedError(
        Message(what, " of @main is ", shown,
                "; expected a ranked tensor of f16, bf16, f32, f64, i1, i8, i16, i32, i64 or complex<f32>"));
  }
  if (tensor.hasStaticShape() && tensor.getNumElements() == 0) {
    return absl::UnimplementedError(Message(what, " of @main is ", shown, ", which holds nothing"));
  }
  for (int64_t i = 1; i < tensor.getRank(); ++i) {
    if (tensor.isDynamicDim(i)) {
      return absl::UnimplementedError(
          Message(what, " of @main is ", shown, "; only the leading dimension may be dynamic"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTypes(FuncOp entry) {
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes())) {
    RETURN_IF_ERROR(CheckTensor(type, Message("argument ", i)));
  }
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes())) {
    RETURN_IF_ERROR(CheckTensor(type, Message("result ", i)));
  }
  if (entry.getNumResults() == 0) return absl::InvalidArgumentError("@main has no result");
  return absl::OkStatus();
}

// Whether a quantised module goes to the shared engine, which takes float32 rows: all rows of a step at once.
bool IsOfRows(FuncOp entry) {
  auto is_float = [](mlir::Type type) {
    auto tensor = llvm::dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getElementType().isF32();
  };
  auto has_rows = [](mlir::Type type) {
    auto tensor = llvm::cast<RankedTensorType>(type);
    return tensor.getRank() > 0 && tensor.isDynamicDim(0);
  };
  return llvm::all_of(entry.getArgumentTypes(), is_float) && llvm::all_of(entry.getResultTypes(), is_float) &&
         llvm::any_of(entry.getArgumentTypes(), has_rows);
}

// Renames @main to @step and says what its arguments are.
void MarkInputs(FuncOp entry) {
  OpBuilder b(entry.getContext());
  entry.setName(kStep);
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    llvm::SmallVector<NamedAttribute> attributes = {
        b.getNamedAttr(dataflow::kInputAttr, b.getStringAttr(Message("input", i)))};
    auto type = llvm::cast<RankedTensorType>(entry.getArgument(i).getType());
    if (type.getRank() > 0 && type.isDynamicDim(0)) {
      attributes.push_back(b.getNamedAttr(dataflow::kSymbolAttr, b.getStringAttr("T")));
    }
    entry.setArgAttrs(i, attributes);
  }
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    entry.setResultAttrs(i, llvm::ArrayRef<NamedAttribute>());
  }
}

// `folder`: where external weights are; empty: there is none.
absl::StatusOr<ImportedModel> Import(const std::string& text, const std::string& path,
                                     const std::string& folder, const ImportOptions& options,
                                     mlir::MLIRContext* context) {
  ImportedModel model;
  ASSIGN_OR_RETURN(model.module, ParseText(text, path, kMaxOperations, context));
  mlir::ModuleOp module = *model.module;
  ASSIGN_OR_RETURN(const FuncOp entry, FindEntry(module));
  RETURN_IF_ERROR(LoadExternalWeights(module, entry, folder));
  const bool quantises = options.quantise != Quantisation::kNone;
  const bool samples = !quantises || !IsOfRows(entry);
  RETURN_IF_ERROR(CheckKinds(entry, samples));
  module->walk([](mlir::Operation* op) { DropForeignAttributes(op); });
  // In a module of samples collect-checks has divisions checked on the card.
  if (!samples) RETURN_IF_ERROR(CheckIntegerDivisions(entry));
  RETURN_IF_ERROR(CheckTypes(entry));
  MarkInputs(entry);
  RETURN_IF_ERROR(HoistConstants(entry, options.quantise, samples, &model));
  OpBuilder b(context);
  if (samples) entry->setAttr(dataflow::kSamplesAttr, b.getUnitAttr());
  if (quantises && model.quantised.empty()) {
    return absl::InvalidArgumentError(
        "--quantise finds no product to quantise: none is of rows [T, K] with a constant float32 matrix; "
        "leave the option out");
  }
  module->setAttr(dataflow::kSymbolsAttr,
                  b.getDictionaryAttr(b.getNamedAttr("T", b.getI64IntegerAttr(options.step_tokens))));
  RETURN_IF_ERROR(VerifyModule(module));
  model.name = Printable(std::filesystem::path(path).stem().string(), 200, Quotes::kKeep);
  return model;
}

absl::StatusOr<ImportedModel> ImportText(const std::string& text, const std::string& path,
                                         const std::string& folder, const ImportOptions& options,
                                         mlir::MLIRContext* context) {
  if (options.step_tokens < 1 || options.step_tokens > contract::kMaxStepTokens) {
    return absl::InvalidArgumentError(
        Message("step tokens ", options.step_tokens, " is not within 1 to ", contract::kMaxStepTokens));
  }
  LoadFrontendDialects(context);
  absl::StatusOr<ImportedModel> model = Import(text, path, folder, options, context);
  if (model.ok() || model.status().message().find(path) != absl::string_view::npos) return model;
  return absl::Status(model.status().code(), Message("'", path, "': ", model.status().message()));
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(path, error);
  if (!file || error) return absl::NotFoundError(Message("cannot open '", path, "'"));
  if (absl::Status status = CheckSize(bytes); !status.ok()) {
    return absl::Status(status.code(), Message("'", path, "': ", status.message()));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

absl::StatusOr<ImportedModel> ImportMlir(const std::string& path, const ImportOptions& options,
                                         mlir::MLIRContext* context) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  return ImportText(text, path, folder, options, context);
}

absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ParseMlirFile(const std::string& path,
                                                                mlir::MLIRContext* context) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  auto module = ParseText(text, path, kMaxUnrolledOperations, context);
  if (module.ok() || module.status().message().find(path) != absl::string_view::npos) return module;
  return absl::Status(module.status().code(), Message("'", path, "': ", module.status().message()));
}

absl::StatusOr<ImportedModel> ImportMlirText(const std::string& text, const std::string& path,
                                             const ImportOptions& options, mlir::MLIRContext* context) {
  return ImportText(text, path, "", options, context);
}

void LoadFrontendDialects(mlir::MLIRContext* context) {
  context->loadDialect<dataflow::DataflowDialect, mlir::affine::AffineDialect, mlir::arith::ArithDialect,
                       mlir::cf::ControlFlowDialect, mlir::complex::ComplexDialect, mlir::func::FuncDialect,
                       mlir::linalg::LinalgDialect, mlir::math::MathDialect, mlir::scf::SCFDialect,
                       mlir::tensor::TensorDialect, tm_tensor::TmTensorDialect>();
}

}  // namespace streamtensor::compiler
