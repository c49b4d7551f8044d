//===- ErrorsTest.cpp - tests of what may fail on a device ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/driver/FakeDevice.h"
#include "test/gpu/driver/TestedGraphs.h"
#include "test/unit/runtime/TestKernels.h"

#include <gmock/gmock.h>

using namespace edbc::fake;
using namespace test_network;
using edbc::Launch;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

class ErrorsTest : public FakeDevice {
protected:
  /// What `call` throws, or an error without a message.
  template <typename Call> static edbc::Error errorOf(Call call) {
    try {
      call();
    } catch (const edbc::Error &error) {
      return error;
    }
    return {EDBC_OK, ""};
  }

  static void expectScores(const Session &session,
                           const std::vector<Score> &scores) {
    for (uint32_t i = 0; i < scores.size(); ++i)
      EXPECT_EQ(toVector(session.logits(scores[i])),
                scoreValues(
                    innerValues(leafValues(i % 200), leafValues(i % 200 + 1))));
  }
};

/// Whatever call fails while models and sessions are created: nothing leaks,
/// and the next attempt succeeds.
TEST_F(ErrorsTest, CreatingMayFailAnywhere) {
  const char *const functions[] = {
      "cuInit",
      "cuDeviceGetCount",
      "cuDeviceGet",
      "cuDeviceGetName",
      "cuDeviceGetAttribute",
      "cuDevicePrimaryCtxRetain",
      "cuCtxPushCurrent_v2",
      "cuModuleLoadDataEx",
      "cuModuleGetFunction",
      "cuFuncSetAttribute",
      "cuOccupancyMaxActiveBlocksPerMultiprocessor",
      "cuMemAlloc_v2",
      "cuMemHostAlloc",
      "cuMemcpyHtoDAsync_v2",
      "cuMemsetD8Async",
      "cuStreamCreate",
      "cuEventCreate",
  };
  for (const char *function : functions) {
    SCOPED_TRACE(function);
    unsigned numFailures = 0;
    for (unsigned n = 1;; ++n) {
      use({});
      failCall(function, n, 2);
      // What fails when they are destroyed is nobody's to mend.
      edbc::Error error = errorOf([&] {
        Model model(device.get(), edbc::Device::cuda());
        Session session(model);
        failNoCall();
      });
      EXPECT_EQ(leaks(), "");
      EXPECT_EQ(misuse(), "");
      if (error.status() == EDBC_OK)
        break;
      ++numFailures;
      EXPECT_EQ(error.status(), EDBC_OUT_OF_MEMORY);
      std::string call = function;
      if (call.size() > 3 && call.substr(call.size() - 3) == "_v2")
        call.resize(call.size() - 3);
      EXPECT_THAT(error.what(),
                  StartsWith(call + " failed: words of the driver "
                                    "(CUDA_ERROR_OUT_OF_MEMORY, "
                                    "2): "));
    }
    EXPECT_GT(numFailures, 0u);
  }
}

