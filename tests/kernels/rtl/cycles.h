// SPDX-License-Identifier: Apache-2.0
// When the modules of kernels/rtl do what: models of their handshakes, cycle by cycle. The values are those
// of kernels/st/slice.h. A model has no pipeline: it knows how many cycles after its cause an effect is seen.
//
// Each cycle: outputs() of the state and this cycle's inputs, then tick() to the next cycle.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "st/slice.h"

namespace rtl_test {

namespace contract = streamtensor::contract;

// Events and values of counters that a bench must have met, by name.
class Borders {
 public:
  void Meet(const std::string& name, bool met = true) { met_[name] = met_[name] || met; }
  // A counter's values: both ends must be met.
  void MeetEnds(const std::string& counter, int value, int least, int most) {
    Meet(counter + " = " + std::to_string(least), value == least);
    Meet(counter + " = " + std::to_string(most), value == most);
  }
  const std::map<std::string, bool>& met() const { return met_; }

 private:
  std::map<std::string, bool> met_;
};

template <int LANES>
class MacSliceCycles {
 public:
  using ActivationBeat = typename st::slice<LANES>::activation_beat;
  using SumBeat = typename st::slice<LANES>::sum_beat;
  struct In {
    bool reset = false, enable = true;
    bool weights_there = false, activations_there = false, room = false;
    st::weight_element weights = 0;
    ActivationBeat activations = 0;
  };
  struct Out {
    bool weights_read = false, activations_read = false, sums_write = false;
    SumBeat sums = 0;
  };

  explicit MacSliceCycles(Borders* borders) : borders_(*borders) { Reset(); }

  Out outputs(const In& in) const {
    Out out;
    const bool room = st::is_scales(in.weights) || words_ < contract::kSliceRingWords;
    out.weights_read = in.enable && in.weights_there && room;
    out.activations_read = MayStart() && !second_due_ && tiles_ > 0 && in.activations_there && in.enable;
    out.sums_write = !output_.empty() && in.room && in.enable;
    if (!output_.empty()) out.sums = output_.front();
    return out;
  }

  // Words of scales that came while all places were in use.
  int overflows() const { return overflows_; }

  void tick(const In& in, const Out& out) {
    if (in.reset) {
      Reset();
      return;
    }
    const bool start_second = MayStart() && second_due_;
    MeetBorders(in);

    if (out.weights_read) Take(in.weights);
    if (out.activations_read) {
      pass_ = in.activations;
      tile_ = ring_.front();
      ends_tile_ = Tag(contract::kActivationEndsTile);
      second_due_ = Tag(contract::kActivationTwoPlanes);
      Start(false, !second_due_);
      if (ends_tile_) {
        ring_.pop_front();
        --tiles_;
      }
    } else if (start_second) {
      second_due_ = false;
      Start(true, true);
    }
    if (out.sums_write) {
      output_.pop_front();
      if (++left_ == contract::kQuads) {
        left_ = 0;
        ++credits_;
      }
    }
    ++now_;
    for (; !free_words_.empty() && free_words_.front() == now_; free_words_.pop_front()) {
      words_ -= contract::kPlaneWords;
    }
    for (; !free_scales_.empty() && free_scales_.front() == now_; free_scales_.pop_front()) --scales_;
    for (; !on_the_way_.empty() && on_the_way_.front().first == now_; on_the_way_.pop_front()) {
      output_.push_back(on_the_way_.front().second);
    }
  }

 private:
  struct Tile {
    st::word512 planes[2][contract::kPlaneWords];
    st::word512 scales;
    int words = 0;
  };
  // Cycles from a plane's start: to its beats' first, to its words and its tile's scales being free.
  static constexpr int kToFirstBeat = 17, kToFreeWords = 14, kToFreeScales = 18;
  static constexpr int kPlanes = contract::kSliceOutputBeats / contract::kQuads;

  void Reset() {
    words_ = scales_ = tiles_ = left_ = words_taken_ = scales_taken_ = words_used_ = 0;
    credits_ = kPlanes;
    second_due_ = false;
    last_start_ = now_ - contract::kPlaneWords;
    ring_.clear();
    arriving_ = Tile();
    output_.clear();
    on_the_way_.clear();
    free_words_.clear();
    free_scales_.clear();
  }
  bool MayStart() const { return now_ >= last_start_ + contract::kPlaneWords && credits_ > 0; }
  bool Tag(int flag) const {
    return st::unsigned_field(pass_, LANES * contract::kActivationLaneBits + flag, 1) != 0;
  }

