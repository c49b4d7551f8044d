//===- EmulatedLibrary.h - a library whose phases are emulated --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TEST_GPU_EMULATION_EMULATEDLIBRARY_H
#define EDBC_TEST_GPU_EMULATION_EMULATEDLIBRARY_H

#include "edbc/abi.h"

#include <deque>
#include <vector>

// The kernel of the one network that a program is linked with.
extern "C" void edbc_run(const edbc_cuda_step *steps, uint32_t numSteps,
                         edbc_cuda_barrier *barrier);

namespace edbc::emulation {

/// A library as the runtime of the CPU executes it, except that phases with a
/// device function are computed by the emulated kernel: one launch a phase,
/// with a few blocks or with many.
class EmulatedLibrary {
public:
  /// @param original must have device functions, and live as long as this.
  explicit EmulatedLibrary(const edbc_library &original);

  const edbc_library &get() const { return library; }

private:
  void emulate(const edbc_cell_desc &cell);

  edbc_library library;
  std::vector<edbc_cell_desc> cells;
  std::deque<std::vector<edbc_phase_desc>> phases; ///< of each cell
};

} // namespace edbc::emulation

#endif // EDBC_TEST_GPU_EMULATION_EMULATEDLIBRARY_H