/// Whatever call fails in a run: the session stays as it was, and the next
/// attempt gives the right results.
TEST_F(ErrorsTest, RunsMayFailAnywhere) {
  const char *const functions[] = {
      "cuCtxPushCurrent_v2",  "cuMemAlloc_v2",
      "cuMemHostAlloc",       "cuMemcpyHtoDAsync_v2",
      "cuMemcpyDtoHAsync_v2", "cuMemcpyDtoDAsync_v2",
      "cuEventRecord",        "cuLaunchCooperativeKernel",
      "cuLaunchKernel",       "cuStreamBeginCapture_v2",
      "cuStreamEndCapture",   "cuGraphInstantiateWithFlags",
      "cuGraphLaunch",
  };
  Model model(device.get(), edbc::Device::cuda());
  for (const char *function : functions) {
    SCOPED_TRACE(function);
    unsigned numFailures = 0;
    bool isDone = false;
    for (unsigned n = 1; !isDone; ++n) {
      edbc::SessionOptions options;
      std::string name = function;
      if (name == "cuLaunchKernel")
        options.launch = Launch::Steps;
      if (name.find("Capture") != name.npos || name.find("Graph") != name.npos)
        options.launch = Launch::Graph;
      Session session(model, options);
      std::vector<Score> scores = addInstances(session, 4);
      unsigned before = numCalls(function);
      failCall(function, n, 2);
      isDone = true;
      auto insist = [&](auto call) {
        edbc_statistics earlier = session.statistics();
        edbc::Error error = errorOf(call);
        if (error.status() == EDBC_OK)
          return;
        isDone = false;
        ++numFailures;
        EXPECT_EQ(error.status(), EDBC_OUT_OF_MEMORY) << error.what();
        edbc_statistics later = session.statistics();
        EXPECT_EQ(later.batches, earlier.batches);
        EXPECT_EQ(later.launches, earlier.launches);
        EXPECT_EQ(later.device_launches, earlier.device_launches);
        EXPECT_EQ(later.barriers, earlier.barriers);
        EXPECT_EQ(later.uploaded_bytes, earlier.uploaded_bytes);
        call();
      };
      insist([&] { session.run(); });
      insist([&] { expectScores(session, scores); });
      // More than there is room for, beside what there is.
      std::vector<Score> more = addInstances(session, 40);
      insist([&] { session.run(); });
      insist([&] { expectScores(session, more); });
      expectScores(session, scores);
      // Some failures are survived without an error, as that of growing ahead.
      isDone &= numCalls(function) - before < n;
      failNoCall();
    }
    EXPECT_GT(numFailures, 0u);
  }
}

TEST_F(ErrorsTest, TellsHowMuchMemoryIsMissing) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  addInstances(session, 100);
  failCall("cuMemAlloc_v2", 1, 2);
  failCall("cuMemAlloc_v2", 2, 2);
  edbc::Error error = errorOf([&] { session.run(); });
  EXPECT_EQ(error.status(), EDBC_OUT_OF_MEMORY);
  EXPECT_THAT(error.what(),
              StartsWith("cuMemAlloc failed: words of the driver "
                         "(CUDA_ERROR_OUT_OF_MEMORY, 2): 0.1 MB for the rows "
                         "of state 'Node', with 10"));
}

TEST_F(ErrorsTest, TakesWhatIsNeededWhereRoomToGrowIsRefused) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  std::vector<Score> first = addInstances(session, 100);
  session.run();
  // Little more is needed than there is.
  std::vector<Score> scores = addInstances(session, 4);
  failCall("cuMemAlloc_v2", 1, 2);
  session.run();
  failNoCall();
  expectScores(session, first);
  expectScores(session, scores);
}

TEST_F(ErrorsTest, FailedAttemptsTakeNoMoreMemory) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  std::vector<Score> scores = addInstances(session, 100);
  size_t used = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    failCall("cuMemHostAlloc", 1, 2);
    EXPECT_EQ(errorOf([&] { session.run(); }).status(), EDBC_OUT_OF_MEMORY);
    if (attempt == 0)
      used = usedMemory();
    EXPECT_EQ(usedMemory(), used);
  }
  session.run();
  expectScores(session, scores);
}

TEST_F(ErrorsTest, LessCanBeRunWhenMemoryIsFull) {
  Machine machine;
  machine.memory = 1 << 20;
  use(machine);
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  uint32_t count = 100;
  edbc::Error error(EDBC_OK, "");
  for (; error.status() == EDBC_OK; count += 100) {
    session.reset();
    addInstances(session, count);
    error = errorOf([&] { session.run(); });
  }
  EXPECT_EQ(error.status(), EDBC_OUT_OF_MEMORY);
  session.reset();
  std::vector<Score> scores = addInstances(session, count / 2);
  session.run();
  expectScores(session, scores);
}

