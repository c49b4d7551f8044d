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
  ManifestWriter(const Network &network, const cuda::DeviceKernels *device,
                 llvm::raw_ostream &os)
      : network(network), device(device), json(os, /*IndentSize=*/2) {}

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
      if (device)
        json.attributeObject("cuda", [&] { writeCuda(); });
    });
  }

private:
  void writeCuda() {
    json.attribute("precision", cuda::precisionName(device->code.precision));
    json.attribute("functions", device->code.functions.size());
    json.attribute("shared_bytes", device->code.sharedBytes);
    json.attributeArray("images", [&] {
      for (const cuda::DeviceImage &image : device->images)
        json.object([&] {
          json.attribute("architecture", image.architecture.name());
          json.attribute("kind", image.kind == EDBC_CUDA_PTX ? "ptx" : "cubin");
          json.attribute("bytes", image.data.size());
        });
    });
  }

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
        for (unsigned i = 0; i < state.getNumFields(); ++i)
          json.object([&] {
            json.attribute(
                "name", cast<StringAttr>(state.getFieldNames()[i]).getValue());
            json.attribute("offset", state.getLayout()->getOffsets()[i]);
            json.attribute("width", state.getWidths()[i]);
            json.attribute("columns", state.getColumns()[i]);
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

  void writeOperand(KernelOp kernel, BlockArgument operand) {
    Type type = operand.getType();
    unsigned number = operand.getArgNumber();
    json.object([&] {
      json.attribute("name", kernel.getOperandName(number));
      if (auto rows = dyn_cast<RowsType>(type)) {
        json.attribute("kind", "state");
        json.attribute("state", rows.getState().getValue());
      } else if (auto ragged = dyn_cast<RaggedType>(type)) {
        json.attribute("kind", "states");
        json.attribute("state", ragged.getState().getValue());
        json.attribute("least", ragged.getLeast());
        json.attribute("flops_per_element", countFlops(kernel, number));
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
    int64_t multiplyAdds = 0;
    for (Operation &op : phase.getBodyBlock()) {
      if (auto product = dyn_cast<ProductOp>(op))
        for (Type vector : product.getVectors().getTypes())
          multiplyAdds += widthOf(vector) * widthOf(product.getType());
      else if (auto multiply = dyn_cast<MultiplyOp>(op))
        multiplyAdds += widthOf(multiply.getOperand().getType()) *
                        widthOf(multiply.getType());
    }
    return 2 * multiplyAdds;
  }

  /// For each node, or for each element of an operand.
  static int64_t countFlops(KernelOp kernel, std::optional<uint64_t> operand) {
    int64_t flops = 0;
    for (PhaseOp phase : phasesOf(kernel))
      if (phase.getOver() == operand)
        flops += phase.getColumns() * flopsPerRow(phase);
    return flops;
  }

  void writePhase(KernelOp kernel, PhaseOp phase) {
    json.object([&] {
      json.attribute("width", phase.getWidth());
      json.attribute("columns", phase.getColumns());
      if (phase.getOver())
        json.attribute("over", kernel.getOperandName(*phase.getOver()));
      if (phase.getPanel())
        json.attribute("panel", *phase.getPanel());
      json.attribute("panels", network.numPanels(phase));
      if (phase.getWeights())
        json.attribute("weights", *phase.getWeights());
      json.attribute("flops_per_row", flopsPerRow(phase));
      json.attribute("copied_floats_per_row", phase.getCopiedFloats());
      json.attribute("ahead", phase.isAhead());
    });
  }

  void writeCell(KernelOp kernel) {
    json.object([&] {
      json.attribute("name", kernel.getSymName());
      if (kernel.getDoc())
        json.attribute("doc", *kernel.getDoc());
      json.attributeArray("operands", [&] {
        for (BlockArgument operand : kernel.getBodyBlock().getArguments())
          writeOperand(kernel, operand);
      });
      json.attribute("result", kernel.getState());
      json.attribute("flops_per_node", countFlops(kernel, std::nullopt));
      json.attributeArray("phases", [&] {
        for (PhaseOp phase : phasesOf(kernel))
          writePhase(kernel, phase);
      });
    });
  }

  void writePolicy() {
    PolicyOp policy = network.policy;
    PolicyKind kind = policy ? policy.getKind() : PolicyKind::Lemma;
    json.attribute("kind", stringifyPolicyKind(kind));
    if (kind != PolicyKind::Fsm)
      return;
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
    auto writeNames = [&](StringRef key, ArrayRef<ParamOp> params) {
      json.attributeArray(key, [&] {
        for (ParamOp param : params)
          json.value(param.getSymName());
      });
    };
    writeNames("padded", network.paddedParams);
    writeNames("columns", network.columnParams);
    json.attributeArray("packs", [&] {
      for (PackOp pack : network.packs)
        writePack(pack);
    });
    json.attributeArray("tables", [&] {
      for (bool ofStates : {false, true})
        for (KernelOp kernel : network.tables)
          if (kernel.getFirstRow().has_value() == ofStates)
            writeTable(kernel);
    });
    json.attributeArray("workspaces", [&] {
      for (KernelOp kernel :
           llvm::concat<const KernelOp>(network.kernels, network.tables)) {
        writeWorkspace(kernel, std::nullopt);
        for (unsigned i = 0; i < kernel.getBodyBlock().getNumArguments(); ++i)
          writeWorkspace(kernel, i);
      }
    });
  }

  void writeTable(KernelOp kernel) {
    auto state = SymbolTable::lookupNearestSymbolFrom<StateOp>(
        kernel, kernel.getStateAttr());
    json.object([&] {
      json.attribute("name", kernel.getSymName());
      json.attribute("rows", *kernel.getTable());
      json.attribute("stride", state.getLayout()->getStride());
      if (kernel.getFirstRow()) {
        json.attribute("state", state.getSymName());
        json.attribute("first_row", *kernel.getFirstRow());
      }
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

  /// That of the nodes, or of the elements of an operand.
  void writeWorkspace(KernelOp kernel, std::optional<unsigned> operand) {
    RowLayoutAttr layout = kernel.getWorkspaceOf(operand);
    if (!layout || layout.getStride() == 0)
      return;
    json.object([&] {
      json.attribute("cell", kernel.getSymName());
      if (operand)
        json.attribute("operand", kernel.getOperandName(*operand));
      json.attributeArray("offsets", [&] {
        for (int64_t offset : layout.getOffsets())
          json.value(offset);
      });
      json.attribute("stride", layout.getStride());
    });
  }

  void writeTarget(Isa isa) {
    json.attributeArray(isaName(isa), [&] {
      for (KernelOp kernel :
           llvm::concat<const KernelOp>(network.kernels, network.tables))
        for (unsigned phase = 0; phase < phasesOf(kernel).size(); ++phase)
          json.value(
              phaseFunctionName(network.name, kernel.getSymName(), phase, isa));
    });
  }

  const Network &network;
  const cuda::DeviceKernels *device;
  llvm::json::OStream json;
};

} // namespace

std::string edbc::describeAsJson(const Network &network, bool weightsEmbedded,
                                 const cuda::DeviceKernels *device) {
  std::string text;
  llvm::raw_string_ostream os(text);
  ManifestWriter(network, device, os).write(weightsEmbedded);
  os << '\n';
  return text;
}
