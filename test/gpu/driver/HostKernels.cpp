//===- HostKernels.cpp - the kernels of the CPU as a device's --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/driver/HostKernels.h"

#include <algorithm>
#include <stdexcept>

using namespace edbc;
using namespace edbc::fake;

static constexpr uint32_t blockThreads = 64;
static constexpr uint32_t sharedBytes = 100000;

DeviceLibrary::DeviceLibrary(const edbc_library &host,
                             std::vector<uint32_t> architectures)
    : library(host),
      cells(host.cells, host.cells + host.num_cells + host.num_tables) {
  phases.reserve(host.num_cells);
  for (uint32_t c = 0; c < host.num_cells; ++c) {
    edbc_cell_desc &cell = cells[c];
    phases.emplace_back(cell.phases, cell.phases + cell.num_phases);
    for (edbc_phase_desc &phase : phases.back()) {
      // Tiles of various sizes.
      auto number = static_cast<uint32_t>(kernels.size());
      uint32_t panelsPerTile = 1 + number % 2;
      phase.device_function = number;
      // The ones that every machine of the tests has.
      kernels.push_back({phase.functions[EDBC_ISA_X86_64_V3], phase.num_panels,
                         cell.num_bindings, panelsPerTile});
      functions.push_back(
          {1 + number % 5,
           (phase.num_panels + panelsPerTile - 1) / panelsPerTile});
    }
    cell.phases = phases.back().data();
  }
  imageData.resize(architectures.size());
  for (size_t i = 0; i < architectures.size(); ++i)
    images.push_back({&imageData[i], 1, architectures[i], EDBC_CUDA_CUBIN});
  cuda.images = images.data();
  cuda.functions = functions.data();
  cuda.num_images = static_cast<uint32_t>(images.size());
  cuda.num_functions = static_cast<uint32_t>(functions.size());
  cuda.block_threads = blockThreads;
  cuda.shared_bytes = sharedBytes;
  library.cells = cells.data();
  library.cuda = &cuda;
}

void DeviceLibrary::addImages() {
  for (const edbc_cuda_image &image : images)
    addImage(image.data, static_cast<int>(image.architecture),
             [this](const KernelLaunch &launch) { execute(launch); });
}

/// What the tests' kernels find wrong ends the test.
static void require(bool isGood, const char *what) {
  if (!isGood)
    throw std::logic_error(what);
}

void DeviceLibrary::execute(const KernelLaunch &launch) {
  require(launch.blockSize == blockThreads && launch.sharedBytes == sharedBytes,
          "a block's size");
  mostBlocks = std::max(mostBlocks, launch.gridSize);
  const auto *step = static_cast<const edbc_cuda_step *>(launch.steps);
  const edbc_cuda_step *last = step + launch.numSteps;
  while (step != last) {
    const edbc_cuda_step *end =
        std::find_if(step + 1, last,
                     [](const edbc_cuda_step &next) { return next.barrier; });
    numBarriers += step->barrier;
    executeTogether(step, end);
    step = end;
  }
  numSteps += launch.numSteps;
}

void DeviceLibrary::executeTogether(const edbc_cuda_step *begin,
                                    const edbc_cuda_step *end) {
  struct Tile {
    const edbc_cuda_step *step;
    uint32_t number;
  };
  std::vector<Tile> tiles;
  for (const edbc_cuda_step *step = begin; step != end; ++step) {
    require(step->function < kernels.size(), "a function");
    const edbc_cuda_function &function = functions[step->function];
    require(step->rows != 0, "a step without rows");
    require(step->tiles == (step->rows + function.tile_rows - 1) /
                               function.tile_rows * function.tiles_per_row_tile,
            "the number of tiles");
    for (uint32_t slot = 0; slot < kernels[step->function].numBuffers; ++slot)
      require(reinterpret_cast<uintptr_t>(step->buffers[slot]) %
                      EDBC_CUDA_ALIGNMENT ==
                  0,
              "the alignment of a buffer");
    for (uint32_t tile = 0; tile < step->tiles; ++tile)
      tiles.push_back({step, tile});
  }
  std::shuffle(tiles.begin(), tiles.end(), random);
  for (const Tile &tile : tiles) {
    const edbc_cuda_function &function = functions[tile.step->function];
    const Kernel &kernel = kernels[tile.step->function];
    uint32_t row =
        tile.number / function.tiles_per_row_tile * function.tile_rows;
    uint32_t panel =
        tile.number % function.tiles_per_row_tile * kernel.panelsPerTile;
    kernel.function(tile.step->buffers, row,
                    std::min(row + function.tile_rows, tile.step->rows), panel,
                    std::min(panel + kernel.panelsPerTile, kernel.numPanels));
  }
}
