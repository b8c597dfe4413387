// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/slr_fit.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace streamtensor::schedule {
namespace {

struct Share {
  const char* resource;
  double share;
  double limit;
};

double Of(int64_t used, int64_t available) {
  if (used <= 0) return 0;
  return available > 0 ? static_cast<double>(used) / static_cast<double>(available) : 1e9;
}

std::array<Share, 5> SharesOf(const Area& area, const compiler::LogicResources<int64_t>& slr,
                              const compiler::LogicResources<double>& limits) {
  return {Share{"lut", Of(area.lut, slr.lut), limits.lut}, Share{"ff", Of(area.ff, slr.ff), limits.ff},
          Share{"bram36", Of((area.bram18 + 1) / 2, slr.bram36), limits.bram36},
          Share{"uram", Of(area.uram, slr.uram), limits.uram},
          Share{"dsp", Of(area.dsp, slr.dsp), limits.dsp}};
}

// The highest share of a limit; above 1: it doesn't fit.
double Fullness(const std::array<Share, 5>& shares) {
  double fullness = 0;
  for (const Share& share : shares) fullness = std::max(fullness, share.share / share.limit);
  return fullness;
}

}  // namespace

SlrFit FitSlrs(const DesignEstimate& design, const compiler::Platform& platform) {
  SlrFit fit;
  fit.slrs.resize(platform.slrs.size());
  const auto place = [&](const std::string& name, const Area& area) {
    size_t best = 0;
    double least = 0;
    for (size_t slr = 0; slr < fit.slrs.size(); ++slr) {
      Area with = fit.slrs[slr].area;
      with += area;
      const double fullness = Fullness(SharesOf(with, platform.slrs[slr], platform.limits));
      if (slr == 0 || fullness < least) {
        best = slr;
        least = fullness;
      }
      if (fullness <= 1) break;
    }
    fit.slrs[best].area += area;
    if (!name.empty()) fit.slrs[best].processes.push_back(name);
  };
  if (fit.slrs.empty()) return fit;
  for (const ProcessEstimate& process : design.processes) place(process.name, process.area);
  for (const Channel& channel : design.channels) place("", channel.area);
  for (size_t slr = 0; slr < fit.slrs.size(); ++slr) {
    for (const Share& share : SharesOf(fit.slrs[slr].area, platform.slrs[slr], platform.limits)) {
      if (share.share > share.limit) fit.excess.push_back({slr, share.resource, share.share, share.limit});
    }
  }
  return fit;
}

std::string SlrText(const SlrFit& fit, const compiler::Platform& platform) {
  std::string text;
  for (size_t slr = 0; slr < fit.slrs.size(); ++slr) {
    absl::StrAppend(&text, "SLR", slr, ":");
    for (const Share& share : SharesOf(fit.slrs[slr].area, platform.slrs[slr], platform.limits)) {
      absl::StrAppendFormat(&text, " %s %.0f %% of %.0f %%", share.resource, 100 * share.share,
                            100 * share.limit);
      if (share.share > share.limit) text += " (too much)";
      text += ";";
    }
    absl::StrAppend(&text, " ", fit.slrs[slr].processes.size(), " processes\n");
  }
  return text;
}

}  // namespace streamtensor::schedule
