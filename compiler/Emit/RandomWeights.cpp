//===- RandomWeights.cpp - weights to try a network with --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/RandomWeights.h"

#include "dialects/Batch/Batch.h"
#include "dialects/Cell/Cell.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace {

struct Param {
  StringRef name;
  RankedTensorType type;
};

/// Splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014).
class RandomNumbers {
public:
  explicit RandomNumbers(uint64_t seed) : state(seed) {}

  /// In [-bound, bound), a multiple of bound / 2^23.
  float uniform(float bound) {
    state += 0x9E3779B97F4A7C15u;
    uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    bits ^= bits >> 31;
    auto signedBits = static_cast<float>(static_cast<int64_t>(bits) >> 40);
    return signedBits * 0x1p-23f * bound;
  }

private:
  uint64_t state;
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

std::string edbc::randomWeights(ModuleOp network, uint64_t seed) {
  SmallVector<Param> params = paramsOf(network);
  std::string header = describeTensors(params);
  std::string file(sizeof(uint64_t), '\0');
  llvm::support::endian::write64le(file.data(), header.size());
  file += header;
  RandomNumbers random(seed);
  for (const Param &param : params) {
    auto bound = static_cast<float>(
        1 / std::sqrt(static_cast<double>(param.type.getShape().back())));
    for (int64_t i = 0; i < param.type.getNumElements(); ++i) {
      char bytes[sizeof(float)];
      llvm::support::endian::write32le(
          bytes, llvm::bit_cast<uint32_t>(random.uniform(bound)));
      file.append(bytes, sizeof(bytes));
    }
  }
  return file;
}
