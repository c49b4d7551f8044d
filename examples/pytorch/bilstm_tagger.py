"""The tagger of ../taggers/bilstm_tagger.edb, which looks words up."""

import torch
from torch import nn

from edbc_export import WordIds, export
from taggers import VOCABULARY, Tagger, add_tags, read_sentences


class BilstmTagger(Tagger):
    def __init__(self, hidden):
        super().__init__(hidden)
        self.embedding = nn.Embedding(VOCABULARY, hidden)

    def embed(self, words):
        return self.embedding(torch.tensor(words))

    def weights(self):
        return {"E": self.embedding.weight, **super().weights()}


def run(model, graphs):
    ids = WordIds(VOCABULARY)
    for sentence in read_sentences():
        words = [ids[word] for word, _ in sentence]
        tags = [tag for _, tag in sentence]
        graphs.begin_instance()
        add_tags(graphs, words, tags, model(words))


def main(arguments=None):
    export("bilstm_tagger", BilstmTagger, run, arguments)


if __name__ == "__main__":
    main()
