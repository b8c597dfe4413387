// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/bounds/built_design.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "compiler/driver/ir_stages.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/passes/attach_platform.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/artifact/object_build.h"
#include "compiler/targets/hls/design_index.h"
#include "kernels/contract/descriptor.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/word.h"
#include "mlir/Parser/Parser.h"

namespace streamtensor::compiler {
namespace {

// No argument of these small models is larger; untouched pages cost nothing.
constexpr size_t kArgumentBytes = size_t{16} << 20;

const Depths* launch_depths = nullptr;  // of the launch under way

uint32_t DepthOf(const char* name, uint32_t declared) {
  auto found = launch_depths->find(name);
  return found == launch_depths->end() ? declared : static_cast<uint32_t>(found->second);
}

struct RecordedEvent {
  std::string stream;
  uint32_t id;
  char operation;  // as recorded_streams.h
};
std::vector<RecordedEvent>* launch_events = nullptr;  // of the launch under way

void RecordEvent(const char* name, uint32_t id, char operation) {
  launch_events->push_back({name, id, operation});
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  return file.flush() ? absl::OkStatus() : absl::UnavailableError(path + ": can't be written");
}

}  // namespace

absl::StatusOr<std::unique_ptr<BuiltDesign>> BuiltDesign::Build(const std::string& model,
                                                                const std::string& folder, Streams streams) {
  std::unique_ptr<BuiltDesign> built(new BuiltDesign());
  RETURN_IF_ERROR(built->Compile(model));
  RETURN_IF_ERROR(built->Emit(folder, streams));
  RETURN_IF_ERROR(built->MakeArguments());
  return built;
}

BuiltDesign::~BuiltDesign() {
  launcher_.reset();
  if (object_ != nullptr) dlclose(object_);
}

absl::Status BuiltDesign::Compile(const std::string& model) {
  if (absl::EndsWith(model, ".mlir")) {
    LoadFrontendDialects(&context_);
    module_ = mlir::parseSourceFile<mlir::ModuleOp>(model, &context_);
    if (!module_) return absl::InvalidArgumentError(model + ": can't be parsed");
  } else {
    absl::StatusOr<ImportedModel> imported = ImportModel(model, {}, &context_);
    if (!imported.ok()) return imported.status();
    module_ = std::move(imported->module);
  }
  ASSIGN_OR_RETURN(const Platform platform, FindPlatform("u55c"));
  AttachPlatform(*module_, platform);
  PipelineOptions options;
  options.exact_depths = true;
  RETURN_IF_ERROR(RunIrStages(options, *module_));
  auto designs = module_->getOps<dataflow::DesignOp>();
  if (designs.empty()) return absl::InternalError("no design");
  design_ = *designs.begin();
  return absl::OkStatus();
}

absl::Status BuiltDesign::Emit(const std::string& folder, Streams streams) {
  mlir::FailureOr<hls::DesignText> text = hls::EmitDesign(design_);
  if (mlir::failed(text)) return absl::InternalError("the design can't be emitted");
  RETURN_IF_ERROR(Lint(*text, folder));
  const bool recorded = streams == Streams::kRecorded;
  const std::string header = recorded ? "recorded_streams.h" : "chosen_depth.h";
  std::string design = text->design_cpp;
  if (!recorded) {
    design = std::regex_replace(design, std::regex(R"((hls::stream<st::word512), (\d+)> )"),
                                "chosen_depth<$1>, $2> ");
    design = std::regex_replace(design, std::regex(R"(typedef st::frame_fifo<(\d+), (\d+)>::stream)"),
                                "typedef chosen_depth<st::frame_fifo<$1, $2>::port, $2>");
  }
  design = "#include \"" ST_TEST_DIR "/" + header + "\"\n" + design;
  ObjectBuildOptions build;
  build.folder = folder;
  build.sources = {folder + "/design.cpp", folder + "/launch.cpp"};
  build.plain = recorded;
  RETURN_IF_ERROR(WriteText(folder + "/design.h", text->design_h));
  RETURN_IF_ERROR(WriteText(build.sources[0], design));
  RETURN_IF_ERROR(WriteText(build.sources[1], text->launch_cpp));
  build.kernels = ST_KERNELS_DIR;
  const ObjectTarget target = ObjectTargets().front();  // the one that any supported CPU runs
  ASSIGN_OR_RETURN(const std::vector<std::string> objects, BuildObjects(build, {target}));
  object_ = dlopen(objects.front().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object_ == nullptr) return absl::InternalError(dlerror());
  RETURN_IF_ERROR(recorded ? Hook("st_test_record", reinterpret_cast<void*>(&RecordEvent))
                           : Hook("st_test_depth", reinterpret_cast<void*>(&DepthOf)));
  void* const launch = dlsym(object_, ST_LAUNCH_SYMBOL);
  if (launch == nullptr) return absl::InternalError("the object has no launch symbol");
  launcher_ = runtime::card::DesignLauncher::FromFunction(reinterpret_cast<st_launch_function>(launch));
  return absl::OkStatus();
}

absl::Status BuiltDesign::Hook(const char* symbol, void* function) {
  void* const pointer = dlsym(object_, symbol);
  if (pointer == nullptr) return absl::InternalError(absl::StrCat("the object has no ", symbol));
  *static_cast<void**>(pointer) = function;
  return absl::OkStatus();
}

// The text as it was emitted obeys the HLS contract.
absl::Status BuiltDesign::Lint(const hls::DesignText& text, const std::string& folder) {
  const std::string source = folder + "/emitted.cpp", found = folder + "/findings";
  RETURN_IF_ERROR(WriteText(folder + "/design.h", text.design_h));
  RETURN_IF_ERROR(WriteText(source, text.design_cpp));
  const std::string command = absl::StrCat(
      ST_HLS_LINT " --tokens ", design_.getBound("T"), " --logits ", design_.getBound("W"), " --context ",
      design_.getMaxPages() * contract::kPageTokens, " ", source, " >", found, " 2>&1");
  if (std::system(command.c_str()) == 0) return absl::OkStatus();
  std::ifstream file(found);
  return absl::InternalError(std::string(std::istreambuf_iterator<char>(file), {}));
}

absl::Status BuiltDesign::MakeArguments() {
  for (auto memory : design_.getBody().getOps<dataflow::MemoryOp>()) {
    memory_.emplace_back(kArgumentBytes + contract::kWordBytes);
    void* aligned = memory_.back().data();
    size_t space = memory_.back().size();
    std::align(contract::kWordBytes, kArgumentBytes, aligned, space);
    if (!memory.getIndex()) return absl::InternalError("a memory has no argument index");
    arguments_.resize(std::max<size_t>(arguments_.size(), *memory.getIndex() + 1));
    arguments_[*memory.getIndex()] = aligned;
    if (memory.getRole() == "descriptor") descriptor_ = static_cast<uint32_t*>(aligned);
  }
  return descriptor_ != nullptr ? absl::OkStatus() : absl::InternalError("no descriptor");
}

std::string BuiltDesign::AskPass(const StepShape& shape, const Depths& depths) const {
  mlir::FailureOr<DesignNetwork> built = BuildNetwork(design_, shape);
  if (mlir::failed(built)) return "no network";
  for (Network::Channel& channel : built->network.channels) {
    if (auto found = depths.find(channel.name); found != depths.end()) channel.depth = found->second;
  }
  const NetworkRun run = RunNetwork(built->network);
  return run.completed ? "" : DescribeFailure(built->network, run);
}

// One sequence from position 0, in slot 0 and page 0. No token at all is an error of the descriptor, which
// makes the empty step.
void BuiltDesign::WriteDescriptor(const TakenRows& wanted) {
  const auto step_tokens = static_cast<uint32_t>(design_.getBound("T"));
  std::fill_n(descriptor_, contract::DescriptorWords<uint64_t>(step_tokens, design_.getMaxPages()), 0);
  const bool has_logits = design_.getBound("W") > 0;  // else the flag is an error
  descriptor_[contract::kDescriptorMagicWord] = contract::kDescriptorMagic;
  descriptor_[contract::kDescriptorVersionWord] = contract::kDescriptorVersion;
  descriptor_[contract::kDescriptorTokensWord] = static_cast<uint32_t>(wanted.size());
  descriptor_[contract::kDescriptorLogitsWord] =
      has_logits ? static_cast<uint32_t>(std::count(wanted.begin(), wanted.end(), true)) : 0;
  descriptor_[contract::kDescriptorPagesWord] = 1;
  descriptor_[contract::kDescriptorMaxPagesWord] = static_cast<uint32_t>(design_.getMaxPages());
  for (size_t token = 0; token < wanted.size(); ++token) {
    uint32_t* words = descriptor_ + contract::DescriptorTokenOffset(token);
    words[contract::kTokenPositionWord] = static_cast<uint32_t>(token);
    words[contract::kTokenFlagsWord] = has_logits && wanted[token] ? contract::kWantsLogitsFlag : 0;
  }
}

std::string BuiltDesign::AskCard(const TakenRows& wanted, const Depths& depths) {
  WriteDescriptor(wanted);
  launch_depths = &depths;
  const runtime::card::LaunchReport report = launcher_->Launch(arguments_);
  if (report.code == runtime::card::LaunchCode::kCompleted) return "";
  return std::string(absl::StripPrefix(report.message, "deadlock: "));
}

absl::StatusOr<std::map<std::string, std::vector<StreamEvent>>> BuiltDesign::Record(const TakenRows& wanted) {
  WriteDescriptor(wanted);
  std::vector<RecordedEvent> recorded;
  launch_events = &recorded;
  const runtime::card::LaunchReport report = launcher_->Launch(arguments_);
  launch_events = nullptr;
  if (report.code != runtime::card::LaunchCode::kCompleted) return absl::InternalError(report.message);

  mlir::FailureOr<hls::DesignIndex> index = hls::DesignIndex::Create(design_);
  if (mlir::failed(index)) return absl::InternalError("the design has no index");
  std::map<std::string, dataflow::StreamOp> streams;
  for (dataflow::StreamOp stream : index->streams()) streams[index->Name(stream.getSymName())] = stream;
  // Those without a name are the array of weight streams, in order.
  std::set<uint32_t> weights;
  for (const RecordedEvent& event : recorded) {
    if (event.stream.empty()) weights.insert(event.id);
  }
  std::map<std::string, std::vector<StreamEvent>> events;
  for (const RecordedEvent& event : recorded) {
    dataflow::StreamOp stream =
        event.stream.empty() ? index->weight_streams()[std::distance(weights.begin(), weights.find(event.id))]
                             : streams.at(event.stream);
    const bool reads = event.operation == 'R' || event.operation == 'T' || event.operation == 'F';
    const char operation = event.operation == 'O' || event.operation == 'T'   ? '+'
                           : event.operation == 'P' || event.operation == 'F' ? '-'
                                                                              : event.operation;
    const llvm::StringRef process = reads ? stream.getSink() : stream.getSource();
    events[process.str()].push_back({operation, stream.getSymName().str()});
  }
  return events;
}

float* BuiltDesign::rows(llvm::StringRef name) const {
  for (auto memory : dataflow::DesignOp(design_).getBody().getOps<dataflow::MemoryOp>()) {
    if (memory.getSymName() == name) return static_cast<float*>(arguments_[*memory.getIndex()]);
  }
  return nullptr;
}

void* BuiltDesign::memory(llvm::StringRef role) const {
  for (auto memory : dataflow::DesignOp(design_).getBody().getOps<dataflow::MemoryOp>()) {
    if (memory.getRole() == role) return arguments_[*memory.getIndex()];
  }
  return nullptr;
}

}  // namespace streamtensor::compiler
