//===- Networks.cpp - the networks that are measured ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Networks.h"

#include "examples/program/SplitMix.h"
#include "examples/random_dag/RandomGraph.h"
#include "examples/taggers/RareWords.h"
#include "examples/trees/WordTree.h"
#include "tools/bench/SyntheticData.h"

#include <algorithm>
#include <filesystem>

using namespace edbc;
using namespace edbc::bench;

using Nodes = std::vector<uint32_t>;

/// A workload of one instance for each element of `data`.
template <typename Data>
static Workload makeWorkload(std::vector<Data> data,
                             void (*build)(const Data &, size_t instance,
                                           InstanceBuilder &)) {
  Workload workload;
  workload.size = data.size();
  workload.build = [data = std::move(data), build](size_t instance,
                                                   InstanceBuilder &graph) {
    build(data[instance], instance, graph);
  };
  return workload;
}

//===----------------------------------------------------------------------===//
// Trees
//===----------------------------------------------------------------------===//

static std::vector<trees::Tree> loadTrees(const std::string *path) {
  return path ? trees::readTreeFile(*path) : makeTrees();
}

/// @param innerCell gives the cell of the next inner node.
template <typename InnerCell>
static void buildTree(const trees::Tree &tree, InstanceBuilder &graph,
                      InnerCell innerCell) {
  Nodes nodes;
  for (const trees::TreeNode &node : tree) {
    nodes.push_back(
        node.isLeaf()
            ? graph.add("leaf", {node.word})
            : graph.add(innerCell(), {nodes[node.left], nodes[node.right]}));
    graph.add("score", {nodes.back(), node.label});
  }
}

static Workload loadBinaryTrees(const std::string *path) {
  return makeWorkload<trees::Tree>(
      loadTrees(path),
      [](const trees::Tree &tree, size_t, InstanceBuilder &graph) {
        buildTree(tree, graph, [] { return "inner"; });
      });
}

static Workload loadTreesOfTwoTypes(const std::string *path) {
  return makeWorkload<trees::Tree>(
      loadTrees(path),
      [](const trees::Tree &tree, size_t instance, InstanceBuilder &graph) {
        program::SplitMix coin(instance);
        buildTree(tree, graph,
                  [&] { return coin.below(2) == 0 ? "inner1" : "inner2"; });
      });
}

static Workload loadWordTrees(const std::string *path) {
  return makeWorkload<trees::Tree>(
      loadTrees(path),
      [](const trees::Tree &tree, size_t, InstanceBuilder &graph) {
        Nodes nodes;
        for (const trees::WordNode &word : trees::makeWordTree(tree)) {
          Nodes children;
          for (uint32_t child : word.children)
            children.push_back(nodes[child]);
          nodes.push_back(graph.add("node", {word.word, children}));
          graph.add("score", {nodes.back(), word.label});
        }
      });
}

//===----------------------------------------------------------------------===//
// Lattices
//===----------------------------------------------------------------------===//

static void buildLattice(const lattices::Lattice &lattice, size_t,
                         InstanceBuilder &graph) {
  Nodes nodes;
  for (uint32_t i = 0; i < lattice.size(); ++i) {
    Nodes arcs;
    for (const lattices::Arc &arc : lattice[i].arcs)
      arcs.push_back(graph.add(arc.from + 1 == i ? "char_arc" : "word_arc",
                               {nodes[arc.from], arc.id}));
    if (arcs.empty())
      nodes.push_back(graph.add("start", {}));
    else
      nodes.push_back(arcs.size() == 1 ? arcs[0] : graph.add("join", {arcs}));
    graph.add("score", {nodes.back(), lattice[i].tag});
  }
}

static Workload loadLattices(const std::string *path) {
  std::vector<lattices::Lattice> data =
      path ? lattices::readLatticeFile(*path) : makeLattices();
  uint32_t numTags = 0;
  for (const lattices::Lattice &lattice : data)
    for (const lattices::LatticeNode &node : lattice)
      numTags = std::max(numTags, node.tag + 1);
  Workload workload = makeWorkload(std::move(data), buildLattice);
  workload.dims = {{"characters", lattices::numIds},
                   {"words", lattices::numIds},
                   {"tags", numTags}};
  return workload;
}

//===----------------------------------------------------------------------===//
// Sentences
//===----------------------------------------------------------------------===//

