// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/jit_program.h"

#include <xmmintrin.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "mlir/Dialect/Arith/Transforms/BufferDeallocationOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/ControlFlow/Transforms/BufferDeallocationOpInterfaceImpl.h"
#include "mlir/Dialect/ControlFlow/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/AllocationOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferDeallocationOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "tests/reference/lowering.h"

namespace streamtensor::reference {
namespace {

constexpr char kAppendSymbol[] = "_mlir_ciface_st_kv_append";

// Denormals are zero, in and out, while it lives.
class FlushDenormals {
 public:
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }
  FlushDenormals(const FlushDenormals&) = delete;

 private:
  unsigned before_;
};

// MLIR's descriptor of a buffer: allocated, aligned, offset, sizes, strides.
class Descriptor {
 public:
  Descriptor(void* data, const std::vector<int64_t>& dims) : words_(3 + 2 * dims.size()) {
    words_[0] = words_[1] = reinterpret_cast<int64_t>(data);
    int64_t stride = 1;
    for (size_t i = dims.size(); i-- > 0;) {
      words_[3 + i] = dims[i];
      words_[3 + dims.size() + i] = stride;
      stride *= dims[i];
    }
  }
  void* data() { return words_.data(); }

 private:
  std::vector<int64_t> words_;
};

// Copies what a descriptor of `rank` dimensions describes.
Array Gather(const int64_t* words, int64_t rank, Element element) {
  Array array = Array::Zeros(element, {words + 3, words + 3 + rank});
  const auto* base = reinterpret_cast<const uint8_t*>(words[1]);
  const int64_t size = BytesPerElement(element);
  const int64_t* strides = words + 3 + rank;
  std::vector<int64_t> at(rank, 0);
  for (int64_t i = 0; i < array.elements(); ++i) {
    int64_t offset = words[2];
    for (int64_t d = 0; d < rank; ++d) offset += at[d] * strides[d];
    std::memcpy(array.data.data() + i * size, base + offset * size, size);
    for (int64_t d = rank; d-- > 0;) {
      if (++at[d] < array.dims[d]) break;
      at[d] = 0;
    }
  }
  return array;
}

std::optional<Element> ElementOf(mlir::Type type) {
  if (type.isF32()) return Element::kF32;
  if (type.isF16()) return Element::kF16;
  if (type.isInteger(32)) return Element::kI32;
  if (type.isInteger(8)) return Element::kI8;
  if (type.isInteger(4)) return Element::kU4;
  return std::nullopt;
}

std::string Text(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  type.print(stream);
  return text;
}

// Who receives rows while a program runs; the symbol has no context of its own.
thread_local const std::function<void(AppendedRows)>* active_append = nullptr;

void AppendCallback(const int64_t* k_new, const int64_t* v_new, const int64_t* page, const int64_t* row,
                    int64_t layer) {
  if (active_append == nullptr || !*active_append) return;
  AppendedRows rows{Gather(k_new, 3, Element::kF16), Gather(v_new, 3, Element::kF16), {}, {}, layer};
  for (auto [words, numbers] : {std::pair(page, &rows.page), std::pair(row, &rows.row)}) {
    Array array = Gather(words, 1, Element::kI32);
    numbers->assign(array.as<int32_t>(), array.as<int32_t>() + array.elements());
  }
  (*active_append)(std::move(rows));
}

// Gathers diagnostics of everything below.
class Diagnostics {
 public:
  explicit Diagnostics(mlir::MLIRContext* context)
      : handler_(context, [this](mlir::Diagnostic& diagnostic) {
          if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error) return;
          if (!text_.empty()) text_ += "; ";
          text_ += diagnostic.str();
        }) {}
  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", text_));
  }

 private:
  std::string text_;
  mlir::ScopedDiagnosticHandler handler_;
};

std::string Text(llvm::Error error) { return llvm::toString(std::move(error)); }

