"""Many texts: ``classify()`` streams plain records, in order, over one or more processes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from joblib import Parallel, delayed
from spacy.language import Language

from smokkel_nlp.errors import InputError
from smokkel_nlp.memory import zone
from smokkel_nlp.pipeline import add_rules, load, read_rules
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.settings import Settings
from smokkel_nlp.text import encodable

_CHUNK = 64
_Source = tuple[str | None, str | None, tuple[str, str] | None, Settings]
"""What a pipeline is made of: base, model, the content and name of a user's file, and what else the user asks for."""


@lru_cache(maxsize=2)
def _pipeline(base: str | None, model: str | None, rules: tuple[str, str] | None, settings: Settings) -> Language:
    """Load a pipeline once per process; a user's rules come as content, so that a file that was changed is read again."""
    nlp = load(base, model=model, **settings.to_dict())
    if rules is not None:
        add_rules(nlp, *rules)
    return nlp


def _chunk(texts: list[str], source: _Source, keep_text: bool) -> list[CaseAnalysis]:
    """Classify texts as one batch, which is faster than one by one; what spaCy keeps of them is freed, the records are plain."""
    nlp = _pipeline(*source)
    with zone(nlp):
        cases = [doc._.case for doc in nlp.pipe(texts, batch_size=_CHUNK)]
    return [replace(case, text=text) if keep_text else case for case, text in zip(cases, texts, strict=True)]


def _chunks(texts: Iterator[str]) -> Iterator[list[str]]:
    """Yield texts in chunks; in one process those before one that cannot be used are not lost."""
    chunk: list[str] = []
    try:
        for text in texts:
            chunk.append(text)
            if len(chunk) == _CHUNK:
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
        Any length; a generator is read as results are asked for, 64 texts at a time.
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

    Examples
    --------
    >>> [case.offence_forced for case in classify(["De winkelier verkocht een fiets aan zijn buurman."])]
    ['geen']
    >>> text = "Hij bracht zes migranten in een bestelbus over de grens. Het regende."
    >>> [case] = classify([text], explain=True, keep_text=True)
    >>> case.cut(case.explanation["mensensmokkel"].top(1)[0])
    'Hij bracht zes migranten in een bestelbus over de grens.'
    """
    source = _source(base, model, taxonomy, Settings.of(explain, prior, thresholds))
    checked = _checked(texts, _pipeline(*source).max_length)
    if n_jobs == 1:
        for chunk in _chunks(checked):
            yield from _chunk(chunk, source, keep_text)
        return
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    for cases in parallel(delayed(_chunk)(chunk, source, keep_text) for chunk in _chunks(checked)):
        yield from cases


def max_chars(
    *,
    base: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    taxonomy: str | os.PathLike[str] | None = None,
    explain: bool = False,
    prior: float | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> int:
    """Return the length of the longest text that the pipeline takes, in characters; :func:`classify` uses the same pipeline.

    Examples
    --------
    >>> max_chars()
    20000000
    """
    return _pipeline(*_source(base, model, taxonomy, Settings.of(explain, prior, thresholds))).max_length


def _source(
    base: str | os.PathLike[str] | None,
    model: str | os.PathLike[str] | None,
    taxonomy: str | os.PathLike[str] | None,
    settings: Settings,
) -> _Source:
    rules = None if taxonomy is None else read_rules(taxonomy)
    return None if base is None else os.fspath(base), None if model is None else os.fspath(model), rules, settings


def _checked(texts: Iterable[str], limit: int) -> Iterator[str]:
    if isinstance(texts, str):
        raise InputError("texts is one string; give a list of strings, such as [text]")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text no. {number} is a {type(text).__name__}; give a str")
        if not encodable(text):
            raise InputError(f"text no. {number} holds half a surrogate pair, which is no character; decode it anew")
        if len(text) > limit:
            raise InputError(f"text no. {number} has {len(text):,} characters, over the limit of {limit:,}; split it")
        yield text
