//===- SyntheticData.cpp - data where there is none -------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/SyntheticData.h"

#include "examples/program/SplitMix.h"

#include <algorithm>

using namespace edbc;
using plans::OperatorType;
using program::SplitMix;

/// A number from `least` to `most`.
static uint32_t draw(SplitMix &random, uint32_t least, uint32_t most) {
  return least + static_cast<uint32_t>(random.below(most - least + 1));
}

/// A length that is `mean` on average, from a third of it to five thirds.
static uint32_t drawLength(SplitMix &random, uint32_t mean) {
  return draw(random, mean / 3, 2 * mean - mean / 3);
}

/// The number of a word among `count`, with about Zipf's frequencies: one order
/// of magnitude, to base 2, is as likely as another.
static uint32_t drawWord(SplitMix &random, uint32_t count) {
  uint32_t orders = 0;
  while ((uint64_t(2) << orders) <= count)
    ++orders;
  uint32_t least = uint32_t(1) << random.below(orders + 1);
  return std::min(draw(random, least, 2 * least - 1), count) - 1;
}

/// Adds a phrase of `numWords` words, divided anywhere; returns its root.
static uint32_t addPhrase(SplitMix &random, uint32_t numWords,
                          trees::Tree &tree) {
  trees::TreeNode node;
  node.label = static_cast<uint32_t>(random.below(trees::numLabels));
  if (numWords == 1) {
    node.word = static_cast<uint32_t>(random.below(trees::numWordIds));
  } else {
    uint32_t leftWords = draw(random, 1, numWords - 1);
    node.left = addPhrase(random, leftWords, tree);
    node.right = addPhrase(random, numWords - leftWords, tree);
  }
  tree.push_back(node);
  return static_cast<uint32_t>(tree.size() - 1);
}

std::vector<trees::Tree> bench::makeTrees() {
  SplitMix random(1);
  std::vector<trees::Tree> made(numSynthetic);
  for (trees::Tree &tree : made)
    addPhrase(random, drawLength(random, 19), tree);
  return made;
}

/// A word of seven letters on average, for its number.
static std::string spell(uint32_t number) {
  SplitMix random(number);
  std::string text(drawLength(random, 7), ' ');
  for (char &letter : text)
    letter = static_cast<char>('a' + random.below(26));
  return text;
}

taggers::Corpus bench::makeSentences() {
  constexpr uint32_t numWords = 8192;
  constexpr uint32_t numTags = 9;
  SplitMix random(2);
  std::vector<std::string> spellings;
  for (uint32_t word = 0; word < numWords; ++word)
    spellings.push_back(spell(word));
  taggers::Corpus made = {{}, numWords, numTags};
  made.sentences.resize(numSynthetic);
  for (taggers::Sentence &sentence : made.sentences)
    for (uint32_t left = drawLength(random, 24); left != 0; --left) {
      uint32_t word = drawWord(random, numWords);
      auto tag = static_cast<uint32_t>(random.below(numTags));
      sentence.push_back({spellings[word], word, tag});
    }
  return made;
}

static std::vector<uint32_t> drawWords(SplitMix &random, uint32_t mean) {
  std::vector<uint32_t> words(drawLength(random, mean));
  for (uint32_t &word : words)
    word = drawWord(random, translation::numWordIds);
  return words;
}

std::vector<translation::Pair> bench::makePairs() {
  SplitMix random(3);
  std::vector<translation::Pair> made(numSynthetic);
  for (translation::Pair &pair : made) {
    pair.source = drawWords(random, 20);
    pair.target = drawWords(random, 24);
  }
  return made;
}

std::vector<lattices::Lattice> bench::makeLattices() {
  constexpr uint32_t numTags = 18;
  SplitMix random(4);
  auto drawId = [&] { return drawWord(random, lattices::numIds); };
  std::vector<lattices::Lattice> made(numSynthetic);
  for (lattices::Lattice &lattice : made) {
    lattice.resize(drawLength(random, 44));
    for (uint32_t i = 0; i < lattice.size(); ++i) {
      lattice[i].tag = static_cast<uint32_t>(random.below(numTags));
      if (i >= 1)
        lattice[i].arcs.push_back({i - 1, drawId()});
      if (i >= 3 && random.below(2) == 0)
        lattice[i].arcs.push_back({i - draw(random, 2, 3), drawId()});
    }
  }
  return made;
}

namespace {

/// Draws a plan: a chain of joins, each of what was joined before and a scan.
class PlanMaker {
public:
  explicit PlanMaker(SplitMix &random) : random(random) {}

  plans::Plan make() {
    static constexpr OperatorType joins[] = {
        OperatorType::NestedLoop, OperatorType::NestedLoop,
        OperatorType::NestedLoop, OperatorType::HashJoin,
        OperatorType::MergeJoin};
    uint32_t joined = addScan();
    for (uint32_t left = drawLength(random, 8); left != 0; --left) {
      OperatorType join = joins[random.below(std::size(joins))];
      uint32_t inner = addScan();
      if (join == OperatorType::HashJoin)
        inner = add(OperatorType::Hash, {inner});
      joined = add(join, {joined, inner});
    }
    add(OperatorType::Aggregate, {joined});
    plan.milliseconds = 1 + static_cast<double>(random.below(1000));
    return plan;
  }

private:
  uint32_t addScan() {
    switch (random.below(8)) {
    case 0:
      return add(OperatorType::IndexOnlyScan, {});
    case 1:
      return add(OperatorType::BitmapHeapScan,
                 {add(OperatorType::BitmapIndexScan, {})});
    case 2:
      return add(OperatorType::Memoize, {add(OperatorType::IndexScan, {})});
    case 3:
    case 4:
      return add(OperatorType::SeqScan, {});
    default:
      return add(OperatorType::IndexScan, {});
    }
  }

  uint32_t add(OperatorType type, std::vector<uint32_t> inputs) {
    plans::Operator op = {type, {}, std::move(inputs)};
    for (float &feature : op.features)
      feature = static_cast<float>(random.below(1024)) / 128;
    plan.operators.push_back(std::move(op));
    return static_cast<uint32_t>(plan.operators.size() - 1);
  }

  SplitMix &random;
  plans::Plan plan;
};

} // namespace

std::vector<plans::Plan> bench::makePlans() {
  SplitMix random(5);
  std::vector<plans::Plan> made;
  for (size_t i = 0; i < numSynthetic; ++i)
    made.push_back(PlanMaker(random).make());
  return made;
}