/// Reads a sentence both ways and scores every word.
/// @param words tokens or nodes.
static void addTags(const taggers::Sentence &sentence, const Nodes &words,
                    InstanceBuilder &graph) {
  Nodes forward(words.size());
  uint32_t last = graph.add("forward_start", {});
  for (size_t i = 0; i != words.size(); ++i)
    last = forward[i] = graph.add("forward", {words[i], last});
  last = graph.add("backward_start", {});
  for (size_t i = words.size(); i-- != 0;) {
    last = graph.add("backward", {words[i], last});
    graph.add("tag", {forward[i], last, sentence[i].tag});
  }
}

static taggers::Corpus loadCorpus(const std::string *path) {
  return path ? taggers::readSentenceFile(*path) : makeSentences();
}

static Workload
makeTagger(const taggers::Corpus &corpus,
           std::function<void(size_t, InstanceBuilder &)> build) {
  return {{{"vocabulary", static_cast<int64_t>(corpus.numWords)},
           {"tags", static_cast<int64_t>(corpus.numTags)}},
          corpus.sentences.size(),
          std::move(build)};
}

static Workload loadSentences(const std::string *path) {
  taggers::Corpus corpus = loadCorpus(path);
  return makeTagger(corpus, [corpus](size_t instance, InstanceBuilder &graph) {
    Nodes words;
    for (const taggers::Word &word : corpus.sentences[instance])
      words.push_back(word.id);
    addTags(corpus.sentences[instance], words, graph);
  });
}

static uint32_t addRareWord(const std::string &word, uint32_t forward,
                            uint32_t backward, InstanceBuilder &graph) {
  std::vector<uint32_t> characters = taggers::charactersOf(word);
  for (uint32_t character : characters)
    forward = graph.add("char_forward", {character, forward});
  std::reverse(characters.begin(), characters.end());
  for (uint32_t character : characters)
    backward = graph.add("char_backward", {character, backward});
  return graph.add("rare", {forward, backward});
}

static Workload loadSentencesOfCharacters(const std::string *path) {
  taggers::Corpus corpus = loadCorpus(path);
  taggers::WordCounts counts(corpus);
  return makeTagger(
      corpus, [corpus, counts](size_t instance, InstanceBuilder &graph) {
        uint32_t forwardStart = graph.add("char_forward_start", {});
        uint32_t backwardStart = graph.add("char_backward_start", {});
        Nodes words;
        for (const taggers::Word &word : corpus.sentences[instance])
          words.push_back(
              counts.isRare(word.text)
                  ? addRareWord(word.text, forwardStart, backwardStart, graph)
                  : graph.add("frequent", {word.id}));
        addTags(corpus.sentences[instance], words, graph);
      });
}

/// A run for each step of the decoder: its scores are read before it goes on.
static void buildTranslation(const translation::Pair &pair, size_t,
                             InstanceBuilder &graph) {
  uint32_t state = graph.add("start", {});
  for (uint32_t word : pair.source)
    state = graph.add("encode", {word, state});
  for (size_t i = 0; i + 1 < pair.target.size(); ++i) {
    if (i != 0)
      graph.endRun();
    state = graph.add("decode", {pair.target[i], state});
    graph.add("score", {state, pair.target[i + 1]});
  }
}

static Workload loadPairs(const std::string *path) {
  Workload workload = makeWorkload(
      path ? translation::readPairFile(*path) : makePairs(), buildTranslation);
  workload.dims = {{"source_words", translation::numWordIds},
                   {"target_words", translation::numWordIds}};
  return workload;
}

//===----------------------------------------------------------------------===//
// Plans and random graphs
//===----------------------------------------------------------------------===//

/// In the order of plans::OperatorType.
static constexpr const char *operatorCells[] = {
    "seq_scan",    "index_scan", "index_only_scan", "bitmap_index_scan",
    "aggregate",   "gather",     "gather_merge",    "sort",
    "hash",        "memoize",    "materialize",     "bitmap_heap_scan",
    "nested_loop", "hash_join",  "merge_join"};

static void buildPlan(const plans::Plan &plan, size_t, InstanceBuilder &graph) {
  Nodes outs;
  for (const plans::Operator &op : plan.operators) {
    const char *cell = operatorCells[static_cast<size_t>(op.type)];
    const float *features = op.features.data();
    if (op.inputs.empty())
      outs.push_back(graph.add(cell, {features}));
    else if (op.inputs.size() == 1)
      outs.push_back(graph.add(cell, {features, outs[op.inputs[0]]}));
    else
      outs.push_back(
          graph.add(cell, {features, outs[op.inputs[0]], outs[op.inputs[1]]}));
  }
  graph.add("predict", {outs.back()});
}

