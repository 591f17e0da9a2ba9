"""Mentions: where the text names an offence, a modus operandi or a legal element.

Offences and elements are found by the cues of the taxonomy: a strong cue is a mention by itself; a weak one only beside another cue
of the same label, or beside a name of an offence, within a window of three sentences. Modi operandi are found by what passages weigh
(:mod:`smokkel_nlp.components.spotting`) and by cues. Nothing inside the name of an organisation, committee or act is a mention.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from smokkel_nlp.components.rescoring import ABSENT
from smokkel_nlp.components.spotting import FILES, Passages, Spotter, trimmed, unpack
from smokkel_nlp.content import Content
from smokkel_nlp.cues import Cue, CueMatcher
from smokkel_nlp.reading import Batched, Finder, Reading, read_all
from smokkel_nlp.store import Stored, shared
from smokkel_nlp.taxonomy import Taxonomy, load_taxonomy

GROUPS = {"offence": "offences", "tag": "modus_operandi", "element": "elements"}
FIELDS = ("status", "source", "cue", "strength", "rule", "rule_start", "rule_end")
WEIGHED = "gewogen"
SCORES = "smokkel_scores"
"""Where a Doc keeps, for each tag, what its best passage weighs."""
NOTE = "smokkel_overlay"
"""Where the overlay keeps what it changed on a Doc (:mod:`smokkel_nlp.components.overlay`)."""


class Label(NamedTuple):
    """What a cue points at: its kind (offence, tag or element), its id, whether it is strong or weak, and its number in its list."""

    kind: str
    id: str
    strength: str
    number: int

    @property
    def cue(self) -> str:
        """Name of the cue, good within one version of the taxonomy."""
        return f"{self.id}.{self.strength}.{self.number}"


class Found(NamedTuple):
    """A mention in a reading, as half-open token positions, and the name of the cue or the word that showed it."""

    label: Label
    start: int
    end: int
    cue: str


def labelled_cues(taxonomy: Taxonomy) -> list[tuple[Label, Cue]]:
    """Return every cue of a taxonomy with its label, numbered within its list."""
    lists = [("offence", offence.id, "strong", offence.names) for offence in taxonomy.offences]
    lists += [("offence", offence.id, "weak", offence.hints) for offence in taxonomy.offences]
    lists += [("element", element.id, "strong", element.cues) for element in taxonomy.elements]
    lists += [("tag", tag.id, strength, cues) for tag in taxonomy.tags for strength, cues in (("strong", tag.strong), ("weak", tag.weak))]
    return [(Label(kind, id_, strength, n), cue) for kind, id_, strength, cues in lists for n, cue in enumerate(cues, start=1)]


@lru_cache(maxsize=1)
def load_cues() -> Finder[Label]:
    """Compile the cues of the shipped taxonomy."""
    return Finder(CueMatcher(labelled_cues(load_taxonomy())))


def cued(content: Content, cues: Finder[Label]) -> list[Found]:
    """Return the cues that fit outside the names of organisations, in order of position; they may overlap."""
    inside = content.in_organisation.tobytes()
    return [Found(label, start, end, label.cue) for label, _, start, end in cues(content.reading) if not any(inside[start:end])]


def find_mentions(content: Content, cues: Finder[Label], spotter: Spotter) -> list[tuple[list[Found], list[float]]]:
    """Find the mentions of texts.

    Parameters
    ----------
    content : Content
    cues : Finder
    spotter : Spotter

    Returns
    -------
    list of (mentions, scores), one a text
        Mentions in order of position; of overlapping ones under one label the longest stays. Scores: for each tag the score (log odds)
        of the passage that by itself shows it best, however low; with a strong cue at least the floor.
    """
    cut, scores = spotter(content)
    beside = spotter.beside(cut, scores, content)
    best = [[ABSENT] * len(spotter.tags) for _ in content.reading.texts]
    if len(scores):
        (filled,) = np.nonzero(np.diff(content.reading.edges))
        firsts = np.searchsorted(cut.starts, content.reading.edges[filled])
        for text, row in zip(filled.tolist(), np.maximum.reduceat(scores, firsts, axis=0).tolist(), strict=True):
            best[text] = row
    found: list[tuple[list[Found], list[Found]]] = [([], []) for _ in content.reading.texts]
    for place, items in enumerate((spotted(content, cut, beside, spotter), cued(content, cues))):
        for item in items:
            found[content.reading.text_of(item.start)][place].append(item)
    column = {tag: number for number, tag in enumerate(spotter.tags)}
    result = []
    for (weighed, matched), row in zip(found, best, strict=True):
        kept = in_company(matched, content)
        for label, *_ in kept:
            if label.kind == "tag" and label.strength == "strong":
                row[column[label.id]] = max(row[column[label.id]], spotter.floor)
        result.append((longest([*weighed, *kept]), [round(score, 3) for score in row]))
    return result


def spotted(content: Content, cut: Passages, scores: NDArray[np.float32], spotter: Spotter) -> list[Found]:
    """Return the mentions that weigh enough; neighbouring passages of one sentence are one mention."""
    enough = scores >= spotter.threshold
    columns, rows = np.nonzero(enough.T)
    if not len(rows):
        return []
    goes_on = (columns[1:] == columns[:-1]) & (rows[1:] == rows[:-1] + 1) & (cut.sentence[rows[1:]] == cut.sentence[rows[:-1]])
    first, last = np.concatenate([[True], ~goes_on]), np.concatenate([~goes_on, [True]])
    columns = columns[first]
    spans = trimmed(content, cut.starts[rows[first]].tolist(), cut.ends[rows[last]].tolist())
    words = spotter.words_of(content, spans, columns)
    labels = [Label("tag", tag, "strong", 0) for tag in spotter.tags]
    return [
        Found(labels[column], *span, f"{spotter.tags[column]}.{WEIGHED}" + (f".{word}" if word else ""))
        for column, span, word in zip(columns.tolist(), spans, words, strict=True)
    ]


def by_weight(cue: str | None) -> bool:
    """Tell whether a mention was found by what its passage weighs, and by no cue, given the name it carries.

    Examples
    --------
    >>> by_weight("onderdak.gewogen.kamer"), by_weight("onderdak.strong.3")
    (True, False)
    """
    return cue is not None and cue.split(".")[1:2] == [WEIGHED]


def in_company(found: Sequence[Found], content: Content) -> list[Found]:
    """Leave out weak cues that stand alone."""
    by_sentence: dict[int, list[Found]] = {}
    for item in found:
        by_sentence.setdefault(content.reading.sentence_of(item.start), []).append(item)
    kept = []
    for number, items in by_sentence.items():
        near = [other for beside in (number - 1, number, number + 1) for other in by_sentence.get(beside, ())]
        offence_near = any(other.label.kind == "offence" for other in near)
        kept += [item for item in items if item.label.strength == "strong" or offence_near or _company(item, near)]
    return kept


def _company(item: Found, window: list[Found]) -> bool:
    """Tell whether another cue of the same label stands near a weak cue."""
    return any(other.label.id == item.label.id and other.label != item.label for other in window)


def longest(found: list[Found]) -> list[Found]:
    """Keep the longest of overlapping mentions under one label, strong before weak."""
    kept: dict[tuple[str, str], tuple[list[int], list[Found]]] = {}
    for item in sorted(found, key=lambda f: (f.label.strength == "weak", f.start - f.end)):
        starts, same = kept.setdefault(item.label[:2], ([], []))
        at = bisect_left(starts, item.start)  # those kept lie apart, so only its neighbours can overlap it
        if (at == len(same) or item.end <= starts[at]) and (at == 0 or same[at - 1].end <= item.start):
            starts.insert(at, item.start)
            same.insert(at, item)
    return sorted((item for _, same in kept.values() for item in same), key=lambda f: (f.start, f.end, f.label))


def payload(span: Span) -> Mapping[str, Any]:
    """Return what is known of a mention: status, source, cue, strength and the rule that decided.

    It is stored with the span group under the id of the span, so that it survives ``to_bytes``, ``DocBin`` and processes.
    """
    for name in GROUPS.values():
        if name in span.doc.spans and (data := span.doc.spans[name].attrs.get(str(span.id))) and data["label"] == span.label_:
            return dict(data)
    return {}


def _field(field: str, span: Span) -> Any:
    return payload(span).get(field)


def register_extensions() -> None:
    """Register ``span._.status`` and its siblings; done at import of this module and safe to repeat."""
    for field in FIELDS:
        Span.set_extension(field, getter=partial(_field, field), force=True)


def mention(doc: Doc, reading: Reading, found: Found, number: int) -> tuple[Span, dict[str, Any]] | None:
    """Return the span of what was found and its payload; None where no token of the Doc covers it."""
    label, start, end, cue = found
    span = reading.span(doc, start, end, label.id, number)
    return None if span is None else (span, {"label": label.id, "cue": cue, "strength": label.strength, "tokens": [start, end]})


def set_mentions(doc: Doc, kind: str, pairs: Iterable[tuple[Span, dict[str, Any]]]) -> None:
    """Write the mentions of one kind to the Doc, each with its payload under the id of its span."""
    name, pairs = GROUPS[kind], list(pairs)
    doc.spans[name] = SpanGroup(doc, name=name, spans=[span for span, _ in pairs], attrs={str(span.id): data for span, data in pairs})


class MentionsComponent(Batched, Stored):
    """Write mentions to ``doc.spans["modus_operandi"]``, ``["offences"]`` and ``["elements"]``."""

    names = FILES

    def __init__(self, nlp: Language) -> None:
        self._tokenizer = nlp.tokenizer
        self._cues = load_cues()
        self._spotter: Spotter | None = None
        for name in (*load_taxonomy().labels, *(element.id for element in load_taxonomy().elements)):
            nlp.vocab.strings.add(name)

    @property
    def spotter(self) -> Spotter:
        """The weights in use."""
        if self._spotter is None:
            self.load_model(None)
        assert self._spotter is not None
        return self._spotter

    @spotter.setter
    def spotter(self, spotter: Spotter) -> None:
        self._spotter = spotter

    def take_files(self, raw: Mapping[str, bytes], where: str) -> None:
        """Build the weights from the content of their files."""
        self._spotter = shared("spotter", raw, lambda: unpack(raw))

    def run(self, docs: Sequence[Doc]) -> None:
        """Find the mentions of Docs."""
        reading = read_all(docs, self._tokenizer)
        found = find_mentions(Content.of(reading), self._cues, self.spotter)
        for doc, text, first, (mentions, scores) in zip(docs, reading.texts, reading.firsts, found, strict=False):
            doc.user_data.pop(NOTE, None)  # of an earlier run over the same Doc
            doc.user_data[SCORES] = scores
            groups: dict[str, list[tuple[Span, dict[str, Any]]]] = {kind: [] for kind in GROUPS}
            for number, (label, start, end, cue) in enumerate(mentions, start=1):
                if pair := mention(doc, text, Found(label, start - first, end - first, cue), number):
                    groups[label.kind].append(pair)
            for kind, pairs in groups.items():
                set_mentions(doc, kind, pairs)


@Language.factory("smokkel_mentions", assigns=["doc.spans"])
def create_mentions(nlp: Language, name: str) -> MentionsComponent:
    """Create the component that finds mentions."""
    return MentionsComponent(nlp)


register_extensions()
