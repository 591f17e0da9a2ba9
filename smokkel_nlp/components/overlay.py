"""The overlay: a user's own rules, laid over what the shipped ones found.

The component stands between assertion and classification and changes what a reader sees, never what the classifier sees:

- Mentions of a new tag, and of cues added to a shipped tag, come beside the others in ``doc.spans["modus_operandi"]``; where two of one
  tag overlap the longest stays. They show legal elements as the others do. Numbers of shipped cues do not move: a cue that was added
  counts on after them.
- A new tag holds when one of its mentions is asserted, or describes the method in a text about an offence
  (:func:`smokkel_nlp.taxonomy.makes_tag`). Whether a shipped tag holds is for the classifier; its mentions are evidence.
- A mention on which a removed cue fits goes, unless a cue of the tag that stays fits there too; then that one stands in its place. Of a
  tag whose cues are replaced, all shipped mentions go. A removed tag goes from ``doc.spans`` and from the record, also where it showed
  a legal element; its score stays in ``doc.cats``. Nothing inside a user's name to leave alone is a mention.
- Where assertion rules differ from the shipped ones every mention is asserted anew. What a user's own rule says stands as it is; all
  else is weighed as always.
- What the shipped rules found and said is kept on the Doc, and the classifier works from that: scores, labels and the status of an
  offence are the same with and without the overlay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import srsly
from spacy.language import Language
from spacy.tokens import Doc, Span

from smokkel_nlp.components.assertion import DECIDED, Reader
from smokkel_nlp.components.mentions import (
    GROUPS,
    NOTE,
    Found,
    Label,
    cued,
    in_company,
    labelled_cues,
    longest,
    mention,
    payload,
    set_mentions,
)
from smokkel_nlp.components.rule_reader import Decision
from smokkel_nlp.components.rules import AssertionRules, compile_rules, load_assertion_rules
from smokkel_nlp.components.weighing import FILES, MENTIONS, Weigher, unpack
from smokkel_nlp.content import Content
from smokkel_nlp.cues import Cue, CueMatcher
from smokkel_nlp.reading import Finder, Reading, read
from smokkel_nlp.store import Stored
from smokkel_nlp.taxonomy import Tag, load_taxonomy
from smokkel_nlp.userrules import UserRules, parse_user_rules

FILE = "eigen_tags.toml"
_SEEN = ("label", "strength", "tokens", "status", "source", "cue")

Pair = tuple[Span, dict[str, Any]]


class Note(NamedTuple):
    """What the overlay leaves on a Doc for the components behind it: what the classifier sees, and what changed."""

    taxonomy: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    mentions: tuple[Mapping[str, Any], ...] | None = None


def note_of(doc: Doc) -> Note:
    """Return the note on a Doc; an empty one where no user's rules were in use."""
    return Note(**doc.user_data.get(NOTE, {}))


def mentions_seen(doc: Doc) -> Iterable[Mapping[str, Any]]:
    """Return the mentions that the classifier sees: those of the shipped rules, as these assert them."""
    seen = note_of(doc).mentions
    if seen is not None:
        return seen
    return [data for name in GROUPS.values() if name in doc.spans for data in doc.spans[name].attrs.values()]


class _Compiled:
    """A user's rules, ready to match."""

    def __init__(self, own: UserRules) -> None:
        shipped = {tag.id: tag for tag in load_taxonomy().tags}
        cues = [pair for pair in labelled_cues(load_taxonomy()) if pair[0].kind == "offence"]  # weak cues count beside these
        for tag in own.touched:
            cues += _numbered(tag, shipped.get(tag.id))
        kept = {(label.id, cue.text) for label, cue in cues}
        known = labelled_cues(load_taxonomy())
        self.own = own
        self.labels = frozenset(label for label, _ in cues) - frozenset(label for label, _ in known if label.id not in own.replaced)
        self.cues = Finder(CueMatcher(cues))
        touched = {tag.id for tag in own.touched}
        self.removed = Finder(
            CueMatcher((label.id, cue) for label, cue in known if label.id in touched and (label.id, cue.text) not in kept)
        )
        self.names = Finder(CueMatcher(own.names))
        self.gone = own.replaced | set(own.removed)
        self.asserts: AssertionRules | None = compile_rules(own.rules) if own.rules != load_assertion_rules().rules else None
        self.note = {"taxonomy": own.taxonomy.version, "added": list(own.added), "removed": list(own.removed)}


def _numbered(tag: Tag, shipped: Tag | None) -> list[tuple[Label, Cue]]:
    """Label the cues of a tag: a shipped one keeps its number, others count on."""
    found = []
    for strength in ("strong", "weak"):
        numbers = {cue.text: number for number, cue in enumerate(getattr(shipped, strength, ()), start=1)}
        for cue in getattr(tag, strength):
            found.append((Label("tag", tag.id, strength, numbers.setdefault(cue.text, len(numbers) + 1)), cue))
    return found


