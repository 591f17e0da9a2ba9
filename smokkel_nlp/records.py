"""The plain result of an analysis: frozen dataclasses that turn into dicts and JSON and back.

Offsets are half-open and count characters of the original text: ``text[e.start:e.end] == e.text`` always.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, ClassVar, Self

from smokkel_nlp.errors import InputError, is_name
from smokkel_nlp.fields import Make, Unfit, maker
from smokkel_nlp.shares import Explanation, MentionShare, PassageShare, SectionShare

SCHEMA_VERSION = "1.2"
_READ = ("1.0", "1.1", SCHEMA_VERSION)
"""The schemas that are read: each only added fields to the one before."""
NOTE = "Suggestie van een model; lees de passage en beslis zelf."
ROW_COLUMNS = (
    "id", "offence", "offence_forced", "uncertain", "probability_mensensmokkel", "probability_mensenhandel", "status_mensensmokkel",
    "status_mensenhandel", "tags", "reasons", "n_chars", "prior", "version_library", "version_model", "version_taxonomy",
    "version_guideline", "schema", "note",
)  # fmt: skip
"""The columns of :meth:`CaseAnalysis.to_row`; the columns of CSV and Parquet begin with them."""


@dataclass(frozen=True)
class Evidence:
    """A passage that shows something, cut from the original text.

    Parameters
    ----------
    start, end : int
        Half-open character offsets in the original text.
    text : str
        The passage itself.
    kind : str
        ``"mention"`` when a cue was found, ``"model"`` when it is the sentence that contributed most.
    status, source : str or None
        How the passage is asserted and by whom (see the label contract); None for ``kind="model"``.
    cue : str or None
        The cue of the taxonomy that matched, as ``label.strength.number``; ``label.gewogen.word`` where no cue but what the passage
        weighs showed it, with the word that said most.
    rule : str or None
        Id of the assertion rule that says what was decided; ``gewogen`` where no rule but the wording decided; None where nothing
        did and the default holds.
    rule_start, rule_end : int or None
        Offsets of the words that made the rule fire, or of the word that spoke most for the status.
    """

    start: int
    end: int
    text: str
    kind: str = "mention"
    status: str | None = None
    source: str | None = None
    cue: str | None = None
    rule: str | None = None
    rule_start: int | None = None
    rule_end: int | None = None


@dataclass(frozen=True)
class OffenceResult:
    """One offence label: whether the text is about it, how sure, with which status, and where that shows.

    ``label`` is 0 or 1 as the model would answer when forced; ``uncertain`` says that it would rather not. ``window`` is the part of a long
    text that decided, as half-open offsets; None where the text was read as a whole.
    """

    label: int
    probability: float
    uncertain: bool
    status: str | None
    evidence: tuple[Evidence, ...]
    window: tuple[int, int] | None = None


@dataclass(frozen=True)
class ModusOperandi:
    """A tag that holds for the text, with its probability (None for a tag a user added), status and passages."""

    tag: str
    probability: float | None
    status: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class ElementResult:
    """A legal element found in the text, with its status and passages."""

    element: str
    offence: str
    status: str
    evidence: tuple[Evidence, ...]


@lru_cache(maxsize=1)
def library_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("smokkel_nlp")
    except PackageNotFoundError:  # pragma: no cover - running from a bare folder
        return "0+unknown"


@dataclass(frozen=True)
class Versions:
    """What made the record."""

    library: str
    model: str
    taxonomy: str
    guideline: str


@dataclass(frozen=True)
class CaseAnalysis:
    """What the library says of one text.

    ``offence`` is one of mensensmokkel, mensenhandel, beide, geen or onzeker (the library abstains); ``offence_forced`` is
    the answer it would give if it had to; ``reasons`` says why it abstains. ``prior`` and ``thresholds`` are those that the user gave;
    ``explanation`` holds, where it was asked for, one :class:`Explanation` for each offence and for each tag that holds by its probability;
    ``carried`` the fields of the input record that the user asked to keep.

    Examples
    --------
    >>> case = CaseAnalysis.from_json(EXAMPLE_JSON)
    >>> case.offence, case.offences["mensensmokkel"].label
    ('geen', 0)
    >>> CaseAnalysis.from_json(case.to_json()) == case
    True
    """

    id: str | None
    offence: str
    offence_forced: str
    reasons: tuple[str, ...]
    offences: Mapping[str, OffenceResult]
    modi_operandi: tuple[ModusOperandi, ...]
    elements: tuple[ElementResult, ...]
    n_chars: int
    versions: Versions
    note: str = NOTE
    schema: str = SCHEMA_VERSION
    text: str | None = None
    prior: float | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    explanation: Mapping[str, Explanation] | None = None
    carried: Mapping[str, Any] = field(default_factory=dict)
    _aside: ClassVar[str | None] = None

    def beside(self, text: str) -> CaseAnalysis:
        """Return the same analysis, which a notebook shows in the text though it does not keep it.

        The text is no part of the record: not in ``==``, ``repr``, ``to_dict``, a copy or a pickle.

        Examples
        --------
        >>> case = CaseAnalysis.from_json(EXAMPLE_JSON)
        >>> case.beside("Zij kwam aan.") == case, case.beside("Zij kwam aan.").text
        (True, None)
        """
        case = replace(self)
        object.__setattr__(case, "_aside", text)
        return case

    def __getstate__(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def _repr_html_(self) -> str:
        from smokkel_nlp.display.marked import case_html

        return case_html(self, self._aside)

    def with_id(self, id_: str | None) -> CaseAnalysis:
        """Return the same analysis under an id."""
        return replace(self, id=id_)

    def cut(self, part: Evidence | MentionShare | PassageShare | SectionShare) -> str:
        """Return the words of a part of the text.

        Raises
        ------
        InputError
            If the record holds no text.

        Examples
        --------
        >>> case = CaseAnalysis.from_json(EXAMPLE_JSON)
        >>> replace(case, text="Zij kwam aan.").cut(SectionShare(4, 8, None, 0.5))
        'kwam'
        >>> case.cut(SectionShare(4, 8, None, 0.5))
        Traceback (most recent call last):
        smokkel_nlp.errors.InputError: the record was made without its text; classify with keep_text=True, or cut from the text itself
        """
        if self.text is None:
            raise InputError("the record was made without its text; classify with keep_text=True, or cut from the text itself")
        return self.text[part.start : part.end]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers, ready for JSON or a data frame.

        ``text`` only where it was kept, ``carried`` where there is any, and ``explanation`` where it was asked for; beside an explanation,
        ``text`` is None where it was not kept.
        """
        data = {
            **self.__getstate__(),
            "reasons": list(self.reasons),
            "offences": {label: _part(result) for label, result in self.offences.items()},
            "modi_operandi": [_part(mo) for mo in self.modi_operandi],
            "elements": [_part(element) for element in self.elements],
            "versions": dict(vars(self.versions)),
            "thresholds": dict(self.thresholds),
            "carried": _plain(self.carried),
        }
        if not self.carried:
            del data["carried"]
        if self.explanation is not None:
            data["explanation"] = {label: _part(told) for label, told in self.explanation.items()}
            return data
        del data["explanation"]
        if self.text is None:
            del data["text"]
        return data

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_row(self) -> dict[str, Any]:
        """Return a flat row of strings and numbers, for a data frame or a CSV file.

        Its columns are :data:`ROW_COLUMNS`: ``uncertain`` tells that the library abstains, ``tags`` and ``reasons`` are joined with ``;``.
        After them comes ``text`` where it was kept, and the carried fields under their own names. Passages are in ``to_dict`` only.

        Raises
        ------
        InputError
            If a carried field has the name of a column.

        Examples
        --------
        >>> row = replace(CaseAnalysis.from_json(EXAMPLE_JSON), id="zaak-1", carried={"datum": "2024-05-01"}).to_row()
        >>> row["id"], row["offence"], row["probability_mensenhandel"], row["tags"], row["datum"]
        ('zaak-1', 'geen', 0.01, '', '2024-05-01')
        """
        row: dict[str, Any] = {
            "id": self.id,
            "offence": self.offence,
            "offence_forced": self.offence_forced,
            "uncertain": self.offence == "onzeker",
            **{f"probability_{name}": result.probability for name, result in self.offences.items()},
            **{f"status_{name}": result.status for name, result in self.offences.items()},
            "tags": ";".join(mo.tag for mo in self.modi_operandi),
            "reasons": ";".join(self.reasons),
            "n_chars": self.n_chars,
            "prior": self.prior,
            **{f"version_{item.name}": getattr(self.versions, item.name) for item in fields(self.versions)},
            "schema": self.schema,
            "note": self.note,
        }
        if self.text is not None:
            row["text"] = self.text
        check_carried(self.carried)
        return {**row, **self.carried}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the record from what ``to_dict`` gave; unknown keys are passed over, and fields that have a default may be missing.

        Raises
        ------
        InputError
            If a field is missing or does not hold what the JSON Schema says, or a passage does not fit its place; the message names record
            and field, never what it holds.

        Examples
        --------
        >>> CaseAnalysis.from_dict({**json.loads(EXAMPLE_JSON), "id": "zaak-1", "n_chars": "twaalf"})
        Traceback (most recent call last):
        smokkel_nlp.errors.InputError: not a result of this library: record 'zaak-1', field 'n_chars' is a str, not a whole number from 0; \
