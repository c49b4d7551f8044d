//===- CudaExecutor.cpp - executes batches on a CUDA device -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/CudaExecutor.h"

#include "runtime/cuda/RunImage.h"
#include "runtime/cuda/StateMemory.h"
#include "runtime/src/Model.h"

using namespace edbc;
using namespace edbc::cuda;

namespace {

class CudaExecutor final : public Executor {
public:
  CudaExecutor(const SessionView &session, const DeviceModel &model,
               const edbc_session_options &options);
  ~CudaExecutor() override;

  void run(const core::Schedule &schedule) override;
  const float *hostRow(uint32_t state, uint32_t row) override;
  const float *deviceRow(uint32_t state, uint32_t row) override;
  void *stream() const override { return work; }
  void reset() override;

private:
  void requireDevice() const;
  void requireNoCapture() const;
  template <typename Body> void onDevice(Body body);
  void synchronize();
  void reserve();
  void upload();
  void launch();
  bool launchOnce();
  void launchSteps();
  void launchGraph();
  uint64_t finishRun();

  const SessionView session;
  const DeviceModel &model;
  const Driver &driver;
  edbc_launch mode;
  const bool isAsynchronous; ///< the stream is the application's
  Stream ownStream;
  StreamHandle work; ///< the stream in use
  Event uploaded;    ///< behind the last copy of an image
  bool isUploading = false;
  bool isPending = false; ///< something may be on the stream
  std::string lost;       ///< why the device is, if it is

  RunImage image;
  PinnedMemory hostImage;
  DeviceMemory deviceImage;
  DeviceMemory scratch;
  DeviceMemory barrier;
  std::vector<StateMemory> states;
  std::vector<DevicePointer> stateAddresses;
  GraphExec graph;
};

} // namespace

CudaExecutor::CudaExecutor(const SessionView &session, const DeviceModel &model,
                           const edbc_session_options &options)
    : session(session), model(model), driver(model.driver()),
      mode(options.launch), isAsynchronous(options.stream != nullptr),
      work(static_cast<StreamHandle>(options.stream)),
      image(session, *session.model.library) {
  if (mode == EDBC_LAUNCH_ONCE && !model.isCooperative())
    mode = EDBC_LAUNCH_STEPS;
  const edbc_library &library = *session.model.library;
  for (uint32_t s = 0; s < library.num_states; ++s)
    states.emplace_back(library.states[s]);
  stateAddresses.resize(library.num_states);

  CurrentContext current(driver, model.context());
  // Owners are destroyed in this scope if anything fails.
  Stream stream;
  if (work) {
    Context context = nullptr;
    driver.check(driver->cuStreamGetCtx(work, &context), "cuStreamGetCtx",
                 "the stream that was given for the session");
    if (context != model.context())
      throw Failure(EDBC_INVALID_ARGUMENT,
                    "the stream that was given is not of the primary context "
                    "of the model's device");
  } else {
    stream = createStream(driver);
    work = stream.get();
  }
  Event event = createEvent(driver);
  DeviceMemory counters(driver, EDBC_CUDA_ALIGNMENT, "a session's barrier");
  driver.check(driver->cuMemsetD8Async(counters.get(), 0,
                                       sizeof(edbc_cuda_barrier), work),
               "cuMemsetD8Async", "a session's barrier");
  driver.check(driver->cuStreamSynchronize(work), "cuStreamSynchronize",
               "a session's barrier");
  ownStream = std::move(stream);
  uploaded = std::move(event);
  barrier = std::move(counters);
}

CudaExecutor::~CudaExecutor() {
  // Where anything fails, the driver has lost what is to be freed.
  try {
    CurrentContext current(driver, model.context());
    if (isPending)
      driver->cuStreamSynchronize(work);
    graph = GraphExec();
    states.clear();
    barrier = DeviceMemory();
    scratch = DeviceMemory();
    deviceImage = DeviceMemory();
    hostImage = PinnedMemory();
    uploaded = Event();
    ownStream = Stream();
  } catch (const Failure &) {
  }
}

void CudaExecutor::requireDevice() const {
  if (!lost.empty())
    throw Failure(EDBC_DEVICE_FAILED,
                  "the session can't be used any more: its device failed "
                  "earlier; start the process again or, where nothing else in "
                  "it uses the device, destroy the device's sessions and "
                  "models and create them anew (%s)",
                  lost.c_str());
}

/// What the application records on its stream would be executed again when the
/// memory that it reads has another run's schedule, or none.
void CudaExecutor::requireNoCapture() const {
  if (!isAsynchronous)
    return;
  CaptureStatus status = NotCapturing;
  driver.check(driver->cuStreamIsCapturing(work, &status),
               "cuStreamIsCapturing", "the session's stream");
  if (status != NotCapturing)
    throw Failure(EDBC_INVALID_ARGUMENT,
                  "the session's stream is being captured; its runs can't be "
                  "part of a CUDA graph");
}

