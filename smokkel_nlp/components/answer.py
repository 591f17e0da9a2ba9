"""The answer: from what the labels of a text weigh, and its mentions, to its case record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np
from spacy.tokens import Doc, Span

from smokkel_nlp.components.mentions import GROUPS, SCORES, payload
from smokkel_nlp.components.outcome import OutcomeWeigher, setting, wording
from smokkel_nlp.components.overlay import mentions_seen, note_of
from smokkel_nlp.components.sections import SECTIONS
from smokkel_nlp.components.weighing import Feature
from smokkel_nlp.content import Content
from smokkel_nlp.features import Material
from smokkel_nlp.lexicon import Table
from smokkel_nlp.masks import load_masks
from smokkel_nlp.model import LabelOdds, Model
from smokkel_nlp.reading import Reading, Tokens
from smokkel_nlp.records import CaseAnalysis, ElementResult, Evidence, ModusOperandi, OffenceResult, Versions, library_version
from smokkel_nlp.rows import Mentions, Sheet, Stretches
from smokkel_nlp.settings import Settings
from smokkel_nlp.taxonomy import OFFENCE_IDS, Taxonomy, class_of, load_taxonomy, makes_tag
from smokkel_nlp.text import DUTCH, FOREIGN, LETTERS, SAMPLE, language_kind, looks_dutch

_MIN_WORDS = 4
_STRENGTH = {status: rank for rank, status in enumerate(("bewezen", "feitelijk", "vermoed", "hypothetisch", "historisch", "ontkend"))}
_LANGUAGE = Table(lambda orth, lower: language_kind(load_masks()(lower) or ""), np.uint8)


def strongest(statuses: Iterable[str]) -> str | None:
    """Return the status that a tag or element takes from its mentions.

    Examples
    --------
    >>> strongest(["vermoed", "ontkend"])
    'vermoed'
    """
    return min(statuses, key=_STRENGTH.__getitem__, default=None)


class _Mention:
    """A mention as the record shows it; its evidence is put together where it is shown."""

    def __init__(self, span: Span, data: Mapping[str, Any], text: str) -> None:
        self._span, self._data, self._text = span, data, text
        self.label: str = data["label"]
        self.status: str = data.get("status") or "feitelijk"
        self.source: str = data.get("source") or "overig"

    @cached_property
    def evidence(self) -> Evidence:
        start, end, get = self._span.start_char, self._span.end_char, self._data.get
        return Evidence(
            start, end, self._text[start:end], "mention", get("status"), get("source"), get("cue"),
            get("rule"), get("rule_start"), get("rule_end"),
        )  # fmt: skip


class _Found(NamedTuple):
    """What was found of one text: for each label its probability and whether it is given, for each offence whether it lies near its
    threshold, why the text is no ground for an answer, its mentions by kind, the sentence of a label without one, and for an offence that
    is given its status.
    """

    decision: LabelOdds
    chances: list[float]
    given: list[bool]
    near: list[bool]
    unfit: list[str]
    mentions: dict[str, list[_Mention]]
    sentences: dict[str, Evidence]
    statuses: dict[str, str]


class Answer(NamedTuple):
    """What the classifier says of a Doc: probabilities by label, the record, yet without an explanation, and what they rest on."""

    cats: dict[str, float]
    case: CaseAnalysis
    decision: LabelOdds


@dataclass(frozen=True)
class Answerer:
    """A model, ready to answer.

    Parameters
    ----------
    model : Model
    outcome : OutcomeWeigher
        Weighs the status of an offence.
    taxonomy : Taxonomy
    settings : Settings
    """

    model: Model
    outcome: OutcomeWeigher
    taxonomy: Taxonomy
    settings: Settings

    def __call__(self, docs: Sequence[Doc], reading: Tokens) -> list[Answer]:
        """Answer for Docs whose mentions were found, given their reading."""
        content, model, originals = Content.of(reading), self.model, [text.clean.original for text in reading.texts]
        seen = [list(mentions_seen(doc)) for doc in docs]
        sheet = sheet_of(docs, content, model)
        decisions = model.decide(sheet)
        odds = np.array([decision.odds for decision in decisions])
        chances = (1 / (1 + np.exp(-np.clip(odds, -35, 35)))).tolist()
        given = (odds >= model.cuts).tolist()
        near = (np.abs(odds - model.cuts) < model.margins)[:, : len(OFFENCE_IDS)].tolist()
        mentions = [_mentions(doc, original) for doc, original in zip(docs, originals, strict=True)]
        sentences = self._best_sentences(sheet, reading, decisions, given, mentions)
        statuses = self._statuses(docs, content, seen, given)
        parts = zip(decisions, chances, given, near, _unfit(content, seen), mentions, sentences, statuses, strict=True)
        return [
            Answer(dict(zip(model.labels, found.chances, strict=True)), self._record(doc, text, found), found.decision)
            for doc, text, found in zip(docs, reading.texts, starmap(_Found, parts), strict=True)
        ]

    def _record(self, doc: Doc, text: Reading, found: _Found) -> CaseAnalysis:
        """Put together the record of one text."""
        note, mentions = note_of(doc), found.mentions
        close = ["dicht bij de drempel"] if any(found.near) else []
        reasons = found.unfit or close
        offences = {}
        for k, offence in enumerate(OFFENCE_IDS):
            evidence = tuple(m.evidence for m in mentions["offence"] if m.label == offence) if found.given[k] else ()
            offences[offence] = OffenceResult(
                label=int(found.given[k]),
                probability=round(found.chances[k], 4),
                uncertain=bool(found.near[k] or found.unfit),
                status=found.statuses.get(offence),
                evidence=evidence or _only(found.sentences, offence),
                window=_range(text, found.decision.windows[k]),
            )
        about = {offence for offence, result in offences.items() if result.label}
        modi = []
        for k, tag in enumerate(self.model.labels[len(OFFENCE_IDS) :], start=len(OFFENCE_IDS)):
            if found.given[k] and tag not in note.removed:
                own = [m for m in mentions["tag"] if m.label == tag]
                shown = tuple(m.evidence for m in own) or _only(found.sentences, tag)
                modi.append(ModusOperandi(tag, round(found.chances[k], 4), strongest(m.status for m in own), shown))
        for tag in note.added:
            own = [m for m in mentions["tag"] if m.label == tag]
            if any(makes_tag(m.status, m.source, bool(about)) for m in own):
                modi.append(ModusOperandi(tag, None, strongest(m.status for m in own), tuple(m.evidence for m in own)))
        forced, taxonomy, settings = class_of(*(offences[offence].label for offence in OFFENCE_IDS)), self.taxonomy, self.settings
        return CaseAnalysis(
            id=None,
            offence="onzeker" if reasons else forced,
            offence_forced=forced,
            reasons=tuple(reasons),
            offences=offences,
            modi_operandi=tuple(sorted(modi, key=lambda mo: -(mo.probability or 0.0))),
            elements=_elements(mentions, taxonomy, about),
            n_chars=len(text.clean.original),
            versions=Versions(library_version(), self.model.version, note.taxonomy or taxonomy.version, taxonomy.guideline),
            prior=settings.prior,
            thresholds=dict(settings.thresholds),
        )

    def _best_sentences(
        self,
        sheet: Sheet,
        reading: Tokens,
        decisions: Sequence[LabelOdds],
        given: Sequence[Sequence[bool]],
        mentions: Sequence[Mapping[str, Sequence[_Mention]]],
    ) -> list[dict[str, Evidence]]:
        """Return for each text, by label, the sentence that moved the classifier most, where it gives a label without a mention."""
        found: list[dict[str, Evidence]] = [{} for _ in decisions]
        asked: dict[tuple[int, int, int], list[int]] = {}
        starts, ends = sheet.texts.first.tolist(), sheet.texts.end.tolist()
        for text, (decision, held, own) in enumerate(zip(decisions, given, mentions, strict=True)):
            known = {m.label for kind in ("offence", "tag") for m in own[kind]}
            for k, label in enumerate(self.model.labels):
                if held[k] and label not in known and ends[text] > starts[text]:
                    first, end = decision.window_of(label) or (0, ends[text] - starts[text])
                    asked.setdefault((text, starts[text] + first, starts[text] + end), []).append(k)
        if not asked:
            return found
        texts, first, end = np.array(list(asked), dtype=np.int64).T
        best = sheet.loudest(Stretches(first, end, texts), list(asked.values()), self.model.coef)
        for (text, *_), labels, sentences in zip(asked, asked.values(), best, strict=True):
            for k, sentence in zip(labels, sentences, strict=True):
                start, stop = reading.original_span(*reading.sentences[sentence])
                shown = reading.texts[text].clean.original[start:stop]
                start += len(shown) - len(shown.lstrip())
                shown = shown.strip()
                found[text][self.model.labels[k]] = Evidence(start, start + len(shown), shown, "model")
        return found

    def _statuses(
        self, docs: Sequence[Doc], content: Content, seen: Sequence[Sequence[Mapping[str, Any]]], given: Sequence[Sequence[bool]]
    ) -> list[dict[str, str]]:
        """Return for each text, by offence, the status of those that are given."""
        asked = [(text, offence) for text, held in enumerate(given) for k, offence in enumerate(OFFENCE_IDS) if held[k]]
        placed = [setting(_sections(docs[text]), *_said(map(_as_seen, seen[text]), offence)) for text, offence in asked]
        found: list[dict[str, str]] = [{} for _ in docs]
        for (text, offence), status in zip(asked, self.outcome(content, [text for text, _ in asked], placed), strict=True):
            found[text][offence] = status
        return found


def sheet_of(docs: Sequence[Doc], content: Content, model: Model) -> Sheet:
    """Return the sheet from which a model decides Docs whose mentions were found, given their content."""
    seen, scores = [list(mentions_seen(doc)) for doc in docs], [doc.user_data.get(SCORES, ()) for doc in docs]
    return Sheet(content, Mentions.of(content, seen, scores, model.columns), model.columns)


def outcome_features(doc: Doc, item: Material, offence: str) -> list[Feature]:
    """Return what is weighed for the status of an offence in a read Doc, as it is learnt from."""
    words = [word for sentence in item.sentences for word in sentence if word is not None]
    return [
        *wording(words),
        *setting(_sections(doc), *_said(((label, status, source) for label, _, status, source, _ in item.mentions), offence)),
    ]


def _sections(doc: Doc) -> list[str]:
    return [span.label_ for span in doc.spans.get(SECTIONS, ())]


def _as_seen(data: Mapping[str, Any]) -> tuple[str, str, str]:
    return data["label"], data.get("status") or "feitelijk", data.get("source") or "overig"


def _said(mentions: Iterable[tuple[str, str, str]], offence: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return status and source of the mentions of modi operandi, and of those of an offence, from labels, statuses and sources."""
    tags, found = load_taxonomy().tag_ids, list(mentions)
    methods = [(status, source) for label, status, source in found if label in tags]
    return methods, [(status, source) for label, status, source in found if label == offence]


