"""Mentions: where the text names an offence, a modus operandi or a legal element.

Offences and elements are found by the cues of the taxonomy: a strong cue is a mention by itself; a weak one only beside another cue
of the same label, or beside a name of an offence, within a window of three sentences. Modi operandi are found by what passages weigh
(:mod:`smokkel_nlp.components.spotting`) and by cues. Nothing inside the name of an organisation, committee or act is a mention.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from smokkel_nlp.components.spotting import FILES, Passages, Spotter, is_boundary, unpack
from smokkel_nlp.content import Content
from smokkel_nlp.cues import Cue, CueMatcher
from smokkel_nlp.reading import Finder, Reading, read
from smokkel_nlp.store import Stored
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
    found = (Found(match.key, match.start, match.end, match.key.cue) for match in cues(content.reading))
    return [item for item in found if not content.in_organisation[item.start : item.end].any()]


def find_mentions(content: Content, cues: Finder[Label], spotter: Spotter) -> tuple[list[Found], list[float]]:
    """Find the mentions of a text.

    Parameters
    ----------
    content : Content
    cues : Finder
    spotter : Spotter

    Returns
    -------
    mentions : list of Found
        In order of position; of overlapping ones under one label the longest stays.
    scores : list of float
        For each tag the score (log odds) of the passage that shows it best, however low; with a cue at least the threshold.
    """
    cut, scores = spotter(content)
    kept = longest([*spotted(content, cut, scores, spotter), *in_company(cued(content, cues), content)])
    best = scores.max(axis=0) if len(scores) else np.full(len(spotter.tags), -9.0)
    shown = [spotter.tags.index(item.label.id) for item in kept if item.label.kind == "tag" and item.label.strength == "strong"]
    best[shown] = np.maximum(best[shown], spotter.threshold)
    return kept, [round(float(score), 3) for score in best]


def spotted(content: Content, cut: Passages, scores: NDArray[np.float32], spotter: Spotter) -> list[Found]:
    """Return the mentions that weigh enough; neighbouring passages of one sentence are one mention."""
    found: list[Found] = []
    rows, columns = np.nonzero(scores >= spotter.threshold)
    runs: dict[int, tuple[int, int]] = {}
    done: list[tuple[int, int, int]] = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        first, last = runs.get(column, (row, row - 2))
        if last == row - 1 and cut.sentence[last] == cut.sentence[row]:
            runs[column] = (first, row)
            continue
        if last >= first:
            done.append((column, first, last))
        runs[column] = (row, row)
    done += [(column, first, last) for column, (first, last) in runs.items()]
    for column, first, last in done:
        start, end = trimmed(content, int(cut.starts[first]), int(cut.ends[last]))
        tag = spotter.tags[column]
        word = spotter.word_of(content, start, end, column)
        found.append(Found(Label("tag", tag, "strong", 0), start, end, f"{tag}.{WEIGHED}" + (f".{word}" if word else "")))
    return found


def trimmed(content: Content, start: int, end: int) -> tuple[int, int]:
    """Return a token range without the conjunctions and signs at its edges; never empty."""
    edge, lower = is_boundary(content.reading, start, end), content.reading.lower
    first, last = start, end
    while last - first > 1 and not any(map(str.isalnum, lower[last - 1])):
        last -= 1
    while last - first > 1 and (edge[first - start] or not any(map(str.isalnum, lower[first]))):
        first += 1
    return first, last


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
    kept: dict[tuple[str, str], list[Found]] = {}
    for item in sorted(found, key=lambda f: (f.label.strength == "weak", f.start - f.end)):
        same = kept.setdefault(item.label[:2], [])
        if not any(o.start < item.end and item.start < o.end for o in same):
            same.append(item)
    return sorted((item for same in kept.values() for item in same), key=lambda f: (f.start, f.end, f.label))


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
    start, end = reading.original_span(found.start, found.end)
    span = doc.char_span(start, end, label=found.label.id, span_id=number, alignment_mode="expand")
    if span is None:
        return None
    tokens = [found.start, found.end]
    return span, {"label": found.label.id, "cue": found.cue, "strength": found.label.strength, "tokens": tokens}


def set_mentions(doc: Doc, kind: str, pairs: Iterable[tuple[Span, dict[str, Any]]]) -> None:
    """Write the mentions of one kind to the Doc, each with its payload under the id of its span."""
    name, pairs = GROUPS[kind], list(pairs)
    doc.spans[name] = SpanGroup(doc, name=name, spans=[span for span, _ in pairs], attrs={str(span.id): data for span, data in pairs})


class MentionsComponent(Stored):
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
        self._spotter = unpack(raw)

    def __call__(self, doc: Doc) -> Doc:
        """Find the mentions of a Doc."""
        doc.user_data.pop(NOTE, None)  # of an earlier run over the same Doc
        reading = read(doc, self._tokenizer)
        mentions, doc.user_data[SCORES] = find_mentions(Content.of(reading), self._cues, self.spotter)
        groups: dict[str, list[tuple[Span, dict[str, Any]]]] = {kind: [] for kind in GROUPS}
        for number, found in enumerate(mentions, start=1):
            if pair := mention(doc, reading, found, number):
                groups[found.label.kind].append(pair)
        for kind, pairs in groups.items():
            set_mentions(doc, kind, pairs)
        return doc


@Language.factory("smokkel_mentions", assigns=["doc.spans"])
def create_mentions(nlp: Language, name: str) -> MentionsComponent:
    """Create the component that finds mentions."""
    return MentionsComponent(nlp)


register_extensions()
