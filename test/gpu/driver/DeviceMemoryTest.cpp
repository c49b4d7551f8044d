//===- DeviceMemoryTest.cpp - what sessions on a device allocate *- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/driver/FakeDevice.h"
#include "test/gpu/driver/TestedGraphs.h"
#include "test/unit/runtime/CountedMemory.h"

using namespace edbc::fake;
using edbc::Launch;
using edbc::test::numAllocations;

namespace {

class DeviceMemoryTest : public FakeDevice {};

TEST_F(DeviceMemoryTest, WarmSessionsAllocateNothing) {
  Model model(device.get(), edbc::Device::cuda());
  for (Launch launch : {Launch::Once, Launch::Steps}) {
    edbc::SessionOptions options;
    options.launch = launch;
    Session session(model, options);
    std::vector<std::vector<float>> first = runEverything(session);
    session.reset();
    EXPECT_EQ(runEverything(session), first);
    session.reset();
    unsigned device = numCalls("cuMemAlloc_v2");
    unsigned pinned = numCalls("cuMemHostAlloc");
    // What the fake driver itself allocates doesn't count.
    uint64_t saved = 0;
    onCalls([&](bool begins) {
      if (begins)
        saved = numAllocations;
      else
        numAllocations = saved;
    });
    uint64_t before = numAllocations;
    for (uint32_t i = 0; i < 10; ++i) {
      session.beginInstance();
      Node node = i % 2 ? session.inner(session.leaf(i), session.start())
                        : session.inner(session.word(i), session.origin());
      session.score(session.join(node, {&node, 1}, {&node, 1}));
      session.shift(session.table(1), node);
    }
    session.run();
    EXPECT_EQ(numAllocations, before);
    onCalls(nullptr);
    session.reset();
    EXPECT_EQ(runEverything(session), first);
    EXPECT_EQ(numCalls("cuMemAlloc_v2"), device);
    EXPECT_EQ(numCalls("cuMemHostAlloc"), pinned);
  }
}

} // namespace
