//===- SessionInterface.cpp - sessions as C programs see them ---*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Failure.h"
#include "runtime/src/Model.h"
#include "runtime/src/Session.h"

#include <cstring>
#include <system_error>

using namespace edbc;

static edbc_status failNull(edbc_error *error) {
  return fail(error, EDBC_INVALID_ARGUMENT, "a null argument");
}

/// Refuses what is none of an enumeration's values, which go from 0 to `last`.
/// As a number: the compiler may take for granted that it is one of them.
template <typename Enum>
static edbc_status checkChoice(const char *what, const Enum &given, Enum last,
                               edbc_error *error) {
  int number;
  static_assert(sizeof(number) == sizeof(given), "ABI");
  memcpy(&number, &given, sizeof(number));
  if (number < 0 || number > last)
    return fail(error, EDBC_INVALID_ARGUMENT, "there is no %s %d", what,
                number);
  return EDBC_OK;
}

edbc_status edbc_session_create(const edbc_model *model,
                                const edbc_session_options *options,
                                edbc_session **out, edbc_error *error) {
  if (!model || !out)
    return failNull(error);
  edbc_session_options given = {};
  if (options)
    given = *options;
  if (edbc_status status =
          checkChoice("policy", given.policy, EDBC_POLICY_LEMMA, error))
    return status;
  if (edbc_status status =
          checkChoice("kind of launch", given.launch, EDBC_LAUNCH_GRAPH, error))
    return status;
  if (given.threads > EDBC_MAX_THREADS)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "%u threads asked for; a session has at most %u", given.threads,
                EDBC_MAX_THREADS);
  if (given.stream && !model->device)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "a stream was given, but the model was created on the CPU");
  return guarded(error, [&] {
    try {
      *out = new edbc_session(*model, given);
    } catch (const std::system_error &problem) {
      return fail(error, EDBC_OUT_OF_MEMORY, "can't start %u threads: %s",
                  given.threads, problem.code().message().c_str());
    }
    return EDBC_OK;
  });
}

void edbc_session_destroy(edbc_session *session) { delete session; }

edbc_status edbc_session_begin_instance(edbc_session *session,
                                        uint32_t *instance, edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error, [&] { return session->beginInstance(instance); });
}

edbc_status edbc_session_resume_instance(edbc_session *session,
                                         uint32_t instance, edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error,
                 [&] { return session->resumeInstance(instance, error); });
}

edbc_status edbc_session_drop_instance(edbc_session *session, uint32_t instance,
                                       edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error, [&] { return session->dropInstance(instance, error); });
}

edbc_status edbc_session_run(edbc_session *session, edbc_error *error) {
  if (!session)
    return failNull(error);
  return guarded(error, [&] { return session->run(); });
}

static edbc_status readResult(const edbc_session *session, uint32_t output,
                              const edbc_value &value, bool onDevice,
                              const float **data, size_t *width,
                              edbc_error *error) {
  if (!session || !data || !width)
    return failNull(error);
  return guarded(error, [&] {
    return session->read(output, value, onDevice, data, width, error);
  });
}

edbc_status edbc_session_read(const edbc_session *session, uint32_t output,
                              edbc_value value, const float **data,
                              size_t *width, edbc_error *error) {
  return readResult(session, output, value, /*onDevice=*/false, data, width,
                    error);
}

edbc_status edbc_session_read_device(const edbc_session *session,
                                     uint32_t output, edbc_value value,
                                     const float **data, size_t *width,
                                     edbc_error *error) {
  return readResult(session, output, value, /*onDevice=*/true, data, width,
                    error);
}

void *edbc_session_stream(const edbc_session *session) {
  return session ? session->stream() : nullptr;
}

void edbc_session_reset(edbc_session *session) {
  if (session)
    session->reset();
}

edbc_status edbc_session_statistics(const edbc_session *session, int lowerBound,
                                    edbc_statistics *out, edbc_error *error) {
  if (!session || !out)
    return failNull(error);
  return guarded(error, [&] {
    session->getStatistics(lowerBound != 0, *out);
    return EDBC_OK;
  });
}

edbc_status edbc_session_save_graphs(const edbc_session *session,
                                     const char *path, edbc_error *error) {
  if (!session || !path)
    return failNull(error);
  return guarded(error, [&] { return session->saveGraphs(path, error); });
}