// The host's processor, with multiplications and additions never contracted. Nothing is optimised: a
// reference does what its text says, and the time here is that of making code.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> HostMachine() {
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder) return builder.takeError();
  builder->getOptions().AllowFPOpFusion = llvm::FPOpFusion::Strict;
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::None);
  return builder->createTargetMachine();
}

}  // namespace

void RegisterReferenceDialects(mlir::DialectRegistry* registry) {
  registry->insert<mlir::affine::AffineDialect, mlir::arith::ArithDialect,
                   mlir::bufferization::BufferizationDialect, mlir::func::FuncDialect,
                   mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                   mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
                   compiler::dataflow::DataflowDialect>();
  mlir::func::registerInlinerExtension(*registry);
  mlir::arith::registerBufferDeallocationOpInterfaceExternalModels(*registry);
  mlir::arith::registerBufferizableOpInterfaceExternalModels(*registry);
  mlir::bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(*registry);
  mlir::cf::registerBufferDeallocationOpInterfaceExternalModels(*registry);
  mlir::cf::registerBufferizableOpInterfaceExternalModels(*registry);
  mlir::linalg::registerAllDialectInterfaceImplementations(*registry);
  mlir::memref::registerAllocationOpInterfaceExternalModels(*registry);
  mlir::scf::registerBufferDeallocationOpInterfaceExternalModels(*registry);
  mlir::scf::registerBufferizableOpInterfaceExternalModels(*registry);
  mlir::tensor::registerBufferizableOpInterfaceExternalModels(*registry);
  mlir::tensor::registerSubsetOpInterfaceExternalModels(*registry);
  mlir::tensor::registerValueBoundsOpInterfaceExternalModels(*registry);
  mlir::registerBuiltinDialectTranslation(*registry);
  mlir::registerLLVMDialectTranslation(*registry);
}

absl::StatusOr<std::unique_ptr<JitProgram>> JitProgram::Create(mlir::ModuleOp module,
                                                               const std::string& name) {
  // A context may have been made without the interfaces (by the front end): add them now.
  mlir::MLIRContext* context = module.getContext();
  mlir::DialectRegistry registry;
  RegisterReferenceDialects(&registry);
  context->appendDialectRegistry(registry);

  mlir::OwningOpRef<mlir::ModuleOp> clone(module.clone());
  auto function = clone->lookupSymbol<mlir::func::FuncOp>(name);
  if (!function || function.isExternal())
    return absl::NotFoundError(absl::StrCat("the module has no function @", name, " with a body"));
  auto program = std::unique_ptr<JitProgram>(new JitProgram);
  program->type_ = function.getFunctionType();
  program->symbol_ = absl::StrCat("_mlir_ciface_", name);
  for (mlir::Type type :
       llvm::concat<const mlir::Type>(program->type_.getInputs(), program->type_.getResults())) {
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
    if (type.isIndex() || (tensor && ElementOf(tensor.getElementType()))) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("@", name, " takes or returns ", Text(type),
                     ", expected a tensor of f32, f16, i32, i8 or i4, or an index"));
  }
  for (mlir::Type type : program->type_.getResults())
    if (type.isIndex()) return absl::InvalidArgumentError(absl::StrCat("@", name, " returns an index"));

  // All else is inlined into it; nothing may be written into what the caller lends.
  mlir::OpBuilder builder(context);
  clone->walk([&](mlir::func::FuncOp other) {
    if (other != function) return other.setPrivate();
    other.setPublic();
    other->setAttr(mlir::LLVM::LLVMDialect::getEmitCWrapperAttrName(), builder.getUnitAttr());
    for (unsigned i = 0; i < other.getNumArguments(); ++i)
      if (llvm::isa<mlir::TensorType>(other.getArgument(i).getType()))
        other.setArgAttr(i, mlir::bufferization::BufferizationDialect::kWritableAttrName,
                         builder.getBoolAttr(false));
  });

  Diagnostics diagnostics(context);
  mlir::PassManager passes(context);
  passes.addPass(compiler::createDecompose());
  BuildLoweringPipeline(passes);
  if (mlir::failed(passes.run(*clone))) return diagnostics.Error("the module can't be run on the host");

  [[maybe_unused]] static const bool target_ready = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  auto machine = HostMachine(), optimizing = HostMachine();
  if (!machine || !optimizing)
    return absl::UnavailableError(absl::StrCat("no code for this host: ",
                                               Text(machine ? optimizing.takeError() : machine.takeError())));
  mlir::ExecutionEngineOptions options;
  auto transformer = mlir::makeOptimizingTransformer(/*optLevel=*/0, /*sizeLevel=*/0, optimizing->get());
  options.transformer = transformer;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::None;
  auto engine = mlir::ExecutionEngine::create(*clone, options, std::move(*machine));
  if (!engine) return diagnostics.Error(absl::StrCat("no host code: ", Text(engine.takeError())));
  program->engine_ = std::move(*engine);
  program->engine_->registerSymbols([](llvm::orc::MangleAndInterner interner) {
    llvm::orc::SymbolMap symbols;
    symbols[interner(kAppendSymbol)] = {llvm::orc::ExecutorAddr::fromPtr(&AppendCallback),
                                        llvm::JITSymbolFlags::Exported};
    return symbols;
  });
  return program;
}

