// SPDX-License-Identifier: Apache-2.0
// A small design that the card conformance suite runs: output[t][i] = input[t][i] * weights[i] + pool[i],
// and pool[i] += 1 by its writing argument. It computes, and on demand misbehaves, on every thread of its
// card. Shared by design and test.
#ifndef ST_TESTS_CONFORMANCE_DESIGN_H
#define ST_TESTS_CONFORMANCE_DESIGN_H

#include <cstdint>

#include "kernels/contract/descriptor.h"

namespace conformance {

constexpr int kStepTokens = 4;
constexpr int kWidth = 16;    // floats a row
constexpr int kMaxPages = 1;  // a sequence
constexpr int kDescriptorWords = streamtensor::contract::DescriptorWords(kStepTokens, kMaxPages);
constexpr int kBehaviourWord = streamtensor::contract::kDescriptorReservedWord;  // of the descriptor

enum Behaviour : uint32_t {
  kCompute = 0,
  kDeadlock = 1,  // two processes wait for each other
  kSpin = 2,      // never ends
  kCrash = 3,     // writes to address 0
  kReachOut = 4,  // tries to open files and a socket and to clone itself; output[0][0] = how many succeeded
  kForeignCall = 5,  // makes a system call by the numbers of 32-bit programs
};

enum ArgumentIndex { kDescriptor, kStatus, kInput, kOutput, kWeights, kPoolRead, kPoolWrite, kArguments };

}  // namespace conformance

#endif
