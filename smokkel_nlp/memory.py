"""Flat memory over any number of texts: spaCy keeps every new word for good unless it is met inside a memory zone.

What the library itself keeps of words (:mod:`smokkel_nlp.lexicon`) are strings of its own with a bound, so it goes on from one zone to
the next. Docs, Spans and Lexemes made inside a zone do not: take records, or bytes, out of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from spacy.language import Language

from smokkel_nlp.reading import forget

_LOCK = threading.RLock()
# Inside a zone the tokenizer remembers nothing: entered cold, it costs several times the speed. So it first learns the words that the texts
# at hand use, and no zone is opened before it knows so many; they take some 30 megabytes.
_KNOWN = 60_000
# The tables in which spaCy looks words up keep the place of a word that was freed, and double when they are full: over a million records
# that is some 60 megabytes. A pipeline that took up so many, one that was freed and came back counted again, is loaded anew, which takes a
# fraction of a second; so few that it first happens within some hundred thousand texts, from where on memory is flat.
_WORN = 150_000


@contextmanager
def zone(nlp: Language) -> Iterator[None]:
    """Keep the memory of a pipeline flat: what spaCy makes inside is freed at the end, once the pipeline knows enough words.

    Treat all Docs made inside as gone at the end. Threads that share the pipeline take turns, since a zone that one thread closes would
    free what another one works on; inside a zone that is open already nothing is opened.

    Examples
    --------
    >>> import smokkel_nlp
    >>> nlp = smokkel_nlp.load()
    >>> with zone(nlp):
    ...     cases = [doc._.case for doc in nlp.pipe(["Hij verkocht een fiets."])]
    >>> cases[0].offence_forced
    'geen'
    """
    with _LOCK:
        try:
            if nlp.vocab.in_memory_zone or len(nlp.vocab) < _KNOWN:  # type: ignore[attr-defined]  # missing in spaCy's type hints
                yield
            else:
                with nlp.memory_zone():
                    yield
        finally:
            forget()


def worn(nlp: Language) -> bool:
    """Tell whether a pipeline took up so many words, one that was freed and came back counted again, that it is better loaded anew.

    Examples
    --------
    >>> import smokkel_nlp
    >>> worn(smokkel_nlp.load())
    False
    """
    return len(nlp.vocab) >= _WORN  # the length counts what was freed, too