static std::vector<plans::Plan> readPlanFolder(const std::string &path) {
  std::vector<std::string> files;
  for (const auto &entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".json")
      files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw std::runtime_error(path + ": has no .json files");
  std::vector<plans::Plan> all;
  for (const std::string &file : files)
    for (plans::Plan &plan : plans::readPlanFile(file))
      all.push_back(std::move(plan));
  return all;
}

static Workload loadPlans(const std::string *path) {
  Workload workload =
      makeWorkload(path ? readPlanFolder(*path) : makePlans(), buildPlan);
  workload.dims = {{"features", std::tuple_size<plans::Features>::value}};
  return workload;
}

static void buildRandomGraph(const random_graphs::Graph &source, size_t,
                             InstanceBuilder &graph) {
  Nodes nodes;
  for (const random_graphs::GraphNode &node : source) {
    if (node.isSource) {
      nodes.push_back(graph.add("source", {node.kind}));
      continue;
    }
    const auto &operands = node.operands;
    nodes.push_back(graph.add("n" + std::to_string(node.kind + 1),
                              {nodes[operands[0]], nodes[operands[1]],
                               nodes[operands[2]], nodes[operands[3]]}));
  }
}

template <unsigned numTypes>
static Workload makeRandomGraphs(const std::string *) {
  program::SplitMix seeds(1);
  std::vector<random_graphs::Graph> graphs;
  for (size_t i = 0; i < numSynthetic; ++i)
    graphs.push_back(random_graphs::makeRandomGraph(numTypes, seeds.next()));
  Workload workload = makeWorkload(std::move(graphs), buildRandomGraph);
  workload.dims = {{"sources", random_graphs::numSources}};
  return workload;
}

const std::vector<MeasuredNetwork> &bench::measuredNetworks() {
  static const char *trees = "sst/train.txt", *otherTrees = "sst/dev.txt";
  static const char *sentences = "wikiner/train.txt",
                    *otherSentences = "wikiner/dev.txt";
  static const char *lattices = "lattice/train.txt",
                    *otherLattices = "lattice/dev.txt";
  static const std::vector<MeasuredNetwork> networks = {
      {"TreeLSTM", "trees/tree_lstm.edb", trees, otherTrees, "loss",
       loadBinaryTrees},
      {"TreeGRU", "trees/tree_gru.edb", trees, otherTrees, "loss",
       loadBinaryTrees},
      {"TreeLSTM-2Type", "trees/tree_lstm_2type.edb", trees, otherTrees, "loss",
       loadTreesOfTwoTypes},
      {"MV-RNN", "trees/mv_rnn.edb", trees, otherTrees, "loss",
       loadBinaryTrees},
      {"LatticeLSTM", "lattices/lattice_lstm.edb", lattices, otherLattices,
       "loss", loadLattices},
      {"LatticeGRU", "lattices/lattice_gru.edb", lattices, otherLattices,
       "loss", loadLattices},
      {"BiLSTM-Tagger", "taggers/bilstm_tagger.edb", sentences, otherSentences,
       "loss", loadSentences},
      {"BiLSTM-Tagger-char", "taggers/bilstm_tagger_char.edb", sentences,
       otherSentences, "loss", loadSentencesOfCharacters},
      {"LSTM-NMT", "translation/lstm_nmt.edb", "iwslt15/train.en-vi.txt",
       "iwslt15/dev.en-vi.txt", "loss", loadPairs},
      {"Child-Sum", "trees/child_sum.edb", trees, otherTrees, "loss",
       loadWordTrees},
      {"Plan-Cost", "plans/plan_cost.edb", "job-plans", nullptr, "log_ms",
       loadPlans},
      {"Random-DAG-2", "random_dag/random_dag.edb", nullptr, nullptr, "h",
       makeRandomGraphs<2>, /*isForSchedules=*/true},
      {"Random-DAG-5", "random_dag/random_dag.edb", nullptr, nullptr, "h",
       makeRandomGraphs<5>, /*isForSchedules=*/true},
      {"Random-DAG-10", "random_dag/random_dag.edb", nullptr, nullptr, "h",
       makeRandomGraphs<10>, /*isForSchedules=*/true},
      {"Random-DAG", "random_dag/random_dag.edb", nullptr, nullptr, "h",
       makeRandomGraphs<random_graphs::numTypes>},
  };
  return networks;
}

std::string bench::measuredNames() {
  std::string names;
  for (const MeasuredNetwork &network : measuredNetworks())
    names += (names.empty() ? "" : ", ") + std::string(network.name);
  return names;
}
