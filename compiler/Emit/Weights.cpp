//===- Weights.cpp - the values of a network's parameters -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Weights.h"

#include "compiler/Emit/RandomWeights.h"

#include "runtime/src/Safetensors.h"

using namespace edbc;

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

  Weights weights;
  std::vector<const float *> begins;
  edbc_error error;
  try {
    if (readSafetensors(path.str().c_str(), library, weights.data, begins,
                        &error))
      return llvm::createStringError(llvm::Twine(error.message));
  } catch (const std::bad_alloc &) {
    return llvm::createStringError(path + ": too large for the memory");
  }
  for (auto [op, begin] : llvm::zip_equal(network.params, begins)) {
    batch::ParamOp param = op;
    weights.values.emplace_back(begin, param.getTensorType().getNumElements());
  }
  return weights;
}

Weights Weights::random(const Network &network, uint64_t seed) {
  Random random(seed);
  size_t size = 0;
  for (batch::ParamOp param : network.params)
    size += param.getTensorType().getNumElements();
  Weights weights;
  weights.data = AlignedArray<float>(size);
  float *begin = weights.data.data();
  for (batch::ParamOp param : network.params) {
    size_t count = param.getTensorType().getNumElements();
    drawWeights(random, param.getTensorType(), {begin, count});
    weights.values.emplace_back(begin, count);
    begin += count;
  }
  return weights;
}
