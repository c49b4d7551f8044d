//===- bilstm_tagger.cpp - tags the words of sentences ----------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "bilstm_tagger.h"
#include "program/Program.h"
#include "taggers/Taggers.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace bilstm_tagger;

class Tagger : public program::LossProgram<Model, Session, Score> {
public:
  explicit Tagger(const program::Options &options)
      : LossProgram(options),
        corpus(taggers::readSentenceFile(options.files[0])) {
    taggers::requireRoom<Model>(corpus, options.files[0]);
  }

  std::size_t size() const override { return corpus.sentences.size(); }

  void add(std::size_t instance) override {
    const taggers::Sentence &sentence = corpus.sentences[instance];
    session.beginInstance();
    std::vector<std::uint32_t> words;
    for (const taggers::Word &word : sentence)
      words.push_back(word.id);
    taggers::addTags<Stack>(session, sentence, words, scores);
  }

private:
  taggers::Corpus corpus;
};

} // namespace

int main(int argc, char **argv) {
  program::About about = {
      "bilstm_tagger",
      "Scores the tags of every word of the sentences in the file SENTENCES.",
      "SENTENCES"};
  return program::run<Tagger>(about, argc, argv);
}
