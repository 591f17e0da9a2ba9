"""The cases of a report as ``resources/report.js`` reads them: short lists of numbers, and names that are written once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from smokkel_nlp.display.colours import load_palette
from smokkel_nlp.display.markup import chance, percent
from smokkel_nlp.errors import InputError
from smokkel_nlp.records import NOTE, CaseAnalysis, Evidence
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy

LONGEST_CARRIED = 100
"""A carried string of more characters is taken for case text."""

_DATES = ("datum", "date", "datum_publicatie", "publicatiedatum", "zittingsdatum", "uitspraakdatum", "pleegdatum")


class _Names:
    """Names that are written once; a record refers to them by number."""

    def __init__(self, known: Iterable[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(known)}

    def __getitem__(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers))

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def maybe(self, name: str | None) -> int | None:
        return None if name is None else self[name]


class Rows:
    """Cases as short lists of numbers, in the order that ``resources/report.js`` reads them in."""

    def __init__(self, with_text: bool, with_ids: bool) -> None:
        taxonomy = load_taxonomy()
        self._with_text, self._with_ids = with_text, with_ids
        self.cases: list[list[Any]] = []
        self.texts: list[dict[str, Any] | None] = []
        self._carried: list[Mapping[str, Any]] = []
        self._spans: list[tuple[tuple[float, int], ...]] = []
        self._given: dict[str, float] = {}
        self._left_out = 0
        self._classes = _Names((*taxonomy.vocabulary["classes"], "onzeker"))
        self._statuses = _Names((*taxonomy.vocabulary["offence_statuses"], "historisch"))
        self._sources = _Names(taxonomy.vocabulary["sources"])
        self._tags = _Names(taxonomy.tag_ids)
        self._elements = _Names(element.id for element in taxonomy.elements)
        self._chances = _Names(())
        self._fields = _Names(())
        self._made = _Names(())

    def add(self, case: CaseAnalysis) -> None:
        """Take a case."""
        self.cases.append(self._row(case))
        self.texts.append(self._text(case))
        self._spans.append(tuple((case.offences[name].probability, case.offences[name].label) for name in OFFENCE_IDS))
        self._carried.append(case.carried)
        self._given.update(case.thresholds)
        version = case.versions
        self._made[f"smokkel_nlp {version.library}, model {version.model}, taxonomie {version.taxonomy}, richtlijn {version.guideline}"]

    def _row(self, case: CaseAnalysis) -> list[Any]:
        named = case.id if self._with_ids else None
        offences: list[Any] = []
        for name in OFFENCE_IDS:
            result = case.offences[name]
            offences += [result.probability, result.label, self._statuses.maybe(result.status), self._chances[chance(result.probability)]]
        tags: list[Any] = []
        for mo in case.modi_operandi:
            tags += [
                self._tags[mo.tag],
                mo.probability,
                self._statuses.maybe(mo.status),
                len(mo.evidence),
                self._chances[chance(mo.probability)],
            ]
        elements: list[Any] = []
        for element in case.elements:
            elements += [self._elements[element.element], self._statuses.maybe(element.status)]
        return [
            named,
            self._classes[case.offence],
            self._classes[case.offence_forced],
            list(case.reasons),
            *offences,
            tags,
            elements,
            case.n_chars,
        ]

    def _text(self, case: CaseAnalysis) -> dict[str, Any] | None:
        """Return the text with its passages: start, end, words where there is no text, kind, status, source, and what it shows."""
        if not self._with_text:
            return None
        labels = [(0, number, result.evidence) for number, result in enumerate(case.offences[name] for name in OFFENCE_IDS)]
        labels += [(1, self._tags[mo.tag], mo.evidence) for mo in case.modi_operandi]
        labels += [(2, self._elements[element.element], element.evidence) for element in case.elements]
        passages = [[*self._passage(case, part), family, number] for family, number, parts in labels for part in parts]
        return {"text": case.text, "passages": passages} if case.text is not None or passages else None

    def _passage(self, case: CaseAnalysis, part: Evidence) -> list[Any]:
        words = part.text if case.text is None else 0
        return [part.start, part.end, words, int(part.kind == "model"), self._statuses.maybe(part.status), self._sources.maybe(part.source)]

    def finish(self, date_field: str | None) -> dict[str, Any]:
        """Return what the page is told, with each case's date, carried fields and nearness to a threshold."""
        dates = self._date_field(date_field)
        thresholds = [self._threshold(place) for place in range(len(OFFENCE_IDS))]
        for row, spans, carried in zip(self.cases, self._spans, self._carried, strict=True):
            near = min(abs(share - threshold) for (share, _), threshold in zip(spans, thresholds, strict=True))
            when = None if dates is None else _date(carried.get(dates))
            row += [round(near, 4), when and when.isoformat(), self._kept(carried) if self._with_ids else []]
        taxonomy, group = load_taxonomy(), load_palette().of
        names = {tag.id: tag.name for tag in taxonomy.tags} | {element.id: element.name for element in taxonomy.elements}
        offence_of = {element.id: place for place, offence in enumerate(taxonomy.offences) for element in offence.elements}
        return {
            "note": NOTE,
            "with_text": self._with_text,
            "with_ids": self._with_ids,
            "date_field": dates,
            "left_out": self._left_out,
            "made": list(self._made),
            "thresholds": [percent(threshold) for threshold in thresholds],
            "classes": list(self._classes),
            "chances": list(self._chances),
            "statuses": list(self._statuses),
            "sources": list(self._sources),
            "offences": [[offence.id, offence.article, group(offence.id).id] for offence in taxonomy.offences],
            "tags": [[tag, names.get(tag, tag), group(tag).id] for tag in self._tags],
            "elements": [[item, names.get(item, item), offence_of.get(item, 0), group(item).id] for item in self._elements],
            "fields": list(self._fields),
            "cases": self.cases,
        }

    def _kept(self, carried: Mapping[str, Any]) -> list[Any]:
        """Return carried fields as number of the field and value, without what may be case text where none was asked for."""
        kept: list[Any] = []
        for name, value in carried.items():
            if value is None:
                continue
            plain = _plain(value)
            if not self._with_text and isinstance(plain, str) and (name == "text" or len(plain) > LONGEST_CARRIED):
                plain = f"[{len(plain)} tekens weggelaten]"
                self._left_out += 1
            kept += [self._fields[str(name)], plain]
        return kept

    def _date_field(self, asked: str | None) -> str | None:
        """Return the carried field that holds dates: the one asked for, else the first named like one that does."""
        found = {name for carried in self._carried for name in carried if _date(carried[name])}
        if asked is None:
            return next((name for name in _DATES if name in found), None)
        if asked not in found and self._carried:
            there = ", ".join(sorted({str(name) for carried in self._carried for name in carried})) or "none"
            raise InputError(f"no record carries an ISO date (2024-05-31) as '{asked}'; give another --date-field (carried: {there})")
        return asked

    def _threshold(self, place: int) -> float:
        """Return the threshold of an offence: the user's, or what lies between the highest without the label and the lowest with it.

        A record does not hold its model's threshold. Where the cases do not tell it, for want of either kind or by being
        of several models, it is taken to be a half.
        """
        if OFFENCE_IDS[place] in self._given:
            return self._given[OFFENCE_IDS[place]]
        below = max((share for share, label in (spans[place] for spans in self._spans) if not label), default=1.0)
        above = min((share for share, label in (spans[place] for spans in self._spans) if label), default=0.0)
        return (below + above) / 2 if below <= above else 0.5


def _plain(value: object) -> str | int | float:
    """Return a value as the page can show it: strings, and numbers that JavaScript holds exactly; all else as JSON."""
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53):
        return value
    return json.dumps(value, ensure_ascii=False)


def _date(value: object) -> date | None:
    """Return the day of an ISO date or time, or None."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None
