//===- DeviceTest.cpp - tests of sessions on a device -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/DriverApi.h"
#include "test/gpu/driver/FakeDevice.h"
#include "test/gpu/driver/TestedGraphs.h"
#include "test/unit/runtime/TestKernels.h"

#include <cstring>
#include <thread>

using namespace edbc::fake;
using namespace test_network;
using edbc::Launch;

extern "C" {
// The driver's functions, as applications call them.
int cuStreamCreate(CUstream_st **stream, unsigned flags);
int cuStreamDestroy_v2(CUstream_st *stream);
int cuStreamSynchronize(CUstream_st *stream);
int cuStreamBeginCapture_v2(CUstream_st *stream, int mode);
int cuStreamEndCapture(CUstream_st *stream, CUgraph_st **graph);
int cuGraphDestroy(CUgraph_st *graph);
int cuDevicePrimaryCtxRetain(CUctx_st **context, int device);
int cuDevicePrimaryCtxRelease_v2(int device);
int cuCtxPushCurrent_v2(CUctx_st *context);
int cuCtxPopCurrent_v2(CUctx_st **context);
}

namespace {

class DeviceTest : public FakeDevice {
protected:
  std::vector<std::vector<float>> expected = [&] {
    Model model(device.get(), edbc::Device::cpu());
    Session session(model);
    return runEverything(session);
  }();
};

TEST_F(DeviceTest, GivesTheSameBitsAsTheCpu) {
  Model model(device.get(), edbc::Device::cuda());
  for (Launch launch : {Launch::Once, Launch::Steps, Launch::Graph})
    for (edbc::Policy policy : {edbc::Policy::Fsm, edbc::Policy::Agenda,
                                edbc::Policy::Depth, edbc::Policy::Lemma}) {
      edbc::SessionOptions options;
      options.policy = policy;
      options.launch = launch;
      Session session(model, options);
      EXPECT_EQ(runEverything(session), expected);
      session.reset();
      EXPECT_EQ(runEverything(session), expected);
    }
}

TEST_F(DeviceTest, EqualNodesShareResults) {
  Model model(device.get(), edbc::Device::cuda());
  edbc::SessionOptions options;
  options.share = true;
  Session session(model, options);
  EXPECT_EQ(runEverything(session), expected);
  EXPECT_GT(session.statistics().shared_nodes, 0u);
  session.reset();
  EXPECT_EQ(runEverything(session), expected);
}

TEST_F(DeviceTest, ARunIsOneLaunch) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  runEverything(session);
  EXPECT_EQ(numCalls("cuLaunchCooperativeKernel"), 4u);
  EXPECT_EQ(numCalls("cuLaunchKernel"), 0u);
  edbc::Statistics statistics = session.statistics();
  EXPECT_EQ(statistics.device_launches, 4u);
  EXPECT_EQ(statistics.launches, device.numSteps);
  EXPECT_EQ(statistics.barriers, device.numBarriers);
  EXPECT_LT(statistics.barriers, statistics.launches);
  EXPECT_LE(device.mostBlocks, 6u);
}

TEST_F(DeviceTest, TheSameStatisticsAsOnTheCpu) {
  Model model(device.get(), edbc::Device::cuda()),
      host(device.get(), edbc::Device::cpu());
  Session session(model), other(host);
  runEverything(session);
  runEverything(other);
  edbc::Statistics a = session.statistics(true), b = other.statistics(true);
  EXPECT_EQ(a.nodes, b.nodes);
  EXPECT_EQ(a.batches, b.batches);
  EXPECT_EQ(a.launches, b.launches);
  EXPECT_EQ(a.copied_bytes, b.copied_bytes);
  EXPECT_EQ(a.lower_bound, b.lower_bound);
  EXPECT_EQ(b.device_launches + b.barriers + b.uploaded_bytes +
                b.downloaded_bytes,
            0u);
}

TEST_F(DeviceTest, LaunchesStepsWhereCooperationIsRefused) {
  Model model(device.get(), edbc::Device::cuda());
  for (int refusal : {720, 801, 701}) {
    Session session(model);
    failCall("cuLaunchCooperativeKernel", 2, refusal);
    unsigned before = numCalls("cuLaunchCooperativeKernel");
    EXPECT_EQ(runEverything(session), expected);
    // It doesn't try again.
    EXPECT_EQ(numCalls("cuLaunchCooperativeKernel"), before + 2);
  }
}

TEST_F(DeviceTest, LaunchesStepsWhereTheDeviceCantCooperate) {
  Machine machine;
  machine.isCooperative = false;
  use(machine);
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  EXPECT_EQ(runEverything(session), expected);
  EXPECT_EQ(session.statistics().device_launches,
            session.statistics().launches);
  EXPECT_EQ(session.statistics().barriers, 0u);
}

