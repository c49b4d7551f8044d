//===- RandomWeights.cpp - weights to try a network with --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/RandomWeights.h"

#include "dialects/Batch/Batch.h"
#include "dialects/Cell/Cell.h"

#include "llvm/Support/EndianStream.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
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

void edbc::drawWeights(Random &random, RankedTensorType param,
                       MutableArrayRef<float> values) {
  auto bound = static_cast<float>(
      1 / std::sqrt(static_cast<double>(param.getShape().back())));
  for (float &value : values) {
    auto bits = static_cast<float>(static_cast<int64_t>(random.next()) >> 40);
    value = bits * 0x1p-23f * bound;
  }
}

void edbc::writeRandomWeights(ModuleOp network, uint64_t seed,
                              llvm::raw_ostream &os) {
  using namespace llvm::support;
  SmallVector<Param> params = paramsOf(network);
  std::string header = describeTensors(params);
  endian::write<uint64_t>(os, header.size(), llvm::endianness::little);
  os << header;
  Random random(seed);
  float values[1024];
  for (const Param &param : params)
    for (int64_t left = param.type.getNumElements(); left > 0;) {
      MutableArrayRef<float> piece(values,
                                   std::min<int64_t>(left, std::size(values)));
      drawWeights(random, param.type, piece);
      endian::write<float>(os, piece, llvm::endianness::little);
      left -= piece.size();
    }
}