def _mentions(doc: Doc, text: str) -> dict[str, list[_Mention]]:
    """Return the mentions of a Doc by kind, in order."""
    found = {}
    for kind, name in GROUPS.items():
        spans, data = (doc.spans[name], doc.spans[name].attrs) if name in doc.spans else ((), {})
        own = found[kind] = list[_Mention]()
        for span in spans:
            known = data.get(str(span.id))
            if known is None or known["label"] != span.label_:
                known = {**payload(span), "label": span.label_}
            own.append(_Mention(span, known, text))
    return found


def _only(sentences: Mapping[str, Evidence], label: str) -> tuple[Evidence, ...]:
    return (sentences[label],) if label in sentences else ()


def _range(text: Reading, window: tuple[int, int] | None) -> tuple[int, int] | None:
    if window is None:
        return None
    bounds = text.sentence_bounds
    first, last = (text.original_span(int(bounds[number]), int(bounds[number + 1])) for number in (window[0], window[1] - 1))
    return first[0], last[1]


def _unfit(content: Content, seen: Sequence[Sequence[Mapping[str, Any]]]) -> list[list[str]]:
    """Return for each text why it is no ground for an answer by itself."""
    reading, counted = content.reading, content.counted
    before = np.concatenate([[0], np.cumsum(counted)])
    words = np.diff(before[reading.edges])
    sample = counted & (before[1:] - before[reading.edges[:-1]][reading.text_of_token] <= SAMPLE)
    kinds, texts = reading.look_up(_LANGUAGE)[sample], reading.text_of_token[sample]
    numbers = [np.bincount(texts[(kinds & flag) > 0], minlength=len(words)).tolist() for flag in (DUTCH, FOREIGN, LETTERS)]
    found = []
    for own, many, *sums in zip(seen, words.tolist(), *numbers, strict=True):
        if not many:
            found.append(["leeg"])
        elif not looks_dutch(*sums):
            found.append(["geen Nederlands"])
        else:
            named = any(data["label"] in OFFENCE_IDS for data in own)
            found.append(["te kort"] if many < _MIN_WORDS and not named else [])
    return found


def _elements(mentions: Mapping[str, list[_Mention]], taxonomy: Taxonomy, about: set[str]) -> tuple[ElementResult, ...]:
    """Return the elements found of the offences the text is about; "in vereniging" alone means nothing elsewhere."""
    results = []
    for offence in taxonomy.offences:
        for element in offence.elements if offence.id in about else ():
            own = [m for m in (*mentions["element"], *mentions["tag"]) if m.label == element.id or m.label in element.tags]
            status = strongest(m.status for m in own)
            if status is not None:
                results.append(ElementResult(element.id, offence.id, status, tuple(m.evidence for m in own)))
    return tuple(results)
