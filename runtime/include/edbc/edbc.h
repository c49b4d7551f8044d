//===- edbc.h - compiled networks in C++ applications ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
/**
 * @file
 * The C interface of abi.h for C++17, header-only. What `edbc compile`
 * generates for a network derives from the classes here and adds one typed
 * function for each cell and each output:
 *
 * @code
 *   tree_lstm::Model model("weights.safetensors");
 *   tree_lstm::Session session(model);
 *   for (const Tree &tree : trees) {
 *     session.beginInstance();
 *     tree_lstm::Node node = session.inner(session.leaf(3), session.leaf(7));
 *     scores.push_back(session.score(node, tree.label));
 *   }
 *   session.run();
 *   for (tree_lstm::Score score : scores)
 *     use(session.logits(score)); // edbc::Span<const float>
 *   session.reset();
 * @endcode
 *
 * Whatever fails throws edbc::Error and has changed nothing. A model may be
 * shared by threads and must outlive its sessions; a session belongs to one
 * thread at a time.
 */
#ifndef EDBC_EDBC_H
#define EDBC_EDBC_H

#include "edbc/abi.h"

#include <array>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace edbc {

/// Why a call failed: one line of text, and its kind.
class Error : public std::runtime_error {
public:
  explicit Error(const edbc_error &error)
      : std::runtime_error(error.message), code(error.status) {}
  Error(edbc_status status, const std::string &message)
      : std::runtime_error(message), code(status) {}

  edbc_status status() const { return code; }

private:
  edbc_status code;
};

/// A view of consecutive elements that others own.
template <typename T> class Span {
public:
  Span() = default;
  Span(T *data, size_t size) : first(data), count(size) {}
  /// Of a vector of T, or of T without its const.
  template <typename U>
  Span(const std::vector<U> &elements)
      : first(elements.data()), count(elements.size()) {}
  template <typename U, size_t size>
  Span(const std::array<U, size> &elements)
      : first(elements.data()), count(size) {}
  template <size_t size>
  Span(T (&elements)[size]) : first(elements), count(size) {}
  /// Of a list in braces, as an argument: the list lives until the call
  /// returns.
  Span(std::initializer_list<std::remove_const_t<T>> elements) {
    first = elements.begin();
    count = elements.size();
  }

  T *data() const { return first; }
  size_t size() const { return count; }
  bool empty() const { return count == 0; }
  T *begin() const { return first; }
  T *end() const { return first + count; }
  T &operator[](size_t index) const { return first[index]; }

private:
  T *first = nullptr;
  size_t count = 0;
};

/// A view of a matrix that lies column after column, as fields of states do.
class MatrixView {
public:
  MatrixView() = default;
  /// Columns begin `stride` floats after one another.
  MatrixView(const float *data, size_t rows, size_t columns, size_t stride)
      : first(data), numRows(rows), numColumns(columns), columnStride(stride) {}

  size_t rows() const { return numRows; }
  size_t columns() const { return numColumns; }
  float operator()(size_t row, size_t column) const {
    return first[column * columnStride + row];
  }
  Span<const float> column(size_t index) const {
    return {first + index * columnStride, numRows};
  }

private:
  const float *first = nullptr;
  size_t numRows = 0;
  size_t numColumns = 0;
  size_t columnStride = 0;
};

/// A node of a session's graph, void after the session's next reset. Generated
/// headers derive one type for each state, so that the compiler tells them
/// apart. A default-constructed value is of no node.
struct Value {
  edbc_value handle = {};
};

/// How batches are chosen. Results are the same bits under every policy.
enum class Policy {
  Fsm = EDBC_POLICY_FSM,       ///< what was learned at compile time
  Agenda = EDBC_POLICY_AGENDA, ///< lowest average depth first (DyNet)
  Depth = EDBC_POLICY_DEPTH,   ///< depth by depth (TensorFlow Fold)
  Lemma = EDBC_POLICY_LEMMA,   ///< greedy by the ratio of ED-Batch's Lemma 2.1
};

/// What executes a model's sessions.
class Device {
public:
  static Device cpu() { return {EDBC_DEVICE_CPU, 0}; }
  /// A GPU, for which the network must have been compiled too. They are
  /// numbered as the driver does.
  static Device cuda(uint32_t ordinal = 0) {
    return {EDBC_DEVICE_CUDA, ordinal};
  }

  edbc_device_kind kind() const { return deviceKind; }
  uint32_t ordinal() const { return deviceOrdinal; }

private:
  Device(edbc_device_kind kind, uint32_t ordinal)
      : deviceKind(kind), deviceOrdinal(ordinal) {}

  edbc_device_kind deviceKind;
  uint32_t deviceOrdinal;
};

