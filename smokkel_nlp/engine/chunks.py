"""A fixed number of records at a time: cut from the input, classified in whichever process, and handed back as bytes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from spacy.language import Language

from smokkel_nlp.batch import BATCH, Source, fault, pipeline, together
from smokkel_nlp.components.classify import case_of
from smokkel_nlp.io import BadRecord, Record
from smokkel_nlp.memory import zone
from smokkel_nlp.writers import Result, Writer

_HASH = 8


class Rule(NamedTuple):
    """Where a chunk ends: at so many records, or before it holds more characters than that. The input alone decides."""

    records: int
    characters: int


@dataclass(frozen=True)
class Chunk:
    """Records that follow each other in the input, those that could not be read among them.

    Parameters
    ----------
    number : int
        From 0.
    items : tuple of Record or BadRecord
    position : int
        Bytes of the input that were read when the chunk was full.
    """

    number: int
    items: tuple[Record | BadRecord, ...]
    position: int

    @property
    def records(self) -> list[Record]:
        """Those that could be read."""
        return [item for item in self.items if isinstance(item, Record)]

    @cached_property
    def digest(self) -> bytes:
        """What tells whether the same records come again."""
        total = blake2b(digest_size=16)
        for item in self.items:
            parts = [item.place, item.reason] if isinstance(item, BadRecord) else [item.place, item.id, item.text, _told(item.fields)]
            for part in parts:
                raw = part.encode("utf8", "surrogatepass")
                total.update(len(raw).to_bytes(8, "big") + raw)
        return total.digest()


class Done(NamedTuple):
    """What came of a chunk.

    Parameters
    ----------
    content : bytes
        Its records in the form of the output, those that failed left out.
    counts : mapping of str to int
        Records by class.
    failed : mapping of int to str
        Why records failed, by their number among those of the chunk that could be read.
    """

    content: bytes
    counts: Mapping[str, int]
    failed: Mapping[int, str]


def hash_of(text: str) -> int:
    """Return a hash of 8 bytes, as a signed number."""
    return int.from_bytes(blake2b(text.encode("utf8", "surrogatepass"), digest_size=_HASH).digest(), "big", signed=True)


def cut(items: Iterable[Record | BadRecord], rule: Rule) -> Iterator[tuple[Record | BadRecord, ...]]:
    """Cut the input into chunks.

    Examples
    --------
    >>> items = [Record(name, text, name) for name, text in (("a", "een"), ("b", "twee"), ("c", "drie"))]
    >>> [[item.id for item in chunk] for chunk in cut(items, Rule(2, 100))]
    [['a', 'b'], ['c']]
    >>> [[item.id for item in chunk] for chunk in cut(items, Rule(2, 5))]
    [['a'], ['b'], ['c']]
    """
    held: list[Record | BadRecord] = []
    characters = 0
    for item in items:
        size = len(item.text) if isinstance(item, Record) else 0
        if held and (len(held) == rule.records or characters + size > rule.characters):
            yield tuple(held)
            held, characters = [], 0
        held.append(item)
        characters += size
    if held:
        yield tuple(held)


def process(records: Sequence[Record], *, source: Source, keep_text: bool, writer: Writer) -> Done:
    """Classify the records of a chunk; where that fails, one by one, so that only the guilty ones fail.

    Raises
    ------
    SmokkelError
        If the pipeline cannot work at all, such as with a damaged model.
    """
    nlp = pipeline(*source)
    failed = {number: reason for number, record in enumerate(records) if (reason := fault(record.text, nlp.max_length))}
    usable = [(number, record) for number, record in enumerate(records) if number not in failed]
    # A part file is made of the whole chunk; lines are made of a batch at a time, so that few Docs are there at once.
    size = max(len(usable), 1) if writer.parts else BATCH
    content, counts = b"", Counter[str]()
    for first in range(0, len(usable), size):
        with zone(nlp):  # records leave it as bytes, so that nothing keeps what the vocabulary forgets
            done = _done(nlp, usable[first : first + size], keep_text, writer)
        content += done.content
        counts.update(done.counts)
        failed.update(done.failed)
    return Done(content, dict(counts), failed)


def _done(nlp: Language, records: Sequence[tuple[int, Record]], keep_text: bool, writer: Writer) -> Done:
    """Classify numbered records and write those that do not fail."""

    def work(some: Sequence[tuple[int, Record]]) -> tuple[list[Result], bytes]:
        results = _analysed(nlp, [record for _, record in some], keep_text)
        return results, writer.encode(results)

    done, failed = together(work, records)
    results = [result for found, _ in done for result in found]
    content = done[0][1] if len(done) == 1 else writer.encode(results) if results else b""
    return Done(content, Counter(result.case.offence for result in results), {records[place][0]: why for place, why in failed.items()})


def _analysed(nlp: Language, records: Sequence[Record], keep_text: bool) -> list[Result]:
    docs = nlp.pipe([record.text for record in records], batch_size=BATCH)
    return [
        Result(replace(case_of(doc), id=record.id, text=record.text if keep_text else None, carried=dict(record.fields)), doc)
        for doc, record in zip(docs, records, strict=True)
    ]


def _told(fields: Mapping[str, object]) -> str:
    return json.dumps(dict(fields), sort_keys=True, default=str)
