"""The tagger of ../taggers/bilstm_tagger_char.edb, which spells rare words."""

from collections import Counter

import torch
from torch import nn

from edbc_export import WordIds, export
from taggers import (VOCABULARY, Reader, Tagger, add_reading, add_tags,
                     read_sentences)

CHARACTERS = 257
MARK = 256  # stands at both ends of a word, whose other characters are bytes

# Words that are seen less often are rare.
FREQUENT = 5


class BilstmTaggerChar(Tagger):
    def __init__(self, hidden):
        super().__init__(hidden)
        self.words = nn.Embedding(VOCABULARY, hidden)
        self.characters = nn.Embedding(CHARACTERS, hidden // 2)
        self.ahead_char = Reader(hidden // 2, hidden // 2)
        self.back_char = Reader(hidden // 2, hidden // 2)

    def embed(self, words):
        return torch.stack([self.embed_word(word) for word in words])

    def embed_word(self, word):
        """Of the id of a frequent word, or of the characters of a rare one."""
        if isinstance(word, int):
            return self.words(torch.tensor(word))
        x = self.characters(torch.tensor(word))
        ahead, back = self.ahead_char(x), self.back_char(x.flip(0))
        return torch.cat([ahead[-1], back[-1]])

    def weights(self):
        return {
            "E": self.words.weight,
            "C": self.characters.weight,
            **self.ahead_char.weights("char_forward_start", "char_forward"),
            **self.back_char.weights("char_backward_start", "char_backward"),
            **super().weights(),
        }


def run(model, graphs):
    sentences = read_sentences()
    counts = Counter(word for sentence in sentences for word, _ in sentence)
    ids = WordIds(VOCABULARY)
    for sentence in sentences[:8]:
        words = [ids[word] if counts[word] >= FREQUENT
                 else [MARK, *word.encode(), MARK] for word, _ in sentence]
        tags = [tag for _, tag in sentence]
        graphs.begin_instance()
        nodes = [add_word(graphs, word) for word in words]
        add_tags(graphs, nodes, tags, model(words))


def add_word(graphs, word):
    if isinstance(word, int):
        return graphs.add("frequent", word)
    ahead = add_reading(graphs, "char_forward_start", "char_forward", word)
    back = add_reading(graphs, "char_backward_start", "char_backward",
                       word[::-1])
    return graphs.add("rare", ahead[-1], back[-1])


def main(arguments=None):
    export("bilstm_tagger_char", BilstmTaggerChar, run, arguments)


if __name__ == "__main__":
    main()
