//===- Manifest.cpp - a library's contents as JSON --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Manifest.h"

#include "edbc/abi.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;

namespace {

class ManifestWriter {
public:
  ManifestWriter(const Network &network, llvm::raw_ostream &os)
      : network(network), json(os, /*IndentSize=*/2) {}

  void write(bool weightsEmbedded) {
    json.object([&] {
      json.attribute("network", network.name);
      json.attributeObject("versions", [&] {
        json.attribute("edbc", EDBC_VERSION);
        json.attribute("abi", EDBC_ABI_VERSION);
        json.attribute("llvm", LLVM_VERSION_STRING);
      });
      json.attributeObject("dims", [&] { writeDims(); });
      json.attributeArray("parameters", [&] {
        for (ParamOp param : network.params)
          writeParam(param, weightsEmbedded);
      });
      json.attributeArray("states", [&] {
        for (StateOp state : network.states)
          writeState(state);
      });
      json.attributeArray("outputs", [&] {
        for (OutputOp output : network.outputs)
          writeOutput(output);
      });
      json.attributeArray("cells", [&] {
        for (KernelOp kernel : network.kernels)
          writeCell(kernel);
      });
      json.attributeObject("policy", [&] { writePolicy(); });
      json.attributeObject("layout", [&] { writeLayout(); });
      json.attributeObject("targets", [&] {
        for (ModuleOp target : network.targets)
          writeTarget(*isaOf(target));
      });
    });
  }

private:
  void writeDims() {
    auto dims = network.module->getAttrOfType<DictionaryAttr>(dimsAttrName);
    for (NamedAttribute dim :
         dims ? dims.getValue() : ArrayRef<NamedAttribute>())
      if (auto value = dyn_cast<IntegerAttr>(dim.getValue()))
        json.attribute(dim.getName(), value.getInt());
  }

  void writeParam(ParamOp param, bool embedded) {
    json.object([&] {
      json.attribute("name", param.getSymName());
      json.attributeArray("shape", [&] {
        for (int64_t size : param.getTensorType().getShape())
          json.value(size);
      });
      json.attribute("embedded", embedded);
    });
  }

  void writeState(StateOp state) {
    json.object([&] {
      json.attribute("name", state.getSymName());
      json.attributeArray("fields", [&] {
        for (auto [name, offset, width] : llvm::zip_equal(
                 state.getFieldNames(), state.getLayout()->getOffsets(),
                 state.getWidths()))
          json.object([&, name = name, offset = offset, width = width] {
            json.attribute("name", cast<StringAttr>(name).getValue());
            json.attribute("offset", offset);
            json.attribute("width", width);
          });
      });
      json.attribute("stride", state.getLayout()->getStride());
    });
  }

  void writeOutput(OutputOp output) {
    json.object([&] {
      json.attribute("name", output.getSymName());
      json.attribute("state", output.getState());
      json.attribute("field", output.getField());
    });
  }

  void writeOperand(StringRef name, Type type) {
    json.object([&] {
      json.attribute("name", name);
      if (auto rows = dyn_cast<RowsType>(type)) {
        json.attribute("kind", "state");
        json.attribute("state", rows.getState().getValue());
      } else if (auto tokens = dyn_cast<TokensType>(type)) {
        json.attribute("kind", "token");
        json.attribute("bound", tokens.getBound());
      } else {
        json.attribute("kind", "dense");
        json.attribute("width", cast<ValuesType>(type).getWidth());
      }
    });
  }

  static int64_t flopsPerRow(PhaseOp phase) {
    int64_t flops = 0;
    for (auto product : phase.getBodyBlock().getOps<ProductOp>()) {
      auto width = [](Type type) {
        return cast<RankedTensorType>(type).getDimSize(1);
      };
      for (Type vector : product.getVectors().getTypes())
        flops += 2 * width(vector) * width(product.getType());
    }
    return flops;
  }

