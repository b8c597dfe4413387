// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/weights/weights_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "artifact/weights/tile.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

// The output file, mapped. Its blocks are allocated first: a full disk is an error here, not a
// SIGBUS later.
class OutputFile {
 public:
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(const std::string& path, uint64_t bytes) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
    const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
    if (error != 0) {
      close(file);
      const std::string message =
          absl::StrCat(path, ": ", std::strerror(error), " (", bytes, " bytes are needed)");
      return error == ENOSPC ? absl::ResourceExhaustedError(message) : absl::UnavailableError(message);
    }
    void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (data == MAP_FAILED) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
    return std::unique_ptr<OutputFile>(new OutputFile(static_cast<uint8_t*>(data), bytes));
  }
  ~OutputFile() { munmap(data_, bytes_); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  uint8_t* data() { return data_; }

 private:
  OutputFile(uint8_t* data, uint64_t bytes) : data_(data), bytes_(bytes) {}
  uint8_t* data_;
  uint64_t bytes_;
};

// An issue of one layer, or a constant: what one thread does at a time.
struct Task {
  const PackedIssue* issue = nullptr;
  int64_t layer = 0;
  uint64_t channel_offset = 0;  // of the issue's first byte in each channel

  const PackedConstant* constant = nullptr;
  uint64_t file_offset = 0;

  uint64_t bytes = 0;
};

std::vector<Task> ListTasks(const PackingPlan& plan, const WeightLayout& layout) {
  std::vector<Task> tasks;
  uint64_t channel_offset = 0;
  auto add = [&](const std::vector<PackedIssue>& issues, int64_t layer) {
    for (const PackedIssue& issue : issues) {
      const uint64_t channel_bytes = artifact::IssueLayout(issue.Shape(), plan.channels).channel_bytes();
      Task task;
      task.issue = &issue;
      task.layer = layer;
      task.channel_offset = channel_offset;
      task.bytes = channel_bytes * plan.channels;
      tasks.push_back(task);
      channel_offset += channel_bytes;
    }
  };
  add(plan.prologue, 0);
  for (int64_t layer = 0; layer < plan.layers; ++layer) add(plan.layer, layer);
  add(plan.epilogue, 0);
  for (size_t i = 0; i < plan.constants.size(); ++i) {
    Task task;
    task.constant = &plan.constants[i];
    task.file_offset = layout.constants[i].file_offset;
    task.bytes = plan.constants[i].bytes();
    tasks.push_back(task);
  }
  return tasks;
}

absl::StatusOr<WeightShape> CheckShape(const WeightSource& source, const std::string& name, WeightPart part,
                                       WeightElement element, int64_t elements) {
  ASSIGN_OR_RETURN(const WeightShape shape, source.Shape(name, part));
  if (shape.element != element || shape.elements() != elements) {
    return absl::InvalidArgumentError(
        absl::StrCat("weight ", name, ", part ", std::string(WeightPartName(part)), ": the model holds [",
                     absl::StrJoin(shape.dims, ", "), "] of ", BytesPerElement(shape.element),
                     " bytes each, the design reads ", elements, " of ", BytesPerElement(element)));
  }
  return shape;
}

absl::StatusOr<std::vector<uint8_t>> ReadChecked(const WeightSource& source, const std::string& name,
                                                 WeightPart part, WeightElement element, int64_t elements) {
  ASSIGN_OR_RETURN(const WeightShape shape, CheckShape(source, name, part, element, elements));
  ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, source.Read(name, part));
  if (static_cast<int64_t>(bytes.size()) != shape.bytes()) {
    return absl::InternalError(
        absl::StrCat("weight ", name, ": ", bytes.size(), " bytes were read, not ", shape.bytes()));
  }
  return bytes;
}

// Keeps what `values` points to.
struct LoadedWeight {
  MatrixParts parts;
  artifact::TileValues values;
  artifact::RowScales scales;
};