  void Take(const st::weight_element& element) {
    if (st::is_scales(element)) {
      arriving_.scales = st::word_of(element);
      ring_.push_back(arriving_);
      arriving_ = Tile();
      ++scales_;
      ++tiles_;
      overflows_ += scales_ > contract::kSliceRingScales;
      borders_.MeetEnds("place in the ring of scales", scales_taken_++ % contract::kSliceRingScales, 0,
                        contract::kSliceRingScales - 1);
    } else {
      arriving_.planes[arriving_.words / contract::kPlaneWords][arriving_.words % contract::kPlaneWords] =
          st::word_of(element);
      ++arriving_.words;
      ++words_;
      borders_.MeetEnds("place in the ring of words", words_taken_++ % contract::kSliceRingWords, 0,
                        contract::kSliceRingWords - 1);
    }
  }

  void Start(bool high, bool ends_pass) {
    SumBeat beats[contract::kQuads];
    st::mac_plane<LANES>(tile_.planes[high ? 1 : 0], tile_.scales, high, pass_, beats);
    for (int quad = 0; quad < contract::kQuads; ++quad) {
      on_the_way_.emplace_back(now_ + kToFirstBeat + quad, beats[quad]);
    }
    if (ends_tile_) {
      free_words_.push_back(now_ + kToFreeWords);
      if (ends_pass) free_scales_.push_back(now_ + kToFreeScales);
      borders_.Meet("a tile of two planes around the ring's end",
                    high && words_used_ % contract::kSliceRingWords == 0);
      words_used_ += contract::kPlaneWords;
    }
    borders_.Meet("planes without a gap", now_ == last_start_ + contract::kPlaneWords);
    borders_.MeetEnds("pass",
                      static_cast<int>(st::unsigned_field(pass_, LANES * contract::kActivationLaneBits,
                                                          contract::kPassBits)),
                      0, contract::kMaxStepTokens / LANES - 1);
    borders_.Meet("one group a row", Tag(contract::kActivationFirst) && Tag(contract::kActivationLast));
    last_start_ = now_;
    --credits_;
  }

  void MeetBorders(const In& in) {
    borders_.MeetEnds("words held", words_, 0, contract::kSliceRingWords);
    borders_.MeetEnds("scales held", scales_, 0, contract::kSliceRingScales);
    borders_.MeetEnds("tiles that wait", tiles_, 0, contract::kSliceRingScales);
    borders_.MeetEnds("credits", credits_, 0, kPlanes);
    borders_.MeetEnds("output", static_cast<int>(output_.size()), 0, contract::kSliceOutputBeats);
    borders_.Meet("a high plane waits for room", second_due_ && credits_ == 0);
    borders_.Meet("activations wait for a tile",
                  in.activations_there && MayStart() && !second_due_ && tiles_ == 0);
    borders_.Meet("words wait",
                  in.weights_there && !st::is_scales(in.weights) && words_ == contract::kSliceRingWords);
    borders_.Meet("not enabled", !in.enable);
  }

  Borders& borders_;
  int64_t now_ = 0, last_start_ = 0, words_taken_ = 0, scales_taken_ = 0, words_used_ = 0;
  int overflows_ = 0;
  int words_ = 0, scales_ = 0, tiles_ = 0, credits_ = 0, left_ = 0;
  bool second_due_ = false, ends_tile_ = false;
  Tile arriving_, tile_;
  ActivationBeat pass_ = 0;
  std::deque<Tile> ring_;
  std::deque<SumBeat> output_;
  std::deque<std::pair<int64_t, SumBeat>> on_the_way_;
  std::deque<int64_t> free_words_, free_scales_;
};

template <int LANES>
class ScaleStageCycles {
 public:
  using SumBeat = typename st::slice<LANES>::sum_beat;
  using ResultBeat = typename st::slice<LANES>::result_beat;
  struct In {
    bool reset = false, enable = true, sums_there = false, room = false;
    SumBeat sums = 0;
  };
  struct Out {
    bool sums_read = false, results_write = false;
    ResultBeat results = 0;
  };

  explicit ScaleStageCycles(Borders* borders) : borders_(*borders) {}

  Out outputs(const In& in) const {
    Out out;
    out.sums_read = in.enable && in.sums_there && room_ > 0;
    out.results_write = !output_.empty() && in.room && in.enable;
    if (!output_.empty()) out.results = output_.front();
    return out;
  }

