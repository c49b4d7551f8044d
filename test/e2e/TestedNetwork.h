//===- TestedNetwork.h - the network that a test is about -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_E2E_TESTEDNETWORK_H
#define EDBC_TEST_E2E_TESTEDNETWORK_H

#include "edbc/abi.h"

/// The same network, compiled with other options.
struct NetworkVariant {
  const char *options;
  const edbc_library &library;
};

/// A compiled network and what it was compiled from.
struct TestedNetwork {
  const edbc_library &library;
  const char *modelFile;
  const char *dimensions; ///< NAME=VALUE, separated by semicolons
  const char *weightsFile;
  const NetworkVariant *variants;
  unsigned numVariants;
  /// Largest error, as a part of the largest value of its kind.
  double tolerance;
  /// Tells the fake driver about the kernels of the network or of a variant;
  /// returns the library of which models on its device are created.
  const edbc_library &(*addToFakeDriver)(const edbc_library &);
};

/// Written by CMake for each test program (TestedNetwork.cpp.in). Initialized
/// before anything dynamic is.
extern const TestedNetwork testedNetwork;

#endif // EDBC_TEST_E2E_TESTEDNETWORK_H
