"""Many texts: ``classify()`` streams plain records, in order, over one or more processes."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, TypeVar

from spacy.language import Language

from smokkel_nlp.components.classify import case_of
from smokkel_nlp.errors import InputError, SmokkelError
from smokkel_nlp.memory import worn, zone
from smokkel_nlp.parallel import in_order
from smokkel_nlp.pipeline import add_rules, load, read_rules
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.settings import Settings
from smokkel_nlp.text import encodable

T = TypeVar("T")
R = TypeVar("R")
BATCH = 64
"""Texts that a pipeline reads as one."""
Source = tuple[str | None, str | None, tuple[str, str] | None, Settings]
"""What a pipeline is made of: base, model, the content and name of a user's file, and what else the user asks for."""


def pipeline(base: str | None, model: str | None, rules: tuple[str, str] | None, settings: Settings) -> Language:
    """Load a pipeline once per process, and anew when it is worn; a user's rules come as content, so that a changed file is read again."""
    nlp = _loaded(base, model, rules, settings)
    if worn(nlp):
        del nlp
        _loaded.cache_clear()
        gc.collect()  # its parts refer to each other
        nlp = _loaded(base, model, rules, settings)
    return nlp


@lru_cache(maxsize=2)
def _loaded(base: str | None, model: str | None, rules: tuple[str, str] | None, settings: Settings) -> Language:
    nlp = load(base, model=model, **settings.to_dict())
    if rules is not None:
        add_rules(nlp, *rules)
    return nlp


def _chunk(texts: list[str], *, source: Source, keep_text: bool) -> list[CaseAnalysis]:
    """Classify texts as one batch, which is faster than one by one; what spaCy keeps of them is freed, the records are plain."""
    nlp = pipeline(*source)
    with zone(nlp):
        cases = [case_of(doc) for doc in nlp.pipe(texts, batch_size=BATCH)]
    return [replace(case, text=text) if keep_text else case for case, text in zip(cases, texts, strict=True)]


def _chunks(texts: Iterator[str]) -> Iterator[list[str]]:
    """Yield texts in chunks; those before one that cannot be used are not lost."""
    chunk: list[str] = []
    try:
        for text in texts:
            chunk.append(text)
            if len(chunk) == BATCH:
                yield chunk
                chunk = []
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def classify(
    texts: Iterable[str],
    *,
    n_jobs: int = 1,
    base: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    taxonomy: str | os.PathLike[str] | None = None,
    explain: bool = False,
    prior: float | None = None,
    thresholds: Mapping[str, float] | None = None,
    keep_text: bool = False,
) -> Iterator[CaseAnalysis]:
    """Classify texts, one record for each, in order, without holding them all.

    Parameters
    ----------
    texts : iterable of str
        Any length; a generator is read as results are asked for, 64 texts at a time. A column of pandas, polars or pyarrow is one.
    n_jobs : int, default=1
        Processes; -1 for one per core.
    base, model, taxonomy, explain, prior, thresholds
        As in :func:`smokkel_nlp.load`.
    keep_text : bool, default=False
        Keep the text in the record; an explanation without it tells places, not words.

    Yields
    ------
    CaseAnalysis
        An empty text gives ``onzeker``.

    Raises
    ------
    InputError
        If an item is not a string or is longer than the pipeline takes; the message says which one, not what it holds. Else as
        :func:`smokkel_nlp.load`.
    JobError
        If one of several processes is ended from outside.

    Examples
    --------
    >>> [case.offence_forced for case in classify(["De winkelier verkocht een fiets aan zijn buurman."])]
    ['geen']
    >>> text = "Hij bracht zes migranten in een bestelbus over de grens. Het regende."
    >>> [case] = classify([text], explain=True, keep_text=True)
    >>> case.cut(case.explanation["mensensmokkel"].top(1)[0])
    'Hij bracht zes migranten in een bestelbus over de grens.'
    """
    source = source_of(base, model, taxonomy, Settings.of(explain, prior, thresholds))
    checked = _checked(texts, pipeline(*source).max_length)
    for cases in in_order(partial(_chunk, source=source, keep_text=keep_text), _chunks(checked), n_jobs):
        yield from cases


def source_of(
    base: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    taxonomy: str | os.PathLike[str] | None = None,
    settings: Settings | None = None,
) -> Source:
    """Return what a pipeline is made of, ready to go to another process."""
    rules = None if taxonomy is None else read_rules(taxonomy)
    return None if base is None else os.fspath(base), None if model is None else os.fspath(model), rules, settings or Settings()


def fault(text: str, limit: int) -> str | None:
    """Return why a text cannot be classified and how to mend it; None where it can.

    Examples
    --------
    >>> fault("Een fiets.", 5)
    'has 10 characters, over the limit of 5; split it'
    """
    if not encodable(text):
        return "holds half a surrogate pair, which is no character; decode it anew"
    if len(text) > limit:
        return f"has {len(text):,} characters, over the limit of {limit:,}; split it"
    return None


def stumble(error: Exception) -> str:
    """Return why a text that brought about an error has no record; the message of the error may hold text, so it is left out.

    Examples
    --------
    >>> stumble(ValueError("geheim"))
    'ValueError while it was classified; look at the text, and report this if it is sound'
    """
    return f"{type(error).__name__} while it was classified; look at the text, and report this if it is sound"


def together(work: Callable[[Sequence[T]], R], items: Sequence[T]) -> tuple[list[R], dict[int, str]]:
    """Do work on items as one, which is fastest; where that fails on each alone, so that only the guilty ones fail.

    Returns
    -------
    done : list
        What the work gave for all of them, or for each alone that did not fail, in order.
    failed : dict of int to str
        Why the others failed, by their place.

    Raises
    ------
    SmokkelError
        If the work does; that is no fault of an item, such as a damaged model.

    Examples
    --------
    >>> together(lambda items: [1 / item for item in items], [1, 2])
    ([[1.0, 0.5]], {})
    >>> done, failed = together(lambda items: [1 / item for item in items], [1, 0, 2])
    >>> done, list(failed)
    ([[1.0], [0.5]], [1])
    """
    done: list[R] = []
    failed: dict[int, str] = {}
    try:
        return [work(items)], failed
    except SmokkelError:
        raise
    except Exception:
        for place, item in enumerate(items):
            try:
                done.append(work([item]))
            except SmokkelError:
                raise
            except Exception as error:
                failed[place] = stumble(error)
    return done, failed


def _checked(texts: Iterable[Any], limit: int) -> Iterator[str]:
    if isinstance(texts, str):
        raise InputError("texts is one string; give a list of strings, such as [text]")
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):  # one would read the names of its columns
        raise InputError(f"texts is a {type(texts).__name__} of several columns; give one of them, such as table['text']")
    for number, item in enumerate(texts):
        text = item.as_py() if hasattr(item, "as_py") else item  # of a column of pyarrow
        if not isinstance(text, str):
            raise InputError(f"text no. {number} is a {type(text).__name__}; give a str")
        if reason := fault(text, limit):
            raise InputError(f"text no. {number} {reason}")
        yield str(text)  # of numpy.str_ too, which the tokenizer does not take
