// SPDX-License-Identifier: Apache-2.0
#include "server/generation/send_queue.h"

#include <gtest/gtest.h>

namespace streamtensor::server {
namespace {

struct CountedStream : SendQueue::Stream {
  void Send() override { ++sends; }
  int sends = 0;
};

TEST(SendQueue, WakesTheWriterOnceAStep) {
  int wakes = 0;
  SendQueue queue([&wakes] { ++wakes; });
  CountedStream a;
  CountedStream b;
  queue.Add(&a);
  queue.Add(&b);
  EXPECT_EQ(wakes, 0);
  queue.Flush();
  queue.Flush();
  EXPECT_EQ(wakes, 1);
  queue.SendAll();
  EXPECT_EQ(a.sends, 1);
  EXPECT_EQ(b.sends, 1);
  queue.SendAll();
  EXPECT_EQ(a.sends, 1) << "a stream that was sent has left the queue";
}

TEST(SendQueue, NothingToSendWakesNobody) {
  int wakes = 0;
  SendQueue queue([&wakes] { ++wakes; });
  queue.Flush();
  EXPECT_EQ(wakes, 0);
}

TEST(SendQueue, AStreamMayComeBackWhileTheOthersAreSent) {
  int wakes = 0;
  SendQueue queue([&wakes] { ++wakes; });
  struct Returning : SendQueue::Stream {
    void Send() override {
      if (++sends == 1) queue->Add(this);
    }
    SendQueue* queue = nullptr;
    int sends = 0;
  } stream;
  stream.queue = &queue;
  queue.Add(&stream);
  queue.Flush();
  queue.SendAll();
  EXPECT_EQ(stream.sends, 1);
  queue.Flush();
  EXPECT_EQ(wakes, 2) << "the writer is woken anew";
  queue.SendAll();
  EXPECT_EQ(stream.sends, 2);
}

}  // namespace
}  // namespace streamtensor::server
