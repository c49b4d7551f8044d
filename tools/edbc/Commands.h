//===- Commands.h - the commands of edbc ------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// Each command parses its own arguments (argv[0] is "edbc COMMAND") and returns
// the exit status: 0, 1 if the work failed, 2 if the arguments are wrong.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_EDBC_COMMANDS_H
#define EDBC_TOOLS_EDBC_COMMANDS_H

namespace edbc {

/// `edbc compile MODEL.edb -o DIR`: writes a library.
int compileMain(int argc, const char **argv);

/// `edbc inspect MODEL.edb --samples FILE`: shows the policy and what it does.
int inspectMain(int argc, const char **argv);

/// `edbc run MODEL.edb --graphs FILE`: prints what instances give.
int runMain(int argc, const char **argv);

/// `edbc weights MODEL.edb -o FILE`: writes random weights.
int weightsMain(int argc, const char **argv);

} // namespace edbc

#endif // EDBC_TOOLS_EDBC_COMMANDS_H