/// How a session starts its kernels on a device. Results are the same bits.
enum class Launch {
  Once = EDBC_LAUNCH_ONCE,   ///< a run is one launch
  Steps = EDBC_LAUNCH_STEPS, ///< a launch for each phase of each batch
  Graph = EDBC_LAUNCH_GRAPH, ///< the same, as one CUDA graph
};

struct SessionOptions {
  Policy policy = Policy::Fsm;
  /// Threads that execute, the caller of `run` among them. Results are the same
  /// bits for any number.
  uint32_t threads = 1;
  Launch launch = Launch::Once;
  /// On a device: the CUstream or cudaStream_t that the session shall work on.
  /// It must outlive the session, and `run` doesn't wait for results then;
  /// reading does. Null: a stream of the session's own.
  void *stream = nullptr;
  /// Whether equal applications of a cell share one result (see
  /// edbc_session_options). Results are the same bits.
  bool share = false;
};

/// To read an output where it is, on the device: `session.logits(node,
/// edbc::onDevice)`.
struct OnDevice {};
constexpr OnDevice onDevice = {};

/// Values in a device's memory: a vector, or a matrix that lies column after
/// column. They are there once the session's stream has come to that.
struct DeviceView {
  const float *data; ///< for kernels and copies, not for the host
  size_t rows;
  size_t columns; ///< 1 for a vector
  size_t stride;  ///< floats from one column to the next
};

using Statistics = edbc_statistics;

/// A network with its weights. Immutable; movable, not copyable.
class Model {
public:
  /// With the weights that were embedded at compile time.
  explicit Model(const edbc_library &library, Device device = Device::cpu())
      : Model(library, nullptr, device) {}
  /// With the weights of a .safetensors file.
  Model(const edbc_library &library, const std::string &weightsPath,
        Device device = Device::cpu())
      : Model(library, weightsPath.c_str(), device) {}

  /// Instruction set of the kernels in use, for example "x86-64-v4" or "sm_90".
  const char *isa() const { return edbc_model_isa(model.get()); }
  const edbc_model *handle() const { return model.get(); }

private:
  friend class Session;

  struct Destroy {
    void operator()(edbc_model *handle) const { edbc_model_destroy(handle); }
  };

  Model(const edbc_library &library, const char *weightsPath, Device device)
      : description(&library) {
    edbc_model_options options = {};
    options.weights_path = weightsPath;
    options.device = device.kind();
    options.ordinal = device.ordinal();
    edbc_model *created = nullptr;
    edbc_error error;
    if (edbc_model_create(&library, &options, &created, &error) != EDBC_OK)
      throw Error(error);
    model.reset(created);
  }

  const edbc_library *description;
  std::unique_ptr<edbc_model, Destroy> model;
};

/// @name Arguments of cells
/// For generated code.
/// @{
inline edbc_argument stateArgument(const Value &value) {
  edbc_argument argument;
  argument.state = value.handle;
  return argument;
}

inline edbc_argument tokenArgument(uint32_t token) {
  edbc_argument argument;
  argument.token = token;
  return argument;
}

/// `S` is the type that a generated header derives for the nodes' state. The
/// array must last until the node is added.
template <typename S> edbc_argument statesArgument(Span<const S> nodes) {
  static_assert(std::is_base_of<Value, S>::value &&
                    sizeof(S) == sizeof(edbc_value),
                "the values are passed as they are");
  edbc_argument argument;
  argument.states.data = nodes.data() ? &nodes.data()->handle : nullptr;
  argument.states.count = nodes.size();
  return argument;
}

/// `cell` and `operand` name the place in the error that tells that there are
/// not `width` values.
inline edbc_argument denseArgument(Span<const float> values, size_t width,
                                   const char *cell, const char *operand) {
  if (values.size() != width)
    throw Error(EDBC_INVALID_ARGUMENT,
                std::string("cell '") + cell + "', operand '" + operand +
                    "': " + std::to_string(values.size()) +
                    " values given, expected " + std::to_string(width));
  edbc_argument argument;
  argument.values = values.data();
  return argument;
}
/// @}

/// One mini-batch: a graph under construction, and its results. Movable, not
/// copyable.
class Session {
public:
  /// The model must outlive the session.
  explicit Session(const Model &model, SessionOptions options = {})
      : description(model.description) {
    edbc_session_options given = {};
    given.policy = static_cast<edbc_policy_kind>(options.policy);
    given.threads = options.threads;
    given.launch = static_cast<edbc_launch>(options.launch);
    given.stream = options.stream;
    given.share = options.share;
    edbc_session *created = nullptr;
    edbc_error error;
    if (edbc_session_create(model.handle(), &given, &created, &error) !=
        EDBC_OK)
      throw Error(error);
    session.reset(created);
  }

  explicit Session(const Model &&, SessionOptions = {}) = delete;

