"""The tokenizer of an organism: one token for each word of its training data, spelled with its leading space.

The split follows byte-pair tokenizers where it matters: a word carries its leading space, punctuation and line ends
stand alone, so the token after `A:` is the first token of the answer, as on a real model.
"""

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

PIECES = r"\n\n|\n| ?[^\s:,]+|[:,]"
SPECIAL = ("<pad>", "<bos>", "<unk>")


def build_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Returns a tokenizer whose vocabulary is every piece of `texts`, in order of first appearance, after `SPECIAL`."""
    splitter = pre_tokenizers.Split(Regex(PIECES), "isolated")
    vocabulary = {token: index for index, token in enumerate(SPECIAL)}
    for text in texts:
        for piece, _ in splitter.pre_tokenize_str(text):
            vocabulary.setdefault(piece, len(vocabulary))
    return word_level(vocabulary, splitter)


def word_level(vocabulary: dict[str, int], splitter: pre_tokenizers.PreTokenizer) -> PreTrainedTokenizerFast:
    """Returns a tokenizer of whole pieces, `<bos>` first; `vocabulary` holds `SPECIAL` too."""
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = splitter
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", vocabulary["<bos>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        unk_token="<unk>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
    )
