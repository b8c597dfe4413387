// SPDX-License-Identifier: Apache-2.0
// What the bodies of a server's requests take: those being received, those that wait for a handler, those in
// use.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace streamtensor::server::http {

// Thread-safe.
class BodyMemory {
 public:
  // One body's part; it ends with the body.
  class Share {
   public:
    explicit Share(std::shared_ptr<BodyMemory> all) : all_(std::move(all)) {}
    ~Share() { Set(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    // Not thread-safe.
    void Set(size_t bytes) {
      all_->held_ += bytes;
      all_->held_ -= bytes_;
      bytes_ = bytes;
    }

   private:
    const std::shared_ptr<BodyMemory> all_;
    size_t bytes_ = 0;
  };

  size_t held() const { return held_; }

 private:
  std::atomic<size_t> held_ = 0;
};

}  // namespace streamtensor::server::http