/// Runs `body` in the device's context, and remembers if the device is lost.
template <typename Body> void CudaExecutor::onDevice(Body body) {
  requireDevice();
  try {
    CurrentContext current(driver, model.context());
    body();
  } catch (const DriverFailure &failure) {
    if (isSticky(failure.result))
      lost = failure.what();
    throw;
  }
}

/// Waits for the stream. What fails on the device shows here; then nothing is
/// known of what was enqueued.
void CudaExecutor::synchronize() {
  if (!isPending)
    return;
  try {
    driver.check(driver->cuStreamSynchronize(work), "cuStreamSynchronize",
                 "the device failed while it executed network '%s'",
                 session.model.library->name);
  } catch (const Failure &failure) {
    lost = failure.what();
    throw;
  }
  isPending = isUploading = false;
}

/// Makes room for the planned run. Without effect on results where it throws.
void CudaExecutor::reserve() {
  for (uint32_t s = 0; s < states.size(); ++s) {
    const StateRows &rows = session.states[s];
    if (states[s].mustGrow(rows.count)) {
      synchronize();
      states[s].grow(driver, work, rows.executed, rows.count);
      stateAddresses[s] = states[s].onDevice();
    }
  }
  if (image.size() > deviceImage.size() || image.size() > hostImage.size()) {
    synchronize();
    // None where one of them is lacking since memory didn't suffice.
    size_t present = std::min(deviceImage.size(), hostImage.size());
    const char *purpose = "a run's schedule and operands";
    deviceImage = DeviceMemory();
    deviceImage = allocateLarger(driver, present, image.size(), purpose);
    hostImage = PinnedMemory();
    hostImage = PinnedMemory(driver, deviceImage.size(), purpose);
  }
  if (image.scratchSize() > scratch.size()) {
    synchronize();
    size_t present = scratch.size();
    scratch = DeviceMemory();
    scratch = allocateLarger(driver, present, image.scratchSize(),
                             "the workspaces of batches");
  }
}

void CudaExecutor::upload() {
  if (image.size() == 0)
    return;
  if (isUploading)
    driver.check(driver->cuEventSynchronize(uploaded.get()),
                 "cuEventSynchronize", "the runs before");
  image.write(hostImage.get(), {deviceImage.get(), scratch.get(),
                                stateAddresses, model.constants()});
  isPending = isUploading = true;
  driver.check(driver->cuMemcpyHtoDAsync_v2(deviceImage.get(), hostImage.get(),
                                            image.size(), work),
               "cuMemcpyHtoDAsync", "a run's schedule and operands");
  driver.check(driver->cuEventRecord(uploaded.get(), work), "cuEventRecord",
               "behind a run's schedule and operands");
}

/// Returns false if the driver refuses to have all blocks run at the same time.
bool CudaExecutor::launchOnce() {
  const edbc_cuda_desc &cuda = model.description();
  DevicePointer steps = deviceImage.get(), counters = barrier.get();
  uint32_t numSteps = image.numSteps();
  void *arguments[] = {&steps, &numSteps, &counters};
  // More blocks than tiles would only wait at barriers.
  auto numBlocks = static_cast<uint32_t>(
      std::min<uint64_t>(model.mostBlocks(), image.mostTiles()));
  Result result = driver->cuLaunchCooperativeKernel(
      model.kernel(), numBlocks, 1, 1, cuda.block_threads, 1, 1,
      cuda.shared_bytes, work, arguments);
  if (result == CooperativeLaunchTooLarge || result == NotSupported ||
      result == LaunchOutOfResources)
    return false;
  driver.check(result, "cuLaunchCooperativeKernel", "%u blocks of %u threads",
               numBlocks, cuda.block_threads);
  return true;
}

void CudaExecutor::launchSteps() {
  const edbc_cuda_desc &cuda = model.description();
  const edbc_cuda_step *steps = RunImage::stepsOf(hostImage.get());
  DevicePointer counters = barrier.get();
  uint32_t numSteps = 1;
  for (uint32_t i = 0; i < image.numSteps(); ++i) {
    DevicePointer step = deviceImage.get() + i * sizeof(edbc_cuda_step);
    void *arguments[] = {&step, &numSteps, &counters};
    uint32_t numBlocks = std::min(steps[i].tiles, model.mostBlocks());
    driver.check(driver->cuLaunchKernel(
                     model.kernel(), numBlocks, 1, 1, cuda.block_threads, 1, 1,
                     cuda.shared_bytes, work, arguments, nullptr),
                 "cuLaunchKernel", "step %u of a run, %u blocks of %u threads",
                 i, numBlocks, cuda.block_threads);
  }
}

