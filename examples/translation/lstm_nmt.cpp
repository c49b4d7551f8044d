//===- lstm_nmt.cpp - translates, one word after the other ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// A graph that grows: the decoder's steps are added one at a time, each after
// the values of the step before were read, for those sentences that go on. Here
// the next word comes from the given translation; an application that
// translates would choose it from the values.
//
//===----------------------------------------------------------------------===//

#include "lstm_nmt.h"
#include "program/Program.h"
#include "translation/PairReader.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace lstm_nmt;
using translation::Pair;

static_assert(Model::source_words >= translation::numWordIds &&
                  Model::target_words >= translation::numWordIds,
              "compile the network with at least -D source_words=256 "
              "-D target_words=256");

class Translator : public program::Program {
public:
  explicit Translator(const program::Options &options)
      : model(options.weights), session(model, options.session),
        pairs(translation::readPairFile(options.files[0])) {}

  std::size_t size() const override { return pairs.size(); }

  edbc::Session &getSession() override { return session; }

  /// Adds what reads the source.
  void add(std::size_t instance) override {
    std::uint32_t number = session.beginInstance();
    Node state = session.start();
    for (std::uint32_t word : pairs[instance].source)
      state = session.encode(word, state);
    decoders.push_back({number, &pairs[instance].target, 0, state});
  }

  /// In one mini-batch: the saved graphs tell which steps were run together, so
  /// that a policy can be learned for smaller ones.
  void addAll() override { run(0, size()); }

  double run(std::size_t first, std::size_t end) override {
    double sum = 0;
    decoders.clear();
    for (std::size_t i = first; i != end; ++i)
      add(i);
    while (!decoders.empty()) {
      for (Decoder &decoder : decoders) {
        session.resumeInstance(decoder.instance);
        addStep(decoder);
      }
      session.run();
      std::vector<Decoder> unfinished;
      for (const Decoder &decoder : decoders) {
        sum += static_cast<double>(session.loss(decoder.score)[0]);
        if (decoder.hasNext())
          unfinished.push_back(decoder);
        else
          session.dropInstance(decoder.instance);
      }
      decoders = unfinished;
    }
    return sum;
  }

private:
  /// A sentence on its way through the decoder.
  struct Decoder {
    std::uint32_t instance;
    const std::vector<std::uint32_t> *target;
    std::size_t position; ///< of the next word to read
    Node state;
    Score score = {}; ///< of the last step

    /// The last word is written, but never read.
    bool hasNext() const { return position + 1 != target->size(); }
  };

  /// Reads a target word, and scores the one behind it.
  void addStep(Decoder &decoder) {
    const std::vector<std::uint32_t> &target = *decoder.target;
    decoder.state = session.decode(target[decoder.position++], decoder.state);
    decoder.score = session.score(decoder.state, target[decoder.position]);
  }

  Model model;
  Session session;
  std::vector<Pair> pairs;
  std::vector<Decoder> decoders; ///< of the sentences that go on
};

} // namespace

int main(int argc, char **argv) {
  program::About about = {
      "lstm_nmt",
      "Scores the translations in the file PAIRS word by word, each after the "
      "scores of the\none before are known.",
      "PAIRS"};
  return program::run<Translator>(about, argc, argv);
}