TEST_F(DeviceTest, AWarmSessionCopiesOnceEachWay) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  auto copies = [&] {
    session.reset();
    unsigned up = numCalls("cuMemcpyHtoDAsync_v2");
    unsigned down = numCalls("cuMemcpyDtoHAsync_v2");
    unsigned waits = numCalls("cuStreamSynchronize");
    std::vector<Score> scores = addInstances(session, 20);
    session.run();
    for (uint32_t i = 0; i < scores.size(); ++i)
      EXPECT_EQ(toVector(session.logits(scores[i])),
                scoreValues(innerValues(leafValues(i), leafValues(i + 1))));
    return std::vector<unsigned>{numCalls("cuMemcpyHtoDAsync_v2") - up,
                                 numCalls("cuMemcpyDtoHAsync_v2") - down,
                                 numCalls("cuStreamSynchronize") - waits};
  };
  copies();
  EXPECT_EQ(copies(), (std::vector<unsigned>{1, 1, 1}));
  EXPECT_EQ(copies(), (std::vector<unsigned>{1, 1, 1}));
  EXPECT_EQ(session.statistics().downloaded_bytes, 20 * 16 * sizeof(float));
  EXPECT_GT(session.statistics().uploaded_bytes, 0u);
}

TEST_F(DeviceTest, WhatIsNoLongerReadIsNoLongerCopied) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  std::vector<Score> scores = addInstances(session, 3);
  session.run();
  session.logits(scores[0]);
  for (uint64_t expectedBytes : {192, 0, 0}) {
    session.reset();
    addInstances(session, 3);
    session.run();
    EXPECT_EQ(session.statistics().downloaded_bytes, expectedBytes);
  }
}

TEST_F(DeviceTest, ResultsStayOnTheDevice) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  std::vector<Score> scores = addInstances(session, 3);
  session.run();
  edbc::DeviceView view = session.logits(scores[2], edbc::onDevice);
  EXPECT_EQ(view.rows, Model::labels);
  EXPECT_EQ(view.columns, 1u);
  // The fake device's memory can be read by the host.
  EXPECT_EQ(std::vector<float>(view.data, view.data + view.rows),
            scoreValues(innerValues(leafValues(2), leafValues(3))));
  EXPECT_EQ(numCalls("cuMemcpyDtoHAsync_v2"), 0u);

  Table table = session.table(1);
  session.run();
  view = session.matrix(table, edbc::onDevice);
  EXPECT_EQ(view.rows, Model::hidden);
  EXPECT_EQ(view.columns, Model::columns);
  EXPECT_EQ(view.stride, 32u);
}

TEST_F(DeviceTest, LookedUpNodesAreInTheModelsTables) {
  Model model(device.get(), edbc::Device::cuda());
  Session session(model);
  Node origin = session.origin(), word = session.word(7);
  session.run();
  // Nothing was executed, and nothing has to be copied there or back.
  EXPECT_EQ(session.statistics().device_launches, 0u);
  EXPECT_EQ(session.statistics().uploaded_bytes, 0u);
  EXPECT_EQ(session.statistics().batches, 2u);
  EXPECT_EQ(toVector(session.hidden(origin)), startValues().h);
  EXPECT_EQ(toVector(session.hidden(word)), leafValues(7).h);
  EXPECT_EQ(session.statistics().downloaded_bytes, 0u);
  edbc::DeviceView view = session.hidden(word, edbc::onDevice);
  EXPECT_EQ(std::vector<float>(view.data, view.data + view.rows),
            leafValues(7).h);
}

TEST_F(DeviceTest, NothingIsOnADeviceOnTheCpu) {
  Model model(device.get(), edbc::Device::cpu());
  Session session(model);
  EXPECT_EQ(session.stream(), nullptr);
  Table table = session.table(1);
  session.run();
  try {
    session.matrix(table, edbc::onDevice);
    FAIL();
  } catch (const edbc::Error &error) {
    EXPECT_EQ(error.status(), EDBC_INVALID_ARGUMENT);
    EXPECT_STREQ(error.what(),
                 "output 'matrix': the model was created on the CPU; its "
                 "results are on no device");
  }
  edbc::SessionOptions options;
  options.stream = &session;
  try {
    Session other(model, options);
    FAIL();
  } catch (const edbc::Error &error) {
    EXPECT_EQ(error.status(), EDBC_INVALID_ARGUMENT);
    EXPECT_STREQ(error.what(), "a stream was given, but the model was created "
                               "on the CPU");
  }
}

TEST_F(DeviceTest, LaunchesAreChecked) {
  Model model(device.get(), edbc::Device::cuda());
  edbc_session_options options = {};
  options.launch = static_cast<edbc_launch>(3);
  edbc_session *session = nullptr;
  edbc_error error;
  EXPECT_EQ(edbc_session_create(model.handle(), &options, &session, &error),
            EDBC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "there is no kind of launch 3");
}

