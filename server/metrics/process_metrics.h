// SPDX-License-Identifier: Apache-2.0
// The usual process_* metrics, from /proc/self.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace streamtensor::server {

// What can not be read is left out.
std::vector<prometheus::MetricFamily> CollectProcess();

}  // namespace streamtensor::server