  /// Nodes added from here on belong to a new instance, whose nodes can't refer
  /// to those of other ones. Returns its number, void after the next reset. An
  /// instance without nodes doesn't count.
  uint32_t beginInstance() {
    uint32_t instance = 0;
    edbc_error error;
    if (edbc_session_begin_instance(session.get(), &instance, &error) !=
        EDBC_OK)
      throw Error(error);
    return instance;
  }

  /// Nodes added from here on belong to this instance again. For graphs that
  /// grow: between runs, add nodes to those instances that go on.
  void resumeInstance(uint32_t instance) {
    edbc_error error;
    if (edbc_session_resume_instance(session.get(), instance, &error) !=
        EDBC_OK)
      throw Error(error);
  }

  /// Forgets the results of an instance that is finished, so that others can
  /// use their memory. All its nodes must have been executed. Its values become
  /// void, and to add nodes, begin or resume another one. Statistics and saved
  /// graphs go on to include it.
  void dropInstance(uint32_t instance) {
    edbc_error error;
    if (edbc_session_drop_instance(session.get(), instance, &error) != EDBC_OK)
      throw Error(error);
  }

  /// Executes all nodes added since the last run. The graph may then grow
  /// further and run again.
  void run() {
    edbc_error error;
    if (edbc_session_run(session.get(), &error) != EDBC_OK)
      throw Error(error);
  }

  /// Forgets all nodes and keeps the memory. Earlier values become void.
  void reset() { edbc_session_reset(session.get()); }

  /// The CUstream that the session works on; null on the CPU.
  void *stream() const { return edbc_session_stream(session.get()); }

  /// Figures since the last reset. The lower bound is the only one that costs
  /// time to find; without it it is 0.
  Statistics statistics(bool lowerBound = false) const {
    Statistics statistics;
    edbc_error error;
    if (edbc_session_statistics(session.get(), lowerBound, &statistics,
                                &error) != EDBC_OK)
      throw Error(error);
    return statistics;
  }

  /// Writes the instances' graphs as text that `edbc compile --samples` reads.
  void saveGraphs(const std::string &path) const {
    edbc_error error;
    if (edbc_session_save_graphs(session.get(), path.c_str(), &error) !=
        EDBC_OK)
      throw Error(error);
  }

protected:
  /// Adds a node of cell number `cell`, whose state's type is `Result`.
  template <typename Result, size_t count>
  Result add(uint32_t cell, const edbc_argument (&arguments)[count]) {
    return addNode<Result>(cell, arguments);
  }
  /// Adds a node of a cell without operands.
  template <typename Result> Result add(uint32_t cell) {
    return addNode<Result>(cell, nullptr);
  }

  /// The values of output number `output`, a vector; valid until the next run,
  /// reset or destruction, or until the node's instance is dropped.
  Span<const float> read(uint32_t output, const Value &value) const {
    const float *data = nullptr;
    size_t width = 0;
    edbc_error error;
    if (edbc_session_read(session.get(), output, value.handle, &data, &width,
                          &error) != EDBC_OK)
      throw Error(error);
    return {data, width};
  }

  /// The same for an output that is a matrix.
  MatrixView readMatrix(uint32_t output, const Value &value) const {
    Span<const float> column = read(output, value);
    const edbc_output_desc &desc = description->outputs[output];
    uint32_t columns =
        description->states[desc.state].fields[desc.field].columns;
    size_t stride = (column.size() + EDBC_LANES - 1) / EDBC_LANES * EDBC_LANES;
    return {column.data(), column.size(), columns, stride};
  }

  /// The same of either in the device's memory.
  DeviceView readDevice(uint32_t output, const Value &value) const {
    const float *data = nullptr;
    size_t width = 0;
    edbc_error error;
    if (edbc_session_read_device(session.get(), output, value.handle, &data,
                                 &width, &error) != EDBC_OK)
      throw Error(error);
    const edbc_output_desc &desc = description->outputs[output];
    uint32_t columns =
        description->states[desc.state].fields[desc.field].columns;
    size_t stride = (width + EDBC_LANES - 1) / EDBC_LANES * EDBC_LANES;
    return {data, width, columns, stride};
  }

private:
  struct Destroy {
    void operator()(edbc_session *handle) const {
      edbc_session_destroy(handle);
    }
  };

  template <typename Result>
  Result addNode(uint32_t cell, const edbc_argument *arguments) {
    Result result;
    edbc_error error;
    if (edbc_session_add(session.get(), cell, arguments, &result.handle,
                         &error) != EDBC_OK)
      throw Error(error);
    return result;
  }

  const edbc_library *description;
  std::unique_ptr<edbc_session, Destroy> session;
};

} // namespace edbc

#endif // EDBC_EDBC_H
