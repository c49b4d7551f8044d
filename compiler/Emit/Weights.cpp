//===- Weights.cpp - the values of a network's parameters -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Weights.h"

#include "compiler/Emit/RandomWeights.h"

#include "runtime/src/Safetensors.h"

using namespace edbc;

/// Room for all values, none of which is there yet.
static Weights makeRoom(const Network &network) {
  size_t size = 0;
  for (batch::ParamOp param : network.params)
    size += param.getTensorType().getNumElements();
  Weights weights;
  weights.data = AlignedArray<float>(size);
  const float *begin = weights.data.data();
  for (batch::ParamOp param : network.params) {
    weights.values.emplace_back(begin, param.getTensorType().getNumElements());
    begin = weights.values.back().end();
  }
  return weights;
}

llvm::Expected<Weights> Weights::read(const Network &network,
                                      llvm::StringRef path) {
  // The reader knows parameters as a library describes them.
  std::string networkName = network.name.str();
  std::vector<std::string> names;
  for (batch::ParamOp param : network.params)
    names.push_back(param.getSymName().str());
  std::vector<edbc_param_desc> params;
  for (auto [op, name] : llvm::zip_equal(network.params, names)) {
    batch::ParamOp param = op;
    params.push_back({name.c_str(),
                      static_cast<uint32_t>(param.getTensorType().getRank()),
                      static_cast<uint32_t>(param.getMatrices()),
                      static_cast<uint32_t>(param.getRows()),
                      static_cast<uint32_t>(param.getColumns()), nullptr});
  }
  edbc_library library = {};
  library.abi_version = EDBC_ABI_VERSION;
  library.struct_size = sizeof(edbc_library);
  library.name = networkName.c_str();
  library.params = params.data();
  library.num_params = params.size();

  try {
    Weights weights = makeRoom(network);
    edbc_error error;
    auto take = [&](uint32_t param, size_t firstRow, size_t numRows,
                    const float *values) {
      size_t columns = params[param].columns;
      size_t begin = weights.values[param].data() - weights.data.data();
      std::copy_n(values, numRows * columns,
                  weights.data.data() + begin + firstRow * columns);
    };
    if (readSafetensors(path.str().c_str(), library, take, &error))
      return llvm::createStringError(llvm::Twine(error.message));
    return weights;
  } catch (const std::bad_alloc &) {
    return llvm::createStringError(path + ": too large for the memory");
  }
}

Weights Weights::random(const Network &network, uint64_t seed) {
  Random random(seed);
  Weights weights = makeRoom(network);
  float *begin = weights.data.data();
  for (batch::ParamOp param : network.params) {
    size_t count = param.getTensorType().getNumElements();
    drawWeights(random, param.getTensorType(), {begin, count});
    begin += count;
  }
  return weights;
}
