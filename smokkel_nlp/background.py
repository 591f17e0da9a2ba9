"""Background: ordinary texts, kept as counts of hashed words, from which the classifier learns what looks like neither offence.

The corpus is rich in texts on both offences and in texts that come near them; most of what is fed to a classifier does not. The
background holds no text: for each one the hashes of its words, pairs of words and pairs of concepts, with how often they occur, and
only of those that the corpus has too. Neither order nor the other words can be had back from it.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from smokkel_nlp.concepts import REACHES, load_concepts, met_in
from smokkel_nlp.content import Content
from smokkel_nlp.errors import CorpusError
from smokkel_nlp.reading import read
from smokkel_nlp.store import pack_arrays, unpack_arrays
from smokkel_nlp.terms import terms_of
from smokkel_nlp.text import OFFENCE_NAME

FILE = "background.npz"


def hashed(term: str) -> int:
    """Return the hash of a word or pair: CRC-32 of its UTF-8 bytes.

    Examples
    --------
    >>> hashed("veroordeling")
    1318195059
    """
    return zlib.crc32(term.encode())


@dataclass(frozen=True)
class Background:
    """Texts as counts of hashed terms.

    Parameters
    ----------
    bounds : array of int, shape (n_texts + 1,)
        Where the terms of each text begin and end.
    terms : array of uint32, shape (n_terms,)
        Hashes, ascending within a text.
    counts : array of uint8, shape (n_terms,)
        How often each occurs, 255 at most.
    lists : array of uint8, shape (32,)
        The digest of the lists of concepts that pairs were counted by.
    """

    bounds: NDArray[np.int32]
    terms: NDArray[np.uint32]
    counts: NDArray[np.uint8]
    lists: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def counted(self, vocabulary: Iterable[str]) -> Iterator[Counter[str]]:
        """Yield the counts of each text for the terms of a vocabulary; others stay unknown.

        Examples
        --------
        >>> background = Background(np.array([0, 1]), np.array([hashed("rit")], np.uint32), np.array([2], np.uint8), _lists())
        >>> list(background.counted(["rit", "boot"]))
        [Counter({'rit': 2})]
        """
        known = {hashed(term): term for term in vocabulary}
        for start, end in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            pairs = zip(self.terms[start:end].tolist(), self.counts[start:end].tolist(), strict=True)
            yield Counter({known[term]: count for term, count in pairs if term in known})

    def to_bytes(self) -> bytes:
        """Return the content of the file; the same background gives the same bytes."""
        return pack_arrays({"bounds": self.bounds, "terms": self.terms, "counts": self.counts, "lists": self.lists})


def _lists() -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(load_concepts().digest), dtype=np.uint8)


def build_background(texts: Iterable[str], known: Container[str], nlp: Language) -> Background:
    """Count the words and pairs of texts that name neither offence; repeated texts count once.

    Parameters
    ----------
    texts : iterable of str
    known : container of str
        Words and pairs that are kept.
    nlp : Language
        Its tokenizer is used.
    """
    bounds, terms, counts = [0], list[int](), list[int]()
    for text in dict.fromkeys(texts):
        if OFFENCE_NAME.search(text):
            continue
        found = Counter(term for term in terms_in(text, nlp) if term in known)
        for term, count in sorted((hashed(term), count) for term, count in found.items()):
            terms.append(term)
            counts.append(min(count, 255))
        bounds.append(len(terms))
    return Background(np.array(bounds, dtype=np.int32), np.array(terms, dtype=np.uint32), np.array(counts, dtype=np.uint8), _lists())


def terms_in(text: str, nlp: Language) -> Iterator[str]:
    """Yield the words, pairs of words and pairs of concepts of a text, as the classifier sees them."""
    reading = read(nlp.make_doc(text), nlp.tokenizer)
    words = Content.of(reading).words
    sentences = [words[start:end] for start, end in reading.sentences]
    yield from terms_of(sentences)
    for sign in REACHES:
        yield from met_in(sentences, sign)


def read_background(corpus: Path) -> Background | None:
    """Read the background of a corpus; None where it has none.

    Raises
    ------
    CorpusError
        If the file is damaged, or was counted by other lists of concepts.
    """
    path = corpus / FILE
    if not path.is_file():
        return None
    try:
        background = Background(**unpack_arrays(path.read_bytes()))
    except (ValueError, TypeError, OSError, KeyError, EOFError, BadZipFile) as error:
        raise CorpusError(f"{path}: not readable as a background; build it again with 'smokkel-nlp corpus background'") from error
    if not np.array_equal(background.lists, _lists()):
        raise CorpusError(f"{path}: counted by other lists of concepts; build it again with 'smokkel-nlp corpus background'")
    return background
