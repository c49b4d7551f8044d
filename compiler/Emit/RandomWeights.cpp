//===- RandomWeights.cpp - weights to try a network with --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/RandomWeights.h"

#include "dialects/Batch/Batch.h"
#include "dialects/Cell/Cell.h"
#include "passes/LearnPolicy/Random.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace edbc;

namespace {
struct Param {
  StringRef name;
  RankedTensorType type;
};
} // namespace

static SmallVector<Param> paramsOf(ModuleOp network) {
  SmallVector<Param> params;
  for (Operation &op : network.getOps()) {
    if (auto param = dyn_cast<edbc::batch::ParamOp>(op))
      params.push_back({param.getSymName(), param.getTensorType()});
    else if (auto param = dyn_cast<edbc::cell::ParamOp>(op))
      params.push_back({param.getSymName(), param.getTensorType()});
  }
  return params;
}

/// The header, padded so that what follows it is aligned.
static std::string describeTensors(ArrayRef<Param> params) {
  constexpr uint64_t alignment = 64;
  std::string header;
  llvm::raw_string_ostream os(header);
  llvm::json::OStream json(os);
  json.object([&] {
    int64_t offset = 0;
    for (const Param &param : params)
      json.attributeObject(param.name, [&] {
        int64_t end = offset + param.type.getNumElements() * sizeof(float);
        json.attribute("dtype", "F32");
        json.attributeArray("shape", [&] {
          for (int64_t size : param.type.getShape())
            json.value(size);
        });
        json.attributeArray("data_offsets", [&] {
          json.value(offset);
          json.value(end);
        });
        offset = end;
      });
  });
  uint64_t unpadded = sizeof(uint64_t) + header.size();
  header.append(llvm::alignTo(unpadded, alignment) - unpadded, ' ');
  return header;
}

/// In [-bound, bound), a multiple of bound / 2^23.
static float uniform(Random &random, float bound) {
  auto bits = static_cast<float>(static_cast<int64_t>(random.next()) >> 40);
  return bits * 0x1p-23f * bound;
}

std::vector<std::vector<float>> edbc::randomValues(ModuleOp network,
                                                   uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<float>> values;
  for (const Param &param : paramsOf(network)) {
    auto bound = static_cast<float>(
        1 / std::sqrt(static_cast<double>(param.type.getShape().back())));
    std::vector<float> &ofParam = values.emplace_back();
    for (int64_t i = 0; i < param.type.getNumElements(); ++i)
      ofParam.push_back(uniform(random, bound));
  }
  return values;
}

std::string edbc::randomWeights(ModuleOp network, uint64_t seed) {
  SmallVector<Param> params = paramsOf(network);
  std::string header = describeTensors(params);
  std::string file(sizeof(uint64_t), '\0');
  llvm::support::endian::write64le(file.data(), header.size());
  file += header;
  for (const std::vector<float> &values : randomValues(network, seed))
    for (float value : values) {
      char bytes[sizeof(float)];
      llvm::support::endian::write32le(bytes, llvm::bit_cast<uint32_t>(value));
      file.append(bytes, sizeof(bytes));
    }
  return file;
}