class OverlayComponent(Stored):
    """Lay a user's own rules over a Doc whose mentions were found and asserted; without rules it does nothing."""

    names = FILES

    def __init__(self, nlp: Language) -> None:
        self._tokenizer, self._vocab = nlp.tokenizer, nlp.vocab
        self._text = ""
        self._compiled: _Compiled | None = None
        self._weigher: Weigher | None = None

    def use_rules(self, text: str, where: str = FILE) -> None:
        """Take the content of a user's file.

        Raises
        ------
        TaxonomyError
            If something in it is wrong; a line for each mistake.
        """
        self._compiled = _Compiled(parse_user_rules(text, where)) if text else None
        self._text = text
        for tag in self._compiled.own.added if self._compiled else ():
            self._vocab.strings.add(tag)

    def take_files(self, raw: Mapping[str, bytes], where: str) -> None:
        """Build the weights of assertion from the content of their files."""
        self._weigher = Weigher(unpack(raw, MENTIONS))

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the user's rules and the model's files as bytes."""
        return bytes(srsly.msgpack_dumps({"rules": self._text, "model": super().to_bytes()}))

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Take rules and files from bytes."""
        stored = srsly.msgpack_loads(data)
        self.use_rules(stored["rules"])
        return super().from_bytes(stored["model"])

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the user's rules and the model's files to a folder, so that a pipeline can move."""
        super().to_disk(path)
        (Path(path) / FILE).write_bytes(self._text.encode())

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read rules and files from a folder."""
        self.use_rules((Path(path) / FILE).read_bytes().decode())
        return super().from_disk(path)

    def __call__(self, doc: Doc) -> Doc:
        """Change the mentions of a Doc and leave a note of what they were."""
        if self._compiled is None:
            return doc
        own, reading = self._compiled, read(doc, self._tokenizer)
        doc.user_data[NOTE] = {**own.note, "mentions": [{key: data.get(key) for key in _SEEN} for data in mentions_seen(doc)]}
        groups = {kind: [(span, dict(payload(span))) for span in doc.spans.get(name, ())] for kind, name in GROUPS.items()}
        first = 1 + max((span.id for pairs in groups.values() for span, _ in pairs), default=0)
        groups["tag"] = _merge(doc, groups["tag"], reading, own, first)
        groups = _outside(groups, reading, own.names)
        anew = [data for pairs in groups.values() for span, data in pairs if own.asserts or span.id >= first]
        if anew:
            decisions = self.decide(Reader.of(reading, own.asserts), [(data["tokens"][0], data["tokens"][1]) for data in anew])
            for data, decision in zip(anew, decisions, strict=True):
                data.update(zip(DECIDED, decision, strict=True))
        for kind, pairs in groups.items():
            set_mentions(doc, kind, pairs)
        return doc

    def decide(self, reader: Reader, spans: Sequence[tuple[int, int]]) -> list[Decision]:
        """Decide status and source of mentions; what one of the user's own rules says is not weighed."""
        if self._weigher is None:
            self.load_model(None)
        assert self._weigher is not None
        return [self._rather(reader, span, weighed) for span, weighed in zip(spans, reader.decide(spans, self._weigher), strict=True)]

    def _rather(self, reader: Reader, span: tuple[int, int], weighed: Decision) -> Decision:
        assert self._compiled is not None
        own, by_rule = self._compiled.own.own_rules, reader.by_rule(span)
        if by_rule.rule in own:
            return by_rule
        for match in reader.said(span).cues:
            if match.key.id in own and match.key.status is None and match.key.source is not None:
                return Decision(weighed.status, match.key.source, match.key.id, *reader.reading.original_span(match.start, match.end))
        return weighed


def _outside(groups: Mapping[str, list[Pair]], reading: Reading, names: Finder[str]) -> dict[str, list[Pair]]:
    """Drop the mentions inside a name."""
    found = names(reading)
    return {
        kind: [(span, data) for span, data in pairs if not any(m.start < data["tokens"][1] and data["tokens"][0] < m.end for m in found)]
        for kind, pairs in groups.items()
    }


def _merge(doc: Doc, pairs: Iterable[Pair], reading: Reading, own: _Compiled, number: int) -> list[Pair]:
    """Take away what removed and replaced cues found, and add what own cues find under span ids from ``number`` on."""
    removed = own.removed(reading)
    held: dict[Found, Pair] = {}
    dropped: list[Found] = []
    for span, data in pairs:
        if data["label"] in own.gone:
            continue
        start, end = data["tokens"]
        item = Found(Label("tag", data["label"], data["strength"], 0), start, end, data["cue"])
        if any(m.key == data["label"] and m.start < end and start < m.end for m in removed):
            dropped.append(item)
        else:
            held[item] = span, data
    content = Content.of(reading)
    candidates = in_company(cued(content, own.cues), content)
    new = [item for item in candidates if item.label in own.labels or _replaces(item, dropped)]
    result: list[Pair] = []
    for item in longest([*held, *new]):
        if pair := held.get(item) or mention(doc, reading, item, number):
            result.append(pair)
            number += 1
    return sorted(result, key=lambda pair: (pair[0].start_char, pair[0].end_char, pair[0].label_))


def _replaces(item: Found, dropped: Iterable[Found]) -> bool:
    """Tell whether a cue that stays fits where a mention was dropped."""
    return any(item.label[:2] == other.label[:2] and item.start < other.end and other.start < item.end for other in dropped)


@Language.factory("smokkel_overlay", requires=["doc.spans"], assigns=["doc.spans"])
def create_overlay(nlp: Language, name: str) -> OverlayComponent:
    """Create the component that lays a user's own rules over what the shipped ones found."""
    return OverlayComponent(nlp)