  void writePhase(PhaseOp phase) {
    json.object([&] {
      json.attribute("width", phase.getWidth());
      if (phase.getPanel())
        json.attribute("panel", *phase.getPanel());
      json.attribute("panels", network.numPanels(phase));
      if (phase.getWeights())
        json.attribute("weights", *phase.getWeights());
      json.attribute("flops_per_row", flopsPerRow(phase));
    });
  }

  void writeCell(KernelOp kernel) {
    SmallVector<PhaseOp> phases = phasesOf(kernel);
    int64_t flops = 0;
    for (PhaseOp phase : phases)
      flops += flopsPerRow(phase);
    json.object([&] {
      json.attribute("name", kernel.getSymName());
      if (kernel.getDoc())
        json.attribute("doc", *kernel.getDoc());
      json.attributeArray("operands", [&] {
        for (auto [index, argument] :
             llvm::enumerate(kernel.getBodyBlock().getArguments()))
          writeOperand(kernel.getOperandName(index), argument.getType());
      });
      json.attribute("result", kernel.getState());
      json.attribute("flops_per_row", flops);
      json.attributeArray("phases", [&] {
        for (PhaseOp phase : phases)
          writePhase(phase);
      });
    });
  }

  void writePolicy() {
    PolicyOp policy = network.policy;
    if (!policy)
      return json.attribute("kind", "lemma");
    json.attribute("kind", "fsm");
    json.attribute("encoding", stringifyEncoding(policy.getEncoding()));
    json.attributeArray("transitions", [&] {
      for (Attribute attr : policy.getTransitions())
        json.object([&, transition = cast<TransitionAttr>(attr)] {
          json.attributeArray("frontier", [&] {
            for (FlatSymbolRefAttr kernel : transition.getFrontier())
              json.value(kernel.getValue());
          });
          json.attribute("action", transition.getAction().getValue());
        });
    });
  }

  void writeLayout() {
    json.attributeArray("padded", [&] {
      for (ParamOp param : network.paddedParams)
        json.value(param.getSymName());
    });
    json.attributeArray("packs", [&] {
      for (PackOp pack : network.packs)
        writePack(pack);
    });
    json.attributeArray("workspaces", [&] {
      for (KernelOp kernel : network.kernels)
        if (std::optional<RowLayoutAttr> layout = kernel.getWorkspace())
          writeWorkspace(kernel, *layout);
    });
  }

  void writePack(PackOp pack) {
    json.object([&] {
      json.attribute("name", pack.getSymName());
      json.attribute("rows", pack.getRows());
      json.attribute("panel", pack.getPanel());
      json.attributeArray("segments", [&] {
        for (Attribute attr : pack.getSegments())
          writeSegment(cast<SegmentAttr>(attr));
      });
    });
  }

  void writeSegment(SegmentAttr segment) {
    json.object([&] {
      json.attribute("depth", segment.getDepth());
      json.attributeArray("terms", [&] {
        for (TermAttr term : segment.getTerms())
          json.object([&, term = term] {
            json.attribute("parameter", term.getParam().getValue());
            json.attribute("column", term.getColumn());
          });
      });
    });
  }

  void writeWorkspace(KernelOp kernel, RowLayoutAttr layout) {
    json.object([&] {
      json.attribute("cell", kernel.getSymName());
      json.attributeArray("offsets", [&] {
        for (int64_t offset : layout.getOffsets())
          json.value(offset);
      });
      json.attribute("stride", layout.getStride());
    });
  }

  void writeTarget(Isa isa) {
    json.attributeArray(isaName(isa), [&] {
      for (KernelOp kernel : network.kernels)
        for (unsigned phase = 0; phase < phasesOf(kernel).size(); ++phase)
          json.value(
              phaseFunctionName(network.name, kernel.getSymName(), phase, isa));
    });
  }

  const Network &network;
  llvm::json::OStream json;
};

} // namespace

std::string edbc::describeAsJson(const Network &network, bool weightsEmbedded) {
  std::string text;
  llvm::raw_string_ostream os(text);
  ManifestWriter(network, os).write(weightsEmbedded);
  os << '\n';
  return text;
}
