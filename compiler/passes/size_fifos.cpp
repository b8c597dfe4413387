// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "compiler/analysis/network_builder.h"
#include "compiler/passes/Passes.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_SIZEFIFOS
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dataflow::ChannelKind;
using dataflow::StreamOp;

// No design here needs a channel deeper than a few frames; more means that nothing else can break the cycle.
constexpr int64_t kDeepest = int64_t{1} << 20;

class Sizer {
 public:
  explicit Sizer(dataflow::DesignOp design) : design_(design) {}

  LogicalResult Run() {
    FailureOr<std::vector<StepShape>> shapes = ShapesToProve(design_);
    if (failed(shapes)) return failure();
    shapes_ = std::move(*shapes);
    for (const StepShape& shape : shapes_) {
      FailureOr<DesignNetwork> built = BuildNetwork(design_, shape);
      if (failed(built)) return failure();
      networks_.push_back(std::move(built->network));
      streams_ = std::move(built->streams);
    }
    // A frame slot less would move its frame into word channels on both sides of the engine, which costs
    // more: the slots start as `bind` chose them and shrink last.
    for (StreamOp stream : streams_) {
      depths_.push_back(stream.getKind() == ChannelKind::frames ? static_cast<int64_t>(stream.getDepth())
                                                                : 1);
    }
    for (size_t shape = 0; shape < networks_.size(); ++shape) {
      if (failed(Grow(shape))) return failure();
    }
    for (bool frames : {false, true}) {
      for (size_t channel = 0; channel < depths_.size(); ++channel) {
        if ((streams_[channel].getKind() == ChannelKind::frames) == frames) Shrink(channel);
      }
    }
    // Shrinking looked at the largest steps alone.
    for (size_t shape = 0; shape < networks_.size(); ++shape) {
      if (failed(Grow(shape))) return failure();
    }
    return success();
  }

  const std::vector<StreamOp>& streams() const { return streams_; }
  int64_t minimum(size_t channel) const { return depths_[channel]; }

 private:
  Network& At(size_t shape) {
    for (size_t i = 0; i < depths_.size(); ++i) networks_[shape].channels[i].depth = depths_[i];
    return networks_[shape];
  }

  // Parks' rule (T. M. Parks, "Bounded Scheduling of Process Networks", 1995): where a cycle of waits holds
  // full channels, the shallowest of them grows. Words grow before frames and blocks, which cost more.
  static bool Deepen(Network& network, const std::vector<Wait>& cycle, const std::vector<StreamOp>& streams) {
    int32_t best = -1;
    auto cost = [&](int32_t channel) {
      return std::tuple(StreamOp(streams[channel]).getKind() != ChannelKind::words,
                        network.channels[channel].depth, channel);
    };
    for (const Wait& wait : cycle) {
      if (wait.full && (best < 0 || cost(wait.channel) < cost(best))) best = wait.channel;
    }
    if (best < 0 || network.channels[best].depth >= kDeepest) return false;
    ++network.channels[best].depth;
    return true;
  }

  LogicalResult Grow(size_t shape) {
    Network& network = At(shape);
    const NetworkRun run = RunNetwork(network, [&](Network& grown, const std::vector<Wait>& cycle) {
      return Deepen(grown, cycle, streams_);
    });
    if (!run.completed) {
      return design_.emitError("deadlocks at any depth, with T = ")
             << shapes_[shape].tokens << " and W = " << shapes_[shape].logits() << ": "
             << DescribeFailure(network, run);
    }
    for (size_t i = 0; i < depths_.size(); ++i) depths_[i] = network.channels[i].depth;
    return success();
  }

  // The largest steps with no, one and all rows taken: what needs most depth. `Grow` then sees the others
  // too.
  bool Completes() {
    for (size_t shape = 0; shape < networks_.size() && shapes_[shape].tokens == shapes_[0].tokens; ++shape) {
      const int64_t logits = shapes_[shape].logits();
      if (logits > 1 && logits < shapes_[shape].tokens) continue;
      if (!RunNetwork(At(shape)).completed) return false;
    }
    return true;
  }

  // The least depth of one channel with the others as they are. A deeper channel never harms, so what was
  // least stays so when others shrink after it.
  void Shrink(size_t channel) {
    int64_t low = 0, high = depths_[channel];  // completes at high, not known to at low
    for (int64_t probe = high - 1; high - low > 1; probe = (low + high) / 2) {
      depths_[channel] = probe;
      (Completes() ? high : low) = probe;
    }
    depths_[channel] = high;
  }

  dataflow::DesignOp design_;
  std::vector<StepShape> shapes_;
  std::vector<Network> networks_;  // by shape
  std::vector<StreamOp> streams_;  // by channel
  std::vector<int64_t> depths_;    // by channel
};

class SizeFifosPass : public impl::SizeFifosBase<SizeFifosPass> {
 public:
  using SizeFifosBase::SizeFifosBase;

 private:
  void runOnOperation() override {
    for (auto design : getOperation().getOps<dataflow::DesignOp>()) {
      Sizer sizer(design);
      if (failed(sizer.Run())) return signalPassFailure();
      for (size_t channel = 0; channel < sizer.streams().size(); ++channel) {
        SetDepth(sizer.streams()[channel], sizer.minimum(channel));
      }
    }
  }

  void SetDepth(StreamOp stream, int64_t minimum) {
    Builder builder(stream.getContext());
    stream.setMinimumAttr(builder.getI64IntegerAttr(minimum));
    if (minimum > 1) {
      stream.setRoleAttr(
          builder.getStringAttr(stream.getKind() == ChannelKind::frames ? "ring" : "reconvergent"));
    } else {
      stream.removeRoleAttr();
    }
    int64_t depth = minimum;
    if (!exact) {
      switch (stream.getKind()) {
        case ChannelKind::words:
          depth = std::max<int64_t>(depth, words);
          break;
        case ChannelKind::blocks:
          depth = std::max<int64_t>(depth, blocks);
          break;
        case ChannelKind::frames:
          depth = std::max<int64_t>(depth, frames);
          break;
        case ChannelKind::header:
        case ChannelKind::pages:
        case ChannelKind::done:
          break;
      }
    }
    stream.setDepthAttr(builder.getI64IntegerAttr(depth));
  }
};

}  // namespace
}  // namespace streamtensor::compiler