TEST_F(DeviceTest, SessionsWithAStreamDontWait) {
  Model model(device.get(), edbc::Device::cuda());
  CUctx_st *context = nullptr;
  CUstream_st *stream = nullptr;
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&context, 0), 0);
  ASSERT_EQ(cuCtxPushCurrent_v2(context), 0);
  ASSERT_EQ(cuStreamCreate(&stream, 1), 0);
  {
    edbc::SessionOptions options;
    options.stream = stream;
    Session session(model, options);
    EXPECT_EQ(session.stream(), stream);
    EXPECT_EQ(runEverything(session), expected);
    session.reset();
    EXPECT_EQ(runEverything(session), expected);

    // Runs that nobody waits for, and what comes of them.
    session.reset();
    unsigned waits = numCalls("cuStreamSynchronize");
    std::vector<Score> first = addInstances(session, 5);
    session.run();
    std::vector<Score> second = addInstances(session, 5);
    session.run();
    EXPECT_EQ(numCalls("cuStreamSynchronize"), waits);
    edbc::DeviceView view = session.logits(second[4], edbc::onDevice);
    ASSERT_EQ(cuStreamSynchronize(stream), 0);
    std::vector<float> values =
        scoreValues(innerValues(leafValues(4), leafValues(5)));
    EXPECT_EQ(memcmp(view.data, values.data(), values.size() * sizeof(float)),
              0);
    EXPECT_EQ(toVector(session.logits(first[4])), values);
    EXPECT_EQ(toVector(session.logits(second[4])), values);
    // What the application records is executed when it likes.
    std::vector<Score> third = addInstances(session, 5);
    session.run();
    std::vector<Score> fourth = addInstances(session, 5);
    auto expectRefusal = [](auto call) {
      try {
        call();
        ADD_FAILURE();
      } catch (const edbc::Error &error) {
        EXPECT_EQ(error.status(), EDBC_INVALID_ARGUMENT);
        EXPECT_STREQ(error.what(), "the session's stream is being captured; "
                                   "its runs can't be part of a CUDA graph");
      }
    };
    ASSERT_EQ(cuStreamBeginCapture_v2(stream, 1), 0);
    expectRefusal([&] { session.run(); });
    expectRefusal([&] { session.logits(third[4]); });
    CUgraph_st *graph = nullptr;
    ASSERT_EQ(cuStreamEndCapture(stream, &graph), 0);
    EXPECT_EQ(cuGraphDestroy(graph), 0);
    EXPECT_EQ(toVector(session.logits(third[4])), values);
    session.run();
    EXPECT_EQ(toVector(session.logits(fourth[4])), values);
    // Destroyed with work on the stream.
    addInstances(session, 5);
    session.run();
  }
  EXPECT_EQ(cuStreamDestroy_v2(stream), 0);
  CUctx_st *popped = nullptr;
  EXPECT_EQ(cuCtxPopCurrent_v2(&popped), 0);
  // The application's context was current all the time.
  EXPECT_EQ(popped, context);
  EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), 0);
}

TEST_F(DeviceTest, RefusesTheStreamOfAnotherContext) {
  Model model(device.get(), edbc::Device::cuda());
  edbc::SessionOptions options;
  int noStream = 0;
  options.stream = &noStream;
  try {
    Session session(model, options);
    FAIL();
  } catch (const edbc::Error &error) {
    EXPECT_EQ(error.status(), EDBC_INVALID_ARGUMENT);
    EXPECT_STREQ(error.what(), "the stream that was given is not of the "
                               "primary context of the model's device");
  }
}

TEST_F(DeviceTest, GraphsAreUpdated) {
  Model model(device.get(), edbc::Device::cuda());
  edbc::SessionOptions options;
  options.launch = Launch::Graph;
  Session session(model, options);
  for (uint32_t count : {3, 5, 8}) {
    session.reset();
    std::vector<Score> scores = addInstances(session, count);
    session.run();
    EXPECT_EQ(toVector(session.logits(scores[0])),
              scoreValues(innerValues(leafValues(0), leafValues(1))));
  }
  EXPECT_EQ(numCalls("cuGraphLaunch"), 3u);
  EXPECT_EQ(numCalls("cuGraphInstantiateWithFlags"), 1u);
  EXPECT_EQ(session.statistics().device_launches, 1u);
}

TEST_F(DeviceTest, SessionsOfAModelWorkInThreads) {
  // What one of them frees isn't in use by others.
  Machine machine;
  machine.reportsEarlyFrees = false;
  use(machine);
  Model model(device.get(), edbc::Device::cuda());
  std::vector<std::vector<float>> results[3];
  std::vector<std::thread> threads;
  for (auto &result : results)
    threads.emplace_back([&] {
      Session session(model);
      runEverything(session);
      session.reset();
      result = runEverything(session);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const auto &result : results)
    EXPECT_EQ(result, expected);
}

} // namespace
