//===- Peers.cpp - the same mini-batches by other means ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Peers.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

#include <stdexcept>

using namespace edbc;
using namespace edbc::bench;

/// A script, if CMake found a Python that has what it imports.
static Peer script(const char *name, const char *python, const char *file,
                   const char *needs) {
  Peer peer = {name, {}, needs};
  if (*python)
    peer.command = {python, "-B", std::string(EDBC_BENCH_PEERS) + "/" + file};
  return peer;
}

const std::vector<Peer> &bench::allPeers() {
  static const std::vector<Peer> peers = {
      script("pytorch", EDBC_BENCH_PYTHON_TORCH, "pytorch.py",
             "a python3 that has torch"),
      script("jax", EDBC_BENCH_PYTHON_JAX, "jax_peer.py",
             "a python3 that has jax"),
      {"blas",
       *EDBC_BENCH_BLAS ? std::vector<std::string>{EDBC_BENCH_BLAS}
                        : std::vector<std::string>{},
       "OpenBLAS"}};
  return peers;
}

const Peer *bench::findPeer(std::string_view name) {
  for (const Peer &peer : allPeers())
    if (peer.name == name)
      return &peer;
  return nullptr;
}

std::optional<double> bench::runPeer(const Peer &peer,
                                     const std::string &network,
                                     uint32_t hidden, uint32_t threads,
                                     uint32_t repeat,
                                     const std::vector<std::string> &files) {
  auto fail = [&](const std::string &problem) {
    return std::runtime_error("peer '" + peer.name + "' failed on " + network +
                              ": " + problem);
  };
  llvm::SmallString<64> path;
  if (std::error_code problem =
          llvm::sys::fs::createTemporaryFile("edbc-peer", "txt", path))
    throw fail(problem.message());
  llvm::FileRemover remover(path);
  std::vector<std::string> arguments = peer.command;
  arguments.insert(arguments.end(),
                   {network, std::to_string(hidden), std::to_string(threads),
                    std::to_string(repeat)});
  arguments.insert(arguments.end(), files.begin(), files.end());
  std::vector<llvm::StringRef> words(arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), path.str(),
                                                std::nullopt};
  std::string problem;
  int status = llvm::sys::ExecuteAndWait(words[0], words, std::nullopt,
                                         redirects, 0, 0, &problem);
  if (status != 0)
    throw fail(problem.empty() ? "it exits with " + std::to_string(status)
                               : problem);
  auto output = llvm::MemoryBuffer::getFile(path);
  if (!output)
    throw fail(output.getError().message());
  llvm::StringRef text = (*output)->getBuffer().trim();
  if (text.empty())
    return std::nullopt;
  double ms = 0;
  if (text.getAsDouble(ms) || !(ms > 0))
    throw fail("it prints '" + text.str() + "'");
  return ms;
}
