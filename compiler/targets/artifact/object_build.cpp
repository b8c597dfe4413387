// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/object_build.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "artifact/object_index.h"
#include "base/child_process.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "compiler/targets/artifact/build_log.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

std::string Compiler() {
  const char* chosen = std::getenv("STREAMTENSOR_CXX");
  return chosen && *chosen ? chosen : "g++";
}

// A run of the compiler for one instruction set.
struct Run {
  std::unique_ptr<base::ChildProcess> process;
  std::string isa;
  std::string log;
};

// Adds a run to `runs`.
absl::Status Start(const std::vector<std::string>& command, const std::string& isa, const std::string& log,
                   const std::string& folder, std::vector<Run>& runs) {
  base::ChildOptions child;
  child.arguments = command;
  child.folder = folder;
  child.environment = base::EnvironmentWith(
      {"PATH=", "LD_LIBRARY_PATH=", "HOME=", "TMPDIR=", "LANG=", "STREAMTENSOR_", "CCACHE_"});
  child.dies_with_parent = true;
  child.privileges = base::ChildOptions::Privileges::kFileAccess;
  child.out = child.err = base::ChildOptions::Output::kLog;
  child.log = log;
  absl::StatusOr<std::unique_ptr<base::ChildProcess>> process = base::ChildProcess::Start(child);
  if (!process.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the C++ compiler: ", process.status().message(),
                     "; install g++, or name a compiler in STREAMTENSOR_CXX"));
  }
  runs.push_back({*std::move(process), isa, log});
  return absl::OkStatus();
}

// Waits for all of them; calls `on_wait` at least once a second with how many have ended. The first error,
// `status` before all.
absl::Status WaitForAll(const std::vector<Run>& runs, absl::Status status,
                        const std::function<void(size_t)>& on_wait) {
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    std::optional<base::ChildExit> ended;
    do {
      on_wait(i);
      ended = run.process->Wait(absl::Seconds(1));
    } while (!ended);
    const base::ChildExit exit = *ended;
    if (exit.ok() || !status.ok()) continue;
    status =
        absl::InternalError(absl::StrCat("the emitted text does not build for ", run.isa,
                                         " (the C++ compiler ", exit.Describe(), "): ", FirstError(run.log)));
  }
  return status;
}

}  // namespace

std::vector<ObjectTarget> ObjectTargets() {
  return {{std::string(artifact::kIsaV3), {"-march=x86-64-v3", "-mno-fma"}},
          {std::string(artifact::kIsaV4Vnni), {"-march=x86-64-v4", "-mavx512vnni", "-mno-fma"}}};
}

absl::StatusOr<std::vector<ObjectTarget>> ChooseObjectTargets(const std::string& isa) {
  const std::vector<ObjectTarget> all = ObjectTargets();
  if (isa.empty()) return all;
  std::vector<std::string> names;
  for (const ObjectTarget& target : all) {
    if (target.isa == isa) return std::vector<ObjectTarget>{target};
    names.push_back(target.isa);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--isa must be one of ", absl::StrJoin(names, ", "), ", got '", isa, "'"));
}

absl::StatusOr<std::vector<std::string>> BuildObjects(const ObjectBuildOptions& options,
                                                      const std::vector<ObjectTarget>& targets) {
  const std::string folder = fs::absolute(options.folder).string();
  const std::string kernels = fs::absolute(options.kernels).string();
  std::vector<std::string> objects;
  std::vector<std::vector<std::string>> links;
  std::vector<Run> runs;
  absl::Status status;
  for (const ObjectTarget& target : targets) {
    objects.push_back(absl::StrCat(options.folder, "/design.", target.isa, ".so"));
    links.push_back({Compiler(), "-shared", "-o", objects.back()});
    for (const std::string& source : options.sources) {
      // No contraction and no -ffast-math: the bits of every build must be equal.
      std::vector<std::string> command = {
          Compiler(), "-std=c++14", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
          // Threaded branches between the two selects of a clamp would keep
          // loops with exp from being vectorised.
          "-fno-thread-jumps", "-fno-exceptions", "-fno-rtti", "-fno-gnu-unique", "-fvisibility=hidden",
          "-fvisibility-inlines-hidden", "-Wno-unknown-pragmas", "-fPIC", "-I" + kernels,
          "-I" + kernels + "/host"};
      command.insert(command.end(), target.flags.begin(), target.flags.end());
      if (options.plain) command.push_back("-DST_PLAIN");
      const fs::path file = fs::absolute(source);
      const std::string object = absl::StrCat(folder, "/", file.stem().string(), ".", target.isa, ".o");
      command.insert(command.end(), {"-c", file.filename().string(), "-o", object});
      links.back().push_back(object);
      if (status.ok())
        status = Start(command, target.isa, object + ".log", file.parent_path().string(), runs);
    }
  }
  const size_t compilations = runs.size();
  const auto report = [&](size_t ended) {
    const auto all = static_cast<double>(compilations + targets.size());
    if (options.on_progress) options.on_progress(static_cast<double>(ended) / all);
  };
  RETURN_IF_ERROR(WaitForAll(runs, status, report));
  runs.clear();
  for (size_t i = 0; i < targets.size() && status.ok(); ++i)
    status = Start(links[i], targets[i].isa, objects[i] + ".log", "", runs);
  RETURN_IF_ERROR(WaitForAll(runs, status, [&](size_t ended) { report(compilations + ended); }));
  return objects;
}

absl::StatusOr<std::string> FindKernels() {
  std::vector<std::string> places;
  if (const char* folder = std::getenv("STREAMTENSOR_KERNELS_DIR"); folder && *folder) {
    places.push_back(folder);
  } else {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error)
      places.push_back((program.parent_path().parent_path() / "share/streamtensor/kernels").string());
    places.push_back(ST_SOURCE_DIR "/kernels");
  }
  for (const std::string& place : places) {
    std::error_code error;
    if (fs::is_regular_file(place + "/st/dataflow.h", error)) return place;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the kernel library (st/dataflow.h) is in none of: ", absl::StrJoin(places, ", "),
                   "; name its folder in STREAMTENSOR_KERNELS_DIR"));
}

absl::StatusOr<std::string> HashKernels(const std::string& kernels) {
  std::vector<fs::path> headers;
  std::error_code error;
  for (const char* folder : {"contract", "host", "st"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(kernels) / folder, error)) {
      if (entry.path().extension() == ".h") headers.push_back(entry.path());
    }
    if (error) return absl::UnavailableError(absl::StrCat(kernels, "/", folder, ": ", error.message()));
  }
  std::sort(headers.begin(), headers.end());
  base::Sha256 hash;
  for (const fs::path& header : headers) {
    std::ifstream file(header, std::ios::binary);
    if (!file) return absl::UnavailableError(absl::StrCat(header.string(), ": can't be read"));
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    hash.Add(absl::StrCat(header.filename().string(), "\n", text.size(), "\n"));
    hash.Add(text);
  }
  return base::HexOf(hash.Finish());
}

}  // namespace streamtensor::compiler
