//===- Header.cpp - a network's interface in C++ ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Header.h"

#include "compiler/Emit/Description.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;
using llvm::formatv;

static ArrayRef<NamedAttribute> dimsOf(const Network &network) {
  auto dims = network.module->getAttrOfType<DictionaryAttr>(dimsAttrName);
  return dims ? dims.getValue() : ArrayRef<NamedAttribute>();
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// Keywords and alternative tokens up to C++20.
static bool isKeyword(StringRef name) {
  static const llvm::StringSet<> keywords = {
      "alignas",       "alignof",     "and",
      "and_eq",        "asm",         "auto",
      "bitand",        "bitor",       "bool",
      "break",         "case",        "catch",
      "char",          "char16_t",    "char32_t",
      "char8_t",       "class",       "co_await",
      "co_return",     "co_yield",    "compl",
      "concept",       "const",       "const_cast",
      "consteval",     "constexpr",   "constinit",
      "continue",      "decltype",    "default",
      "delete",        "do",          "double",
      "dynamic_cast",  "else",        "enum",
      "explicit",      "export",      "extern",
      "false",         "float",       "for",
      "friend",        "goto",        "if",
      "inline",        "int",         "long",
      "mutable",       "namespace",   "new",
      "noexcept",      "not",         "not_eq",
      "nullptr",       "operator",    "or",
      "or_eq",         "private",     "protected",
      "public",        "register",    "reinterpret_cast",
      "requires",      "return",      "short",
      "signed",        "sizeof",      "static",
      "static_assert", "static_cast", "struct",
      "switch",        "template",    "this",
      "thread_local",  "throw",       "true",
      "try",           "typedef",     "typeid",
      "typename",      "union",       "unsigned",
      "using",         "virtual",     "void",
      "volatile",      "wchar_t",     "while",
      "xor",           "xor_eq"};
  return keywords.contains(name);
}

/// Macros that headers or compilers define everywhere.
static bool isMacro(StringRef name) {
  static const llvm::StringSet<> macros = {"NULL",  "EOF",   "assert",
                                           "errno", "linux", "unix"};
  return macros.contains(name);
}

static bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// C++ keeps to itself all names with two underscores or with one in front, and
/// edbc/abi.h those of its functions, types and macros.
static bool isReserved(StringRef name) {
  return name.contains("__") || name.starts_with("_") ||
         name.starts_with("edbc_") || name.starts_with("EDBC_");
}

/// Members of edbc::Session that applications call, and all others.
static constexpr StringRef sessionMembers[] = {
    "Session", "Model", "beginInstance", "resumeInstance", "dropInstance",
    "run",     "reset", "statistics",    "saveGraphs",     "stream"};
static constexpr StringRef hiddenSessionMembers[] = {
    "add",        "addNode",     "read",    "readMatrix",
    "readDevice", "description", "session", "Destroy"};

/// What no network can be called: names that every program has, and headers of
/// the system, which the generated one would hide (time.h).
static constexpr StringRef globalNames[] = {
    "edbc",     "std",      "main",   "aio",     "assert",  "complex",
    "ctype",    "dirent",   "dlfcn",  "elf",     "endian",  "errno",
    "fcntl",    "features", "fenv",   "ftw",     "glob",    "grp",
    "iconv",    "inttypes", "libgen", "limits",  "link",    "locale",
    "malloc",   "math",     "memory", "mqueue",  "netdb",   "poll",
    "pthread",  "pwd",      "regex",  "sched",   "search",  "semaphore",
    "setjmp",   "signal",   "spawn",  "stdarg",  "stdbool", "stddef",
    "stdint",   "stdio",    "stdlib", "string",  "strings", "syslog",
    "tar",      "termios",  "tgmath", "threads", "time",    "uchar",
    "ucontext", "unistd",   "utime",  "values",  "wchar",   "wctype"};

/// Whether the C library has something of this name, or POSIX reserves it.
static bool isOfTheSystem(StringRef name) {
  // LLVM knows most functions. Of the others, some that are words.
  static const llvm::StringSet<> others = {
      "abort",   "access",      "acct",     "alarm",   "alloca", "brk",
      "chdir",   "chown",       "chroot",   "clock",   "clone",  "close",
      "crypt",   "daemon",      "daylight", "div",     "drem",   "dup",
      "environ", "exit",        "finite",   "fork",    "gamma",  "index",
      "ioctl",   "j0",          "j1",       "jn",      "ldiv",   "lgamma",
      "lldiv",   "lockf",       "nice",     "open",    "pause",  "pipe",
      "pipe2",   "profil",      "raise",    "rand",    "random", "remove",
      "rename",  "revoke",      "rindex",   "sbrk",    "scalb",  "select",
      "signgam", "significand", "sleep",    "srand",   "stderr", "stdin",
      "stdout",  "swab",        "sync",     "syscall", "system", "timezone",
      "timegm",  "tm",          "tzname",   "uint",    "ulong",  "ushort",
      "usleep",  "vfork",       "wait",     "y0",      "y1",     "yn"};
  llvm::TargetLibraryInfoImpl library(llvm::Triple("x86_64-unknown-linux-gnu"));
  llvm::LibFunc function;
  return name.ends_with("_t") || others.contains(name) ||
         library.getLibFunc(name, function);
}

namespace {

/// The names of one C++ scope. Reports those that can't be declared there.
class Scope {
public:
  /// @param taken names that stand there anyway.
  /// @param owner what took them, for messages.
  Scope(ArrayRef<StringRef> taken, StringRef owner) : owner(owner) {
    for (StringRef name : taken)
      names.try_emplace(name, "");
  }

  LogicalResult declare(Operation *op, StringRef kind, StringRef name) {
    auto complain = [&](const Twine &problem) {
      return emitError(op->getLoc())
             << kind << " '" << name << "' can't have this name in C++: it "
             << problem;
    };
    if (!isIdentifier(name))
      return complain("is no identifier");
    if (isKeyword(name))
      return complain("is a keyword");
    if (isMacro(name))
      return complain("is a macro");
    if (isReserved(name))
      return complain("is reserved");
    auto [entry, isNew] = names.try_emplace(name, kind);
    if (isNew)
      return success();
    if (entry->second.empty())
      return complain("clashes with " + owner);
    return complain("clashes with the " + entry->second + " of this name");
  }

private:
  StringRef owner;
  llvm::StringMap<StringRef> names; ///< and what they are names of
};

} // namespace

static LogicalResult verifyNames(const Network &network) {
  bool allGood = true;
  auto check = [&](LogicalResult result) { allGood &= succeeded(result); };

  Scope global(globalNames, "a name that every program has");
  LogicalResult isFree =
      global.declare(network.module, "network", network.name);
  check(isFree);
  if (succeeded(isFree) && isOfTheSystem(network.name))
    check(emitError(network.module->getLoc())
          << "network '" << network.name
          << "' can't have this name in C++: the C library has it");

  SmallVector<StringRef> types = {"Model", "Session", "edbc", "std"};
  // Class Session names them as well, where its base's members hide them.
  SmallVector<StringRef> taken(types);
  llvm::append_range(taken, sessionMembers);
  llvm::append_range(taken, hiddenSessionMembers);
  Scope space(taken, "another name of the generated header");
  for (StateOp state : network.states) {
    check(space.declare(state, "state", state.getSymName()));
    types.push_back(state.getSymName());
  }

  Scope model({"Model", "isa", "handle", "library"}, "a member of class Model");
  for (NamedAttribute dim : dimsOf(network))
    check(model.declare(network.module, "dimension", dim.getName()));

  Scope session(sessionMembers, "a member of class Session");
  for (KernelOp kernel : network.kernels) {
    check(session.declare(kernel, "cell", kernel.getSymName()));
    Scope parameters(types, "a type of the generated header");
    for (Attribute name : kernel.getOperandNames())
      check(parameters.declare(kernel, "operand",
                               cast<StringAttr>(name).getValue()));
  }
  for (OutputOp output : network.outputs)
    check(session.declare(output, "output", output.getSymName()));
  return success(allGood);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// Writes lines of a documentation comment.
static void printDoc(llvm::raw_ostream &os, StringRef indent, StringRef doc) {
  SmallVector<StringRef> lines;
  doc.trim().split(lines, '\n');
  for (StringRef line : lines) {
    // A backslash in the end would draw the next line into the comment.
    line = line.rtrim("\\ \t\r");
    os << indent << "///" << (line.empty() ? "" : " ") << line << '\n';
  }
}

/// "h (64)" for a vector, "M (64 by 8)" for a matrix of 8 columns.
static std::string describeField(StateOp state, unsigned index) {
  StringRef name = cast<StringAttr>(state.getFieldNames()[index]).getValue();
  int64_t width = state.getWidths()[index];
  int64_t columns = state.getColumns()[index];
  if (columns == 1)
    return formatv("{0} ({1})", name, width);
  return formatv("{0} ({1} by {2})", name, width, columns);
}

static void printState(llvm::raw_ostream &os, StateOp state) {
  os << "/// A node with fields ";
  llvm::interleaveComma(
      llvm::seq(state.getNumFields()), os,
      [&](unsigned index) { os << describeField(state, index); });
  os << ".\nstruct " << state.getSymName() << " : edbc::Value {};\n\n";
}

/// For which devices there are kernels.
static void printDevices(llvm::raw_ostream &os,
                         const cuda::DeviceKernels &device) {
  os << "/// Has kernels for CUDA devices (products in "
     << cuda::precisionName(device.code.precision) << "):";
  for (const cuda::DeviceImage &image : device.images)
    if (image.kind == EDBC_CUDA_PTX)
      os << " and those after " << image.architecture.name();
    else
      os << " " << image.architecture.name();
  os << (device.images.empty() ? " none compiled.\n" : ".\n");
}

static void printModel(llvm::raw_ostream &os, const Network &network,
                       bool weightsEmbedded,
                       const cuda::DeviceKernels *device) {
  os << "/// The network with its weights. Immutable; sessions of any number "
        "of\n"
        "/// threads may share one. Errors are thrown as edbc::Error.\n";
  if (device)
    printDevices(os, *device);
  os << "class Model : public edbc::Model {\npublic:\n";
  for (NamedAttribute dim : dimsOf(network))
    if (auto value = dyn_cast<IntegerAttr>(dim.getValue()))
      os << "  static constexpr std::int64_t " << dim.getName().getValue()
         << " = " << value.getInt() << ";\n";
  if (!dimsOf(network).empty())
    os << '\n';
  std::string library = descriptionSymbol(network.name);
  if (weightsEmbedded)
    os << "  /// With the weights embedded in the library.\n"
       << "  explicit Model(edbc::Device device = edbc::Device::cpu())\n"
       << "      : edbc::Model(" << library << ", device) {}\n";
  os << "  /// With the weights of a .safetensors file.\n"
     << "  explicit Model(const std::string &weightsPath,\n"
     << "                 edbc::Device device = edbc::Device::cpu())\n"
     << "      : edbc::Model(" << library << ", weightsPath, device) {}\n"
     << "};\n\n";
}

static std::string parameter(StringRef name, Type type) {
  if (auto rows = dyn_cast<RowsType>(type))
    return formatv("{0} {1}", rows.getState().getValue(), name);
  if (auto ragged = dyn_cast<RaggedType>(type))
    return formatv("edbc::Span<const {0}> {1}", ragged.getState().getValue(),
                   name);
  if (isa<TokensType>(type))
    return formatv("std::uint32_t {0}", name);
  return formatv("edbc::Span<const float> {0}", name);
}

static std::string argument(StringRef cell, StringRef name, Type type) {
  if (isa<RowsType>(type))
    return formatv("edbc::stateArgument({0})", name);
  if (isa<RaggedType>(type))
    return formatv("edbc::statesArgument({0})", name);
  if (isa<TokensType>(type))
    return formatv("edbc::tokenArgument({0})", name);
  return formatv("edbc::denseArgument({0}, {1}, \"{2}\", \"{0}\")", name,
                 cast<ValuesType>(type).getWidth(), cell);
}

/// What a caller can't read off the types.
static void printBounds(llvm::raw_ostream &os, KernelOp kernel) {
  for (auto [index, operand] :
       llvm::enumerate(kernel.getBodyBlock().getArguments())) {
    StringRef name = kernel.getOperandName(index);
    if (auto ragged = dyn_cast<RaggedType>(operand.getType())) {
      os << "  /// @param " << name;
      if (ragged.getLeast() == 0)
        os << " any number of nodes.\n";
      else
        os << " at least " << ragged.getLeast()
           << (ragged.getLeast() == 1 ? " node.\n" : " nodes.\n");
    }
    if (auto tokens = dyn_cast<TokensType>(operand.getType()))
      os << "  /// @param " << name << " below " << tokens.getBound() << ".\n";
    if (auto values = dyn_cast<ValuesType>(operand.getType()))
      os << "  /// @param " << name << " has " << values.getWidth()
         << " elements, which are copied.\n";
  }
}

static void printCell(llvm::raw_ostream &os, KernelOp kernel, unsigned number) {
  if (kernel.getDoc())
    printDoc(os, "  ", *kernel.getDoc());
  else
    os << "  /// Adds a node of cell '" << kernel.getSymName() << "'.\n";
  printBounds(os, kernel);
  SmallVector<std::string> parameters, arguments;
  for (auto [index, operand] :
       llvm::enumerate(kernel.getBodyBlock().getArguments())) {
    StringRef name = kernel.getOperandName(index);
    parameters.push_back(parameter(name, operand.getType()));
    arguments.push_back(argument(kernel.getSymName(), name, operand.getType()));
  }
  // Qualified, since cells named like functions of the base class hide them.
  os << "  " << kernel.getState() << ' ' << kernel.getSymName() << '('
     << llvm::join(parameters, ", ") << ") {\n"
     << "    return edbc::Session::add<" << kernel.getState() << ">(" << number;
  if (!arguments.empty())
    os << ", {\n        " << llvm::join(arguments, ",\n        ") << '}';
  os << ");\n  }\n";
}

static void printOutput(llvm::raw_ostream &os, const Network &network,
                        OutputOp output, unsigned number) {
  StateOp state = network.states[*network.findState(output.getState())];
  unsigned field = *state.findField(output.getField());
  bool isMatrix = state.getColumns()[field] != 1;
  os << "  /// Field " << describeField(state, field)
     << " of an executed node; valid until the next run,\n"
     << "  /// reset or destruction, or until its instance is dropped.\n"
     << "  " << (isMatrix ? "edbc::MatrixView " : "edbc::Span<const float> ")
     << output.getSymName() << '(' << output.getState() << " node) const {\n"
     << "    return edbc::Session::" << (isMatrix ? "readMatrix" : "read")
     << '(' << number << ", node);\n  }\n"
     << "  /// The same where it is, in the memory of the model's device.\n"
     << "  edbc::DeviceView " << output.getSymName() << '(' << output.getState()
     << " node, edbc::OnDevice) const {\n"
     << "    return edbc::Session::readDevice(" << number << ", node);\n  }\n";
}

static void printSession(llvm::raw_ostream &os, const Network &network) {
  os << "/// A mini-batch: a graph under construction, and its results.\n"
        "class Session : public edbc::Session {\npublic:\n"
        "  /// The model must outlive the session.\n"
        "  explicit Session(const Model &model, edbc::SessionOptions options = "
        "{})\n"
        "      : edbc::Session(model, options) {}\n"
        "  explicit Session(const Model &&, edbc::SessionOptions = {}) = "
        "delete;\n";
  for (auto [number, kernel] : llvm::enumerate(network.kernels)) {
    os << '\n';
    printCell(os, kernel, number);
  }
  for (auto [number, output] : llvm::enumerate(network.outputs)) {
    os << '\n';
    printOutput(os, network, output, number);
  }
  os << "};\n";
}

FailureOr<std::string> edbc::declareApi(const Network &network,
                                        bool weightsEmbedded,
                                        const cuda::DeviceKernels *device) {
  if (failed(verifyNames(network)))
    return failure();
  std::string text;
  llvm::raw_string_ostream os(text);
  os << formatv(R"(// {0}.h - the network {0}, compiled by edbc. Don't edit.
#ifndef EDBC_NETWORK_{0}_H
#define EDBC_NETWORK_{0}_H

#include "edbc/edbc.h"

#include <cstdint>
#include <string>

extern "C" const edbc_library {1};

namespace {0} {{

)",
                network.name, descriptionSymbol(network.name));
  for (StateOp state : network.states)
    printState(os, state);
  printModel(os, network, weightsEmbedded, device);
  printSession(os, network);
  os << formatv("\n} // namespace {0}\n\n#endif // EDBC_NETWORK_{0}_H\n",
                network.name);
  return text;
}
