//===- Peers.h - the same mini-batches by other means -----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_TOOLS_BENCH_PEERS_H
#define EDBC_TOOLS_BENCH_PEERS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edbc::bench {

/// A program that executes mini-batches as one does without edbc: batched by
/// hand. It is called
///
///     COMMAND... NETWORK HIDDEN THREADS REPEAT FILE...
///
/// with the graphs of a mini-batch in each FILE, and prints how many
/// milliseconds one takes, on average over the files of the fastest of REPEAT
/// runs; nothing if it doesn't know the network.
struct Peer {
  std::string name;
  std::vector<std::string> command; ///< empty where it can't be run
  std::string needs;                ///< what it takes to be run
};

/// All peers, whether they can be run here or not.
const std::vector<Peer> &allPeers();
/// Null if there is none of that name.
const Peer *findPeer(std::string_view name);

/// The milliseconds that a peer takes, or nothing if it doesn't know the
/// network.
/// @throws std::runtime_error if it can't be run or fails.
std::optional<double> runPeer(const Peer &peer, const std::string &network,
                              uint32_t hidden, uint32_t threads,
                              uint32_t repeat,
                              const std::vector<std::string> &files);

} // namespace edbc::bench

#endif // EDBC_TOOLS_BENCH_PEERS_H
