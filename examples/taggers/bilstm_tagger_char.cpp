//===- bilstm_tagger_char.cpp - tags words, reads rare ones -----*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "bilstm_tagger_char.h"
#include "program/Program.h"
#include "taggers/RareWords.h"
#include "taggers/Taggers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace bilstm_tagger_char;

static_assert(Model::characters >= taggers::numCharacters,
              "compile the network with -D characters=257, its default");

constexpr const char *trainingOption = "--training";

class Tagger : public program::LossProgram<Model, Session, Score> {
public:
  explicit Tagger(const program::Options &options)
      : LossProgram(options),
        corpus(taggers::readSentenceFile(options.files[0])),
        counts(
            options.own.count(trainingOption) == 0
                ? corpus
                : taggers::readSentenceFile(options.own.at(trainingOption))) {
    taggers::requireRoom<Model>(corpus, options.files[0]);
  }

  std::size_t size() const override { return corpus.sentences.size(); }

  void add(std::size_t instance) override {
    const taggers::Sentence &sentence = corpus.sentences[instance];
    session.beginInstance();
    CharStack forwardStart = session.char_forward_start();
    CharStack backwardStart = session.char_backward_start();
    std::vector<Word> words;
    for (const taggers::Word &word : sentence)
      words.push_back(counts.isRare(word.text)
                          ? read(word.text, forwardStart, backwardStart)
                          : session.frequent(word.id));
    taggers::addTags<Stack>(session, sentence, words, scores);
  }

private:
  /// A word that is read character by character, both ways.
  Word read(const std::string &word, CharStack forward, CharStack backward) {
    std::vector<std::uint32_t> characters = taggers::charactersOf(word);
    for (std::uint32_t character : characters)
      forward = session.char_forward(character, forward);
    std::reverse(characters.begin(), characters.end());
    for (std::uint32_t character : characters)
      backward = session.char_backward(character, backward);
    return session.rare(forward, backward);
  }

  taggers::Corpus corpus;
  taggers::WordCounts counts;
};

} // namespace

int main(int argc, char **argv) {
  program::About about = {
      "bilstm_tagger_char",
      "Scores the tags of every word of the sentences in the file SENTENCES. "
      "Words that are\nrare in training are read by characters.",
      "SENTENCES"};
  about.options = {{trainingOption, "FILE",
                    "sentences that say which words are rare (SENTENCES)"}};
  return program::run<Tagger>(about, argc, argv);
}
