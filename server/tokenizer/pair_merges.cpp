// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/pair_merges.h"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>

namespace streamtensor::server {

// A heap of pairs would cost a word of a few megabytes a cache miss for each level of each of its operations.
// Instead the pairs of each rank are in a list of their own, and only ranks are in a heap.
class PairMerges::LongWord {
 public:
  explicit LongWord(const PairMerges& merges) : merges_(merges) {}

  bool Encode(std::span<const uint32_t> word, Encoding& encoding) {
    symbols_.reserve(word.size());
    for (const uint32_t id : word) {
      const auto at = static_cast<int32_t>(symbols_.size());
      symbols_.push_back({id, at - 1, at + 1});
    }
    if (symbols_.empty()) return true;
    symbols_.back().next = -1;
    for (int32_t left = 0; symbols_[left].next >= 0; ++left) {
      Consider(left);
      if (!encoding.Continue(1)) return false;
    }
    while (!ranks_.empty()) {
      if (!MergeLeast(encoding)) return false;
    }
    for (int32_t i = 0; i >= 0; i = symbols_[i].next) encoding.ids.push_back(symbols_[i].id);
    return true;
  }

 private:
  struct Symbol {
    uint32_t id;  // kNone: merged into the one before
    int32_t previous, next;
  };
  // The pairs of one rank by their left symbols. One is stale when its symbols have changed since.
  struct List {
    std::vector<int32_t> lefts;
    size_t done = 0;
    bool is_sorted = true;
  };

  // Notes the pair of `left` and the symbol after it.
  void Consider(int32_t left) {
    if (left < 0 || symbols_[left].next < 0) return;
    const uint32_t rank = merges_.Find(symbols_[left].id, symbols_[symbols_[left].next].id).rank;
    if (rank == kNone) return;
    const auto [entry, is_new] = list_of_rank_.try_emplace(rank);
    if (is_new) {
      entry->second = TakeList();
      ranks_.push(rank);
    }
    List& list = lists_[entry->second];
    if (!list.lefts.empty() && list.lefts.back() > left) list.is_sorted = false;
    list.lefts.push_back(left);
  }

  // Merges the pairs of the least rank from left to right, until it is no longer the least.
  bool MergeLeast(Encoding& encoding) {
    const uint32_t rank = ranks_.top();
    const uint32_t number = list_of_rank_[rank];
    while (ranks_.top() == rank) {
      List& list = lists_[number];
      if (!list.is_sorted) {
        std::sort(list.lefts.begin() + static_cast<ptrdiff_t>(list.done), list.lefts.end());
        list.is_sorted = true;
      }
      if (list.done == list.lefts.size()) {
        ReturnList(number);
        list_of_rank_.erase(rank);
        ranks_.pop();
        return true;
      }
      if (!encoding.Continue(1)) return false;
      MergeAt(list.lefts[list.done++], rank);
    }
    return true;
  }

  void MergeAt(int32_t at, uint32_t rank) {
    Symbol& left = symbols_[at];
    if (left.id == kNone || left.next < 0) return;
    Symbol& right = symbols_[left.next];
    const Merge merge = merges_.Find(left.id, right.id);
    if (merge.rank != rank) return;
    left.id = merge.merged;
    left.next = right.next;
    right.id = kNone;
    if (left.next >= 0) symbols_[left.next].previous = at;
    Consider(left.previous);
    Consider(at);
  }

  uint32_t TakeList() {
    if (free_lists_.empty()) {
      lists_.emplace_back();
      return static_cast<uint32_t>(lists_.size() - 1);
    }
    const uint32_t number = free_lists_.back();
    free_lists_.pop_back();
    return number;
  }

  void ReturnList(uint32_t number) {
    lists_[number].lefts.clear();
    lists_[number].done = 0;
    free_lists_.push_back(number);
  }

  const PairMerges& merges_;
  std::vector<Symbol> symbols_;
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ranks_;  // those that have a list
  absl::flat_hash_map<uint32_t, uint32_t> list_of_rank_;
  std::vector<List> lists_;
  std::vector<uint32_t> free_lists_;
};

bool PairMerges::Encode(std::span<const uint32_t> word, Encoding& encoding) const {
  if (word.size() > kShortWord) return LongWord(*this).Encode(word, encoding);
  EncodeShort(word, encoding.ids);
  return true;
}

void PairMerges::EncodeShort(std::span<const uint32_t> word, std::vector<uint32_t>& ids) const {
  std::array<uint32_t, kShortWord> symbols;
  std::array<Merge, kShortWord> merges;  // of each symbol and the one after it
  size_t count = word.size();
  std::ranges::copy(word, symbols.begin());
  for (size_t i = 0; i + 1 < count; ++i) merges[i] = Find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    const auto last = merges.begin() + static_cast<ptrdiff_t>(count - 1);
    const auto least = std::ranges::min_element(merges.begin(), last, {}, &Merge::rank);
    if (least->rank == kNone) break;
    const auto at = static_cast<size_t>(least - merges.begin());
    symbols[at] = least->merged;
    std::copy(symbols.begin() + at + 2, symbols.begin() + count, symbols.begin() + at + 1);
    std::copy(least + 1, last, least);
    --count;
    if (at + 1 < count) merges[at] = Find(symbols[at], symbols[at + 1]);
    if (at > 0) merges[at - 1] = Find(symbols[at - 1], symbols[at]);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.begin() + static_cast<ptrdiff_t>(count));
}

}  // namespace streamtensor::server