mend it or leave the record out
        """
        if not isinstance(data, Mapping):
            raise InputError(f"not a result of this library: a {type(data).__name__}, not an object; mend it or leave it out")
        kind: type = cls
        try:
            case: Self = _make(kind)(dict(data))
        except Unfit as error:
            raise not_a_record(data, error.path, error.reason) from None
        for path, parts in case._passages():
            for number, part in enumerate(parts):
                if part.end - part.start != len(part.text) or (case.text is not None and case.text[part.start : part.end] != part.text):
                    raise not_a_record(data, f"{path}.evidence[{number}]", "is a passage that does not stand at its place")
        return case

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Build the record from one line of JSON.

        Raises
        ------
        InputError
            If it is no whole JSON, or as :meth:`from_dict`.
        """
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError("not a result of this library: not a whole line of JSON; mend or remove it") from None
        return cls.from_dict(data)

    def _passages(self) -> Iterator[tuple[str, Sequence[Evidence]]]:
        """Yield all passages with the path of the field that holds them."""
        for name, result in self.offences.items():
            yield f"offences.{name}", result.evidence
        for field_ in ("modi_operandi", "elements"):
            for number, part in enumerate(getattr(self, field_)):
                yield f"{field_}[{number}]", part.evidence


@lru_cache(maxsize=4)
def _make(cls: type) -> Make:
    """Return what makes a record of plain data."""
    schema = json_schema()
    schema["properties"]["schema"] = {"enum": _READ}
    classes = {"": cls, "evidence": Evidence, "offence": OffenceResult, "modus_operandi": ModusOperandi, "element": ElementResult,
               "versions": Versions, "explanation": Explanation, "passage_share": PassageShare, "section_share": SectionShare,
               "mention_share": MentionShare}  # fmt: skip
    return maker(schema, classes)


