"""Flat memory over any number of texts: spaCy keeps every new word for good unless it is met inside a memory zone.

What the library itself keeps of words (:mod:`smokkel_nlp.lexicon`) are strings of its own with a bound, so it goes on from one zone to
the next. Docs, Spans and Lexemes made inside a zone do not: take records, or bytes, out of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from spacy.language import Language

from smokkel_nlp.components import CLASSIFY
from smokkel_nlp.reading import forget

_LOCK = threading.RLock()


@contextmanager
def zone(nlp: Language) -> Iterator[None]:
    """Open a memory zone of a pipeline: what spaCy makes inside is freed at its end.

    Threads that share the pipeline take turns, since a zone that one thread closes would free what another one works on. Inside a zone
    that is open already nothing is opened.

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
        if _is_open(nlp):
            yield
            return
        with nlp.memory_zone():
            try:
                yield
            finally:
                forget()


def _is_open(nlp: Language) -> bool:
    return bool(nlp.vocab.in_memory_zone)  # type: ignore[attr-defined]  # missing in spaCy's type hints


def warm(nlp: Language) -> None:
    """Let the tokenizer of a pipeline meet the vocabulary of the model, so that it knows these words in every zone to come.

    Inside a zone the tokenizer remembers nothing: entered cold, each text is cut into tokens as if no word had been seen before. Words
    are met as they stand in texts: with a capital, and with a sign behind them.
    """
    if _is_open(nlp):
        return
    words = [word for word in nlp.get_pipe(CLASSIFY).classifier.vectorizer.words if " " not in word]  # type: ignore[attr-defined]
    for form in ("{}", "{}.", "{},"):
        for first in range(0, len(words), 1000):
            nlp.tokenizer(" ".join(form.format(spelt) for word in words[first : first + 1000] for spelt in (word, word.capitalize())))
