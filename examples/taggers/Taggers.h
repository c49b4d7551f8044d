//===- Taggers.h - what both taggers do alike -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_EXAMPLES_TAGGERS_TAGGERS_H
#define EDBC_EXAMPLES_TAGGERS_TAGGERS_H

#include "taggers/SentenceReader.h"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace taggers {

/// @throws std::runtime_error if the network of `Model` was compiled for fewer
///   words or tags than the corpus has.
template <typename Model>
void requireRoom(const Corpus &corpus, const std::string &file) {
  auto require = [&](std::size_t needed, const std::string &what,
                     std::int64_t room, const std::string &dim) {
    if (needed > static_cast<std::uint64_t>(room))
      throw std::runtime_error(
          file + ": has " + std::to_string(needed) + " different " + what +
          ", but the network was compiled with " + dim + "=" +
          std::to_string(room) + "; compile it with -D " + dim + "=" +
          std::to_string(needed));
  };
  require(corpus.numWords, "words", Model::vocabulary, "vocabulary");
  require(corpus.numTags, "tags", Model::tags, "tags");
}

/// Reads a sentence both ways and scores every word.
/// @param words what the cells `forward` and `backward` take for each word:
///   ids or nodes.
template <typename Stack, typename Score, typename Session, typename Input>
void addTags(Session &session, const Sentence &sentence,
             const std::vector<Input> &words, std::vector<Score> &scores) {
  std::vector<Stack> forward(words.size());
  Stack last = session.forward_start();
  for (std::size_t i = 0; i != words.size(); ++i)
    last = forward[i] = session.forward(words[i], last);
  last = session.backward_start();
  for (std::size_t i = words.size(); i-- != 0;) {
    last = session.backward(words[i], last);
    scores.push_back(session.tag(forward[i], last, sentence[i].tag));
  }
}

} // namespace taggers

#endif // EDBC_EXAMPLES_TAGGERS_TAGGERS_H