absl::StatusOr<std::vector<Array>> JitProgram::Run(const std::vector<Argument>& arguments,
                                                   const std::function<void(AppendedRows)>& append) {
  if (arguments.size() != type_.getNumInputs())
    return absl::InvalidArgumentError(
        absl::StrCat("got ", arguments.size(), " arguments, the function takes ", type_.getNumInputs()));
  std::vector<Descriptor> descriptors;
  std::vector<int64_t> indices;
  descriptors.reserve(arguments.size());
  indices.reserve(arguments.size());
  std::vector<void*> values;
  for (size_t i = 0; i < arguments.size(); ++i) {
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type_.getInput(i));
    if (!tensor) {
      indices.push_back(arguments[i].index);
      values.push_back(reinterpret_cast<void*>(indices.back()));
      continue;
    }
    const Array* array = arguments[i].array;
    bool fits = array != nullptr && array->element == ElementOf(tensor.getElementType()) &&
                static_cast<int64_t>(array->dims.size()) == tensor.getRank();
    for (int64_t d = 0; fits && d < tensor.getRank(); ++d)
      fits = tensor.isDynamicDim(d) || tensor.getDimSize(d) == array->dims[d];
    if (!fits)
      return absl::InvalidArgumentError(absl::StrCat(
          "argument ", i, " doesn't fit ", Text(mlir::Type(tensor)),
          array ? absl::StrCat(": has ", array->dims.size(), " dimensions, ", array->elements(), " elements")
                : ": none given"));
    descriptors.emplace_back(const_cast<uint8_t*>(array->data.data()), array->dims);
    values.push_back(descriptors.back().data());
  }

  // Results: one descriptor after another, filled through a pointer that comes first.
  size_t words = 0;
  for (mlir::Type type : type_.getResults())
    words += 3 + 2 * llvm::cast<mlir::RankedTensorType>(type).getRank();
  std::vector<int64_t> results(words);
  void* result_pointer = results.data();
  std::vector<void*> packed;
  if (words > 0) packed.push_back(&result_pointer);
  for (void*& value : values) packed.push_back(&value);
  active_append = &append;
  llvm::Error error = [&] {
    FlushDenormals flush;
    return engine_->invokePacked(symbol_, packed);
  }();
  active_append = nullptr;
  if (error) return absl::InternalError(Text(std::move(error)));

  std::vector<Array> outputs;
  std::set<void*> buffers;  // two results may be one buffer
  const int64_t* at = results.data();
  for (mlir::Type type : type_.getResults()) {
    auto tensor = llvm::cast<mlir::RankedTensorType>(type);
    outputs.push_back(Gather(at, tensor.getRank(), *ElementOf(tensor.getElementType())));
    buffers.insert(reinterpret_cast<void*>(at[0]));
    at += 3 + 2 * tensor.getRank();
  }
  for (void* buffer : buffers) std::free(buffer);
  return outputs;
}

}  // namespace streamtensor::reference
