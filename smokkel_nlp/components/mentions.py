"""Mentions: where the text names an offence, a modus operandi or a legal element, found by the cues of the taxonomy.

A strong cue is a mention by itself. A weak cue is one only beside another weak cue of the same tag, or beside a name of an
offence, within a window of three sentences. Nothing inside the name of an organisation, committee or act is a mention.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from smokkel_nlp.cues import Cue, CueMatcher
from smokkel_nlp.reading import Reading, read
from smokkel_nlp.taxonomy import Taxonomy, load_taxonomy, parse_cues, read_toml, resource, take

GROUPS = {"offence": "offences", "tag": "modus_operandi", "element": "elements"}
NOTE = "smokkel_overlay"
"""Where the overlay keeps what it changed on a Doc (:mod:`smokkel_nlp.components.overlay`)."""
FIELDS = ("status", "source", "cue", "strength", "rule", "rule_start", "rule_end")


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
    """A cue found in a reading, as half-open token positions."""

    label: Label
    start: int
    end: int


@dataclass(frozen=True)
class MentionRules:
    """The cues of the taxonomy and the names to leave alone, compiled."""

    cues: CueMatcher[Label]
    names: CueMatcher[str]


def labelled_cues(taxonomy: Taxonomy) -> list[tuple[Label, Cue]]:
    """Return every cue of a taxonomy with its label, numbered within its list."""
    lists = [("offence", offence.id, "strong", offence.names) for offence in taxonomy.offences]
    lists += [("offence", offence.id, "weak", offence.hints) for offence in taxonomy.offences]
    lists += [("element", element.id, "strong", element.cues) for element in taxonomy.elements]
    lists += [("tag", tag.id, strength, cues) for tag in taxonomy.tags for strength, cues in (("strong", tag.strong), ("weak", tag.weak))]
    return [(Label(kind, id_, strength, n), cue) for kind, id_, strength, cues in lists for n, cue in enumerate(cues, start=1)]


def shipped_names() -> list[tuple[str, Cue]]:
    """Return the names to leave alone of ``names.toml``, each under the key of its list."""
    data = read_toml(resource("names.toml"))
    return [(key, cue) for key in data for cue in parse_cues(take(data, key, list, "names.toml"), "names.toml")]


@lru_cache(maxsize=1)
def load_mention_rules() -> MentionRules:
    """Compile the cues of the shipped taxonomy and ``names.toml``."""
    return MentionRules(CueMatcher(labelled_cues(load_taxonomy())), CueMatcher(shipped_names()))


def find_names(reading: Reading, rules: MentionRules) -> list[tuple[int, int]]:
    """Return the token ranges of names that hold label words."""
    return [(match.start, match.end) for start, end in reading.sentences for match in rules.names(reading.lower, start, end)]


def find_candidates(reading: Reading, rules: MentionRules) -> list[list[Found]]:
    """Return the cues that count as mentions, by sentence, in order of position; they may overlap."""
    found: list[list[Found]] = []
    for start, end in reading.sentences:
        names = rules.names(reading.lower, start, end)
        matches = [Found(match.key, match.start, match.end) for match in rules.cues(reading.lower, start, end)]
        found.append([item for item in matches if not any(name.start < item.end and item.start < name.end for name in names)])
    kept: list[list[Found]] = []
    for index, sentence in enumerate(found):
        window = [item for near in found[max(0, index - 1) : index + 2] for item in near]
        offence_near = any(item.label.kind == "offence" for item in window)
        kept.append([item for item in sentence if item.label.strength == "strong" or offence_near or _company(item, window)])
    return kept


def find_mentions(reading: Reading, rules: MentionRules) -> list[Found]:
    """Find the mentions of a reading, in order of position; of overlapping ones under one label the longest stays."""
    return [item for sentence in find_candidates(reading, rules) for item in longest(sentence)]


def _company(item: Found, window: list[Found]) -> bool:
    """Tell whether another cue of the same tag stands near a weak cue."""
    return any(other.label.id == item.label.id and other.label != item.label for other in window)


def longest(found: list[Found]) -> list[Found]:
    """Keep the longest of overlapping mentions under one label, strong before weak."""
    kept: list[Found] = []
    for item in sorted(found, key=lambda f: (f.label.strength == "weak", f.start - f.end)):
        if not any(o.label[:2] == item.label[:2] and o.start < item.end and item.start < o.end for o in kept):
            kept.append(item)
    return sorted(kept, key=lambda f: (f.start, f.end, f.label))


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
    """Return the span of a found cue and its payload; None where no token of the Doc covers it."""
    start, end = reading.original_span(found.start, found.end)
    span = doc.char_span(start, end, label=found.label.id, span_id=number, alignment_mode="expand")
    if span is None:
        return None
    tokens = [found.start, found.end]
    return span, {"label": found.label.id, "cue": found.label.cue, "strength": found.label.strength, "tokens": tokens}


def set_mentions(doc: Doc, kind: str, pairs: Iterable[tuple[Span, dict[str, Any]]]) -> None:
    """Write the mentions of one kind to the Doc, each with its payload under the id of its span."""
    name, pairs = GROUPS[kind], list(pairs)
    doc.spans[name] = SpanGroup(doc, name=name, spans=[span for span, _ in pairs], attrs={str(span.id): data for span, data in pairs})


class MentionsComponent:
    """Write mentions to ``doc.spans["modus_operandi"]``, ``["offences"]`` and ``["elements"]``."""

    def __init__(self, nlp: Language) -> None:
        self._tokenizer = nlp.tokenizer
        self._rules = load_mention_rules()
        for name in (*load_taxonomy().labels, *(element.id for element in load_taxonomy().elements)):
            nlp.vocab.strings.add(name)

    def __call__(self, doc: Doc) -> Doc:
        """Find the mentions of a Doc."""
        doc.user_data.pop(NOTE, None)  # of an earlier run over the same Doc
        reading = read(doc, self._tokenizer)
        groups: dict[str, list[tuple[Span, dict[str, Any]]]] = {kind: [] for kind in GROUPS}
        for number, found in enumerate(find_mentions(reading, self._rules), start=1):
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