def not_a_record(data: Mapping[str, Any], path: str, reason: str) -> InputError:
    """Return the error that tells which field of which record is not as it should be, without what it holds."""
    record = f"record '{data['id']}'" if is_name(data.get("id")) else "a record"
    return InputError(f"not a result of this library: {record}, field '{path}' {reason}; mend it or leave the record out")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what :meth:`CaseAnalysis.to_dict` gives.

    Examples
    --------
    >>> schema = json_schema()
    >>> schema["properties"]["schema"] == {"const": SCHEMA_VERSION}
    True
    """
    return dict(json.loads(files("smokkel_nlp.resources").joinpath("record.schema.json").read_text(encoding="utf8")))


def check_carried(names: Iterable[str]) -> None:
    """Refuse carried fields that have the name of a column of a flat row.

    Raises
    ------
    InputError
        With the first such name.

    Examples
    --------
    >>> check_carried(["datum", "offence"])
    Traceback (most recent call last):
    smokkel_nlp.errors.InputError: carried field 'offence' has the name of a column of the results; rename it in the input
    """
    for name in names:
        if name in ROW_COLUMNS or name == "text":
            raise InputError(f"carried field '{name}' has the name of a column of the results; rename it in the input")


_LISTS = frozenset(("evidence", "window", "passages", "mentions", "sections"))


def _part(record: Any) -> dict[str, Any]:
    """Return a part of a record as a dict; written out, since ``dataclasses.asdict`` copies every value it meets."""
    data = dict(vars(record))
    for name in _LISTS & data.keys():
        if data[name] is not None:
            data[name] = [item if isinstance(item, int) else _part(item) for item in data[name]]
    return data


def _plain(value: Any) -> Any:
    """Return a copy of what the user handed on, in plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


EXAMPLE_JSON = (
    '{"id": null, "offence": "geen", "offence_forced": "geen", "reasons": [], "offences": {"mensensmokkel": {"label": 0, '
    '"probability": 0.02, "uncertain": false, "status": null, "evidence": []}, "mensenhandel": {"label": 0, "probability": 0.01, '
    '"uncertain": false, "status": null, "evidence": []}}, "modi_operandi": [], "elements": [], "n_chars": 12, "versions": '
    '{"library": "0", "model": "0", "taxonomy": "0", "guideline": "0"}, "note": "", "schema": "1.2"}'
)
