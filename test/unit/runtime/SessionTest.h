//===- SessionTest.h - what tests of sessions share -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_UNIT_RUNTIME_SESSIONTEST_H
#define EDBC_TEST_UNIT_RUNTIME_SESSIONTEST_H

#include "test/unit/runtime/TestNetwork.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace test_network {

/// The message with which `call` throws.
template <typename Call> std::string messageOf(Call call) {
  try {
    call();
  } catch (const edbc::Error &error) {
    EXPECT_NE(error.status(), EDBC_OK);
    return error.what();
  }
  return "no error";
}

template <typename Call> edbc_status statusOf(Call call) {
  try {
    call();
  } catch (const edbc::Error &error) {
    return error.status();
  }
  return EDBC_OK;
}

inline const edbc::Policy allPolicies[] = {
    edbc::Policy::Fsm, edbc::Policy::Agenda, edbc::Policy::Depth,
    edbc::Policy::Lemma};

/// Every policy, with shared results and without.
inline std::vector<edbc::SessionOptions> policiesAndSharing() {
  std::vector<edbc::SessionOptions> all;
  for (edbc::Policy policy : allPolicies)
    for (bool share : {false, true}) {
      all.emplace_back();
      all.back().policy = policy;
      all.back().share = share;
    }
  return all;
}

/// A session of the hand-made network.
class SessionTest : public testing::Test {
protected:
  Model model;
  Session session{model};
};

} // namespace test_network

#endif // EDBC_TEST_UNIT_RUNTIME_SESSIONTEST_H