absl::StatusOr<LoadedWeight> Load(const WeightSource& source, const PackedIssue& issue,
                                  const PackedWeight& weight, int64_t layer) {
  const std::string name = WeightName(weight.name, layer);
  const int64_t tiles = issue.groups / issue.scale_groups, scales = weight.rows * tiles;
  LoadedWeight loaded;
  const auto check = [&](WeightPart part, WeightElement element, int64_t elements) {
    return CheckShape(source, name, part, element, elements).status();
  };
  const WeightElement integers = issue.format == TileFormat::kU4 ? WeightElement::kU4 : WeightElement::kI8;
  RETURN_IF_ERROR(check(WeightPart::kQ, integers, weight.rows * issue.groups * contract::kGroupElements));
  RETURN_IF_ERROR(check(WeightPart::kD, WeightElement::kF16, scales));
  if (weight.has_minimum) RETURN_IF_ERROR(check(WeightPart::kM, WeightElement::kF16, scales));
  ASSIGN_OR_RETURN(loaded.parts, source.ReadMatrix(name));
  if (!weight.has_minimum) loaded.parts.m.clear();
  const MatrixParts& parts = loaded.parts;
  loaded.values = {parts.q, parts.d, parts.m, weight.rows, tiles, issue.scale_groups};
  loaded.scales = artifact::ScaleRows(loaded.values, issue.format);
  return loaded;
}

// Row tiles of an issue in the order of the stream: (weight, row tile of it).
std::vector<std::pair<size_t, int64_t>> RowTileOrder(const PackedIssue& issue) {
  const auto row_tiles = [](const PackedWeight& weight) {
    return contract::CeilDiv<int64_t>(weight.rows, contract::kTileRows);
  };
  std::vector<std::pair<size_t, int64_t>> order;
  if (issue.alternate) {
    const int64_t tiles = row_tiles(issue.weights[0]);
    for (int64_t tile = 0; tile < tiles; ++tile) {
      for (size_t i = 0; i < issue.weights.size(); ++i) order.emplace_back(i, tile);
    }
    return order;
  }
  for (size_t i = 0; i < issue.weights.size(); ++i) {
    for (int64_t tile = 0; tile < row_tiles(issue.weights[i]); ++tile) order.emplace_back(i, tile);
  }
  return order;
}

absl::Status PackIssue(const Task& task, const WeightLayout& layout, const WeightSource& source,
                       uint8_t* file) {
  const PackedIssue& issue = *task.issue;
  std::vector<LoadedWeight> weights;
  for (const PackedWeight& weight : issue.weights) {
    ASSIGN_OR_RETURN(LoadedWeight loaded, Load(source, issue, weight, task.layer));
    weights.push_back(std::move(loaded));
  }
  const artifact::IssueLayout tiles(issue.Shape(), static_cast<int64_t>(layout.channels.size()));
  int64_t row_tile = 0;  // of the issue
  for (const auto& [weight, weight_row_tile] : RowTileOrder(issue)) {
    for (int64_t tile = 0; tile < issue.groups / issue.scale_groups; ++tile) {
      uint8_t* const channel = file + layout.channels[tiles.Channel(row_tile, tile)].file_offset;
      artifact::WriteTile(weights[weight].values, weights[weight].scales, issue.format, weight_row_tile, tile,
                          channel + task.channel_offset + tiles.Offset(row_tile, tile));
    }
    ++row_tile;
  }
  // What no tile stands in stays as the file was made: zero.
  return absl::OkStatus();
}

absl::Status PackConstant(const Task& task, const WeightSource& source, uint8_t* file) {
  const PackedConstant& constant = *task.constant;
  uint8_t* to = file + task.file_offset;
  for (int64_t layer = 0; layer < constant.layers; ++layer) {
    ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                     ReadChecked(source, WeightName(constant.name, layer), constant.part, constant.element,
                                 constant.elements));
    std::memcpy(to, bytes.data(), bytes.size());
    to += bytes.size();
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteWeights(const std::string& path, const PackingPlan& plan, const WeightLayout& layout,
                          const WeightSource& source, int threads, const PackingProgress& progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> file, OutputFile::Create(path, layout.file_bytes));
  const std::vector<Task> tasks = ListTasks(plan, layout);
  uint64_t total = 1;
  for (const Task& task : tasks) total += task.bytes;

  std::atomic<size_t> next_task{0};
  Mutex mutex;
  absl::Status status;
  uint64_t done = 0;
  auto work = [&] {
    while (true) {
      const size_t index = next_task.fetch_add(1);
      if (index >= tasks.size()) return;
      const Task& task = tasks[index];
      const absl::Status result = task.issue ? PackIssue(task, layout, source, file->data())
                                             : PackConstant(task, source, file->data());
      MutexLock lock(mutex);
      if (!result.ok()) {
        if (status.ok()) status = result;
        next_task = tasks.size();
        return;
      }
      done += task.bytes;
      if (progress) progress(static_cast<double>(done) / static_cast<double>(total));
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < std::min<int>(threads, static_cast<int>(tasks.size())); ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return status;
}

}  // namespace streamtensor::compiler