/// Failures of kernels last: everything on the device is lost.
TEST_F(ErrorsTest, SessionsSayThatTheirDeviceFailed) {
  for (Launch launch : {Launch::Once, Launch::Steps, Launch::Graph}) {
    {
      Model model(device.get(), edbc::Device::cuda());
      edbc::SessionOptions options;
      options.launch = launch;
      Session session(model, options), other(model);
      std::vector<Score> scores = addInstances(session, 4);
      session.run();
      session.logits(scores[0]);
      addInstances(session, 4);
      failKernel(1, 700);
      edbc::Error error = errorOf([&] { session.run(); });
      EXPECT_EQ(error.status(), EDBC_DEVICE_FAILED);
      EXPECT_STREQ(error.what(),
                   "cuStreamSynchronize failed: words of the driver "
                   "(CUDA_ERROR_ILLEGAL_ADDRESS, 700): the device failed while "
                   "it executed network 'test_network'");
      std::string later =
          "the session can't be used any more: its device failed earlier; "
          "start the process again or, where nothing else in it uses the "
          "device, destroy the device's sessions and models and create them "
          "anew (cuStreamSynchronize failed:";
      for (int i = 0; i < 2; ++i) {
        error = errorOf([&] { session.run(); });
        EXPECT_EQ(error.status(), EDBC_DEVICE_FAILED);
        EXPECT_THAT(error.what(), StartsWith(later));
        error = errorOf([&] { session.logits(scores[0]); });
        EXPECT_EQ(error.status(), EDBC_DEVICE_FAILED);
        EXPECT_THAT(error.what(), StartsWith(later));
        error = errorOf([&] { session.logits(scores[0], edbc::onDevice); });
        EXPECT_THAT(error.what(), StartsWith(later));
      }
      session.reset();
      addInstances(session, 4);
      error = errorOf([&] { session.run(); });
      EXPECT_THAT(error.what(), StartsWith(later));
      // The model's other sessions notice by themselves.
      addInstances(other, 4);
      error = errorOf([&] { other.run(); });
      EXPECT_EQ(error.status(), EDBC_DEVICE_FAILED);
      EXPECT_THAT(error.what(), HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"));
      // And so does a new one.
      error = errorOf([&] { Session third(model); });
      EXPECT_EQ(error.status(), EDBC_DEVICE_FAILED);
    }
    EXPECT_EQ(leaks(), "");
    // Once all is destroyed, the device can be used again.
    Model model(device.get(), edbc::Device::cuda());
    Session session(model);
    std::vector<Score> scores = addInstances(session, 4);
    session.run();
    expectScores(session, scores);
  }
}

/// Nobody waits in such a run, so reading tells.
TEST_F(ErrorsTest, ReadingTellsWhatFailedInTheMeantime) {
  Model model(device.get(), edbc::Device::cuda());
  Session owner(model); // of a stream
  {
    edbc::SessionOptions options;
    options.stream = owner.stream();
    Session session(model, options);
    std::vector<Score> scores = addInstances(session, 4);
    failKernel(1, 719);
    session.run();
    edbc::Error error = errorOf([&] { session.logits(scores[0]); });
    EXPECT_EQ(error.status(), EDBC_DEVICE_FAILED);
    EXPECT_THAT(error.what(), HasSubstr("CUDA_ERROR_LAUNCH_FAILED"));
  }
}

TEST_F(ErrorsTest, RefusedLaunchesAreErrors) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  std::vector<Score> scores = addInstances(session, 4);
  failCall("cuLaunchCooperativeKernel", 1, 1);
  edbc::Error error = errorOf([&] { session.run(); });
  EXPECT_EQ(error.status(), EDBC_DEVICE_FAILED);
  EXPECT_STREQ(error.what(),
               "cuLaunchCooperativeKernel failed: words of the driver "
               "(CUDA_ERROR_OTHER, 1): 4 blocks of 64 threads");
  session.run();
  expectScores(session, scores);
}

} // namespace