/// Records the steps as a graph; where it differs from the last one only in
/// numbers, that is changed and started again.
void CudaExecutor::launchGraph() {
  driver.check(driver->cuStreamBeginCapture_v2(work, CaptureThreadLocal),
               "cuStreamBeginCapture", "the graph of a run");
  GraphHandle handle = nullptr;
  try {
    launchSteps();
  } catch (const Failure &) {
    if (driver->cuStreamEndCapture(work, &handle) == Success)
      Graph(handle, driver->cuGraphDestroy);
    throw;
  }
  driver.check(driver->cuStreamEndCapture(work, &handle), "cuStreamEndCapture",
               "the graph of a run");
  Graph recorded(handle, driver->cuGraphDestroy);
  GraphUpdateResult update = {};
  if (!graph || driver->cuGraphExecUpdate_v2(graph.get(), recorded.get(),
                                             &update) != Success) {
    graph = GraphExec();
    GraphExecHandle executable = nullptr;
    driver.check(
        driver->cuGraphInstantiateWithFlags(&executable, recorded.get(), 0),
        "cuGraphInstantiate", "the graph of a run of %u steps",
        image.numSteps());
    graph = {executable, driver->cuGraphExecDestroy};
  }
  driver.check(driver->cuGraphLaunch(graph.get(), work), "cuGraphLaunch",
               "the graph of a run");
}

/// Starts the planned run.
void CudaExecutor::launch() {
  if (image.numSteps() == 0)
    return;
  // Whoever shares the device with this process goes on to do so.
  if (mode == EDBC_LAUNCH_ONCE && !launchOnce())
    mode = EDBC_LAUNCH_STEPS;
  if (mode == EDBC_LAUNCH_GRAPH)
    launchGraph();
  else if (mode == EDBC_LAUNCH_STEPS)
    launchSteps();
}

/// Marks what the run wrote, and copies what is going to be read: returns how
/// many bytes.
uint64_t CudaExecutor::finishRun() {
  const edbc_library &library = *session.model.library;
  for (uint32_t c = 0; c < library.num_cells; ++c) {
    CellItems &items = session.cells[c];
    const uint32_t *begin = items.resultRows() + image.firstItem(c);
    const uint32_t *end = items.resultRows() + items.size();
    if (begin == end || library.cells[c].first_row != 0)
      continue;
    auto [least, most] = std::minmax_element(begin, end);
    states[library.cells[c].result].setStale(*least, *most + size_t(1));
  }
  // What can't be copied now may be copied when it is read.
  uint64_t bytes = 0;
  for (StateMemory &state : states)
    if (state.isWanted() && state.isStale() && !state.mustGrowHost())
      bytes += state.copyToHost(driver, work);
  return bytes;
}

void CudaExecutor::run(const core::Schedule &schedule) {
  image.plan(schedule);
  uint64_t downloaded = 0;
  onDevice([&] {
    requireNoCapture();
    reserve();
    upload();
    launch();
    downloaded = finishRun();
    if (!isAsynchronous)
      synchronize();
  });
  if (image.numSteps() != 0) {
    counts.deviceLaunches += mode == EDBC_LAUNCH_STEPS ? image.numSteps() : 1;
    if (mode == EDBC_LAUNCH_ONCE)
      counts.barriers += image.numLevels() - 1;
  }
  counts.downloadedBytes += downloaded;
  counts.launches += image.numSteps();
  counts.copiedFloats += image.copiedFloats();
  counts.uploadedBytes += image.size();
  image.commit();
}

const float *CudaExecutor::hostRow(uint32_t number, uint32_t row) {
  StateMemory &state = states[number];
  if (isPending || state.isStale() || !lost.empty())
    onDevice([&] {
      requireNoCapture();
      if (state.mustGrowHost())
        synchronize();
      if (state.isStale()) {
        isPending = true;
        counts.downloadedBytes += state.copyToHost(driver, work);
      }
      synchronize();
    });
  state.setRead();
  return state.hostRow(row);
}

const float *CudaExecutor::deviceRow(uint32_t state, uint32_t row) {
  requireDevice();
  return reinterpret_cast<const float *>(states[state].deviceRow(row));
}

void CudaExecutor::reset() {
  Executor::reset();
  image.reset();
  for (StateMemory &state : states)
    state.reset();
}

std::unique_ptr<Executor>
cuda::createExecutor(const SessionView &session, const DeviceModel &model,
                     const edbc_session_options &options) {
  return std::make_unique<CudaExecutor>(session, model, options);
}