  void tick(const In& in, const Out& out) {
    if (in.reset) {
      room_ = contract::kSliceOutputBeats;
      output_.clear();
      on_the_way_.clear();
      return;
    }
    borders_.MeetEnds("room", room_, 0, contract::kSliceOutputBeats);
    borders_.MeetEnds("output", static_cast<int>(output_.size()), 0, contract::kSliceOutputBeats);
    borders_.Meet("not enabled", !in.enable);
    if (out.sums_read) {
      ResultBeat result;
      if (st::scale_beat<LANES>(in.sums, kept_, result)) {
        on_the_way_.emplace_back(now_ + kToResult, result);
        --room_;
      }
      const int tag = LANES * contract::kSumLaneBits;
      borders_.MeetEnds(
          "place of the sums",
          static_cast<int>(st::unsigned_field(in.sums, tag + contract::kSumPass, contract::kPassBits)) *
                  contract::kQuads +
              static_cast<int>(st::unsigned_field(in.sums, tag + contract::kSumQuad, contract::kQuadBits)),
          0, contract::kMaxStepTokens / LANES * contract::kQuads - 1);
      for (int shift = 0; shift < 1 << contract::kGroupShiftBits; ++shift) {
        borders_.Meet("shift " + std::to_string(shift),
                      static_cast<int>(st::unsigned_field(in.sums, contract::kLanePlaneShift,
                                                          contract::kGroupShiftBits)) == shift);
      }
      borders_.Meet("high plane", st::unsigned_field(in.sums, tag + contract::kSumHighPlane, 1) != 0);
    }
    if (out.results_write) {
      output_.pop_front();
      ++room_;
    }
    ++now_;
    for (; !on_the_way_.empty() && on_the_way_.front().first == now_; on_the_way_.pop_front()) {
      output_.push_back(on_the_way_.front().second);
    }
  }

 private:
  static constexpr int kToResult = 6;  // cycles from a row's last beat to its result at the output

  Borders& borders_;
  int64_t now_ = 0;
  int room_ = contract::kSliceOutputBeats;
  st::kept_sums<LANES> kept_ = {};
  std::deque<ResultBeat> output_;
  std::deque<std::pair<int64_t, ResultBeat>> on_the_way_;
};

// An element is seen `stages` + 1 cycles after it was written, and a cycle after the one before was taken.
template <class ELEMENT>
class StreamFifoCycles {
 public:
  struct In {
    bool reset = false, write = false, read = false;  // asked for; done if the outputs allow it
    ELEMENT element = 0;
  };
  struct Out {
    bool full_n = false, empty_n = false;
    ELEMENT element = 0;
  };

  StreamFifoCycles(int depth, int stages, Borders* borders)
      : borders_(*borders), depth_(depth), stages_(stages) {}

  Out outputs() const {
    Out out;
    out.full_n = static_cast<int>(held_.size()) < depth_;
    out.empty_n = !held_.empty() && now_ >= held_.front().first && now_ > last_taken_;
    if (out.empty_n) out.element = held_.front().second;
    return out;
  }

  void tick(const In& in, const Out& out) {
    if (in.reset) {
      held_.clear();
      written_ = taken_ = 0;
    } else {
      borders_.MeetEnds("held", static_cast<int>(held_.size()), 0, depth_);
      borders_.Meet("writes while it is full", in.write && !out.full_n);
      borders_.Meet("reads while it is empty", in.read && !out.empty_n);
      borders_.Meet("read and write at once", in.read && in.write && out.full_n && out.empty_n);
      borders_.Meet("full, and read", in.read && !out.full_n);
      borders_.Meet("holds one, and read", in.read && out.empty_n && held_.size() == 1);
      if (in.read && out.empty_n) {
        held_.pop_front();
        last_taken_ = now_;
        borders_.MeetEnds("place read", taken_++ % depth_, 0, depth_ - 1);
      }
      if (in.write && out.full_n) {
        held_.emplace_back(now_ + 1 + stages_, in.element);
        borders_.MeetEnds("place written", written_++ % depth_, 0, depth_ - 1);
      }
    }
    ++now_;
  }

 private:
  Borders& borders_;
  int depth_, stages_;
  int written_ = 0, taken_ = 0;
  int64_t now_ = 0, last_taken_ = std::numeric_limits<int64_t>::min();
  std::deque<std::pair<int64_t, ELEMENT>> held_;
};

}  // namespace rtl_test
