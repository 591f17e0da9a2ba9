"""The component that answers: ``doc.cats``, and the case record behind ``doc._.case``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import srsly
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components.mentions import GROUPS, MentionsComponent, payload
from smokkel_nlp.components.outcome import describe_outcome
from smokkel_nlp.components.overlay import note_of
from smokkel_nlp.components.sections import SECTIONS
from smokkel_nlp.components.weighing import FILES, OFFENCES, Feature, Weights, unpack
from smokkel_nlp.errors import InputError
from smokkel_nlp.reading import forget, read
from smokkel_nlp.records import CaseAnalysis, ElementResult, Evidence, Explanation, ModusOperandi, OffenceResult, Versions
from smokkel_nlp.settings import Settings
from smokkel_nlp.store import CLASSIFIER_FILES, Stored
from smokkel_nlp.taxonomy import OFFENCE_IDS, Taxonomy, class_of, load_taxonomy, makes_tag
from smokkel_nlp.text import is_dutch

if TYPE_CHECKING:
    from smokkel_nlp.features import Material
    from smokkel_nlp.model import Model
    from smokkel_nlp.windows import Window

CASE = "smokkel_case"
SETTINGS_FILE = "settings.json"
_MIN_WORDS = 4
_STRENGTH = ("bewezen", "feitelijk", "vermoed", "hypothetisch", "historisch", "ontkend")


def library_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("smokkel_nlp")
    except PackageNotFoundError:  # pragma: no cover - running from a bare folder
        return "0+unknown"


class _Mention(NamedTuple):
    """A mention as the record shows it."""

    label: str
    status: str
    source: str
    evidence: Evidence


def strongest(statuses: Iterable[str]) -> str | None:
    """Return the status that a tag or element takes from its mentions.

    Examples
    --------
    >>> strongest(["vermoed", "ontkend"])
    'vermoed'
    """
    return min(statuses, key=_STRENGTH.index, default=None)


def analyse(
    doc: Doc, item: Material, model: Model, outcome: Weights, taxonomy: Taxonomy, settings: Settings
) -> tuple[dict[str, float], CaseAnalysis]:
    """Classify one read Doc; returns the probabilities by label and the record, yet without an explanation."""
    decision = model.decide(item)
    odds = decision.odds
    cats = {label: float(value) for label, value in zip(model.labels, 1 / (1 + np.exp(-np.clip(odds, -35, 35))), strict=True)}
    given = odds >= model.cuts
    uncertain = np.abs(odds - model.cuts) < model.margins
    note, mentions = note_of(doc), {kind: mentions_of(doc, name) for kind, name in GROUPS.items()}
    # A tag that the classifier gives without a mention shows the sentence that moved it most.
    bare = [
        label for label, holds in zip(model.labels, given, strict=True)
        if holds and not any(m.label == label for kind in ("offence", "tag") for m in mentions[kind])
    ]  # fmt: skip
    sentence = _best_sentences(doc, item, model, [label for label in bare if decision.window_of(label) is None])
    for label in bare:
        if window := decision.window_of(label):
            sentence.update(_best_sentences(doc, window.item, model, [label]))
    unfit = _unfit(item)
    close = ["dicht bij de drempel"] if uncertain[: len(OFFENCE_IDS)].any() else []
    reasons = unfit or close
    offences = {}
    for k, offence in enumerate(OFFENCE_IDS):
        named = [m for m in mentions["offence"] if m.label == offence]
        evidence = tuple(m.evidence for m in named) if given[k] else ()
        offences[offence] = OffenceResult(
            label=int(given[k]),
            probability=round(cats[offence], 4),
            uncertain=bool(uncertain[k] or unfit),
            status=outcome(outcome_features(doc, item, offence))[0] if given[k] else None,
            evidence=evidence or tuple(sentence.get(offence, ())),
            window=_range(decision.windows[k]),
        )
    about = {offence for offence, result in offences.items() if result.label}
    modi = []
    for k, tag in enumerate(model.labels[len(OFFENCE_IDS) :], start=len(OFFENCE_IDS)):
        if given[k] and tag not in note.removed:
            own = [m for m in mentions["tag"] if m.label == tag]
            shown = tuple(m.evidence for m in own) or tuple(sentence.get(tag, ()))
            modi.append(ModusOperandi(tag, round(cats[tag], 4), strongest(m.status for m in own), shown))
    for tag in note.added:
        own = [m for m in mentions["tag"] if m.label == tag]
        if any(makes_tag(m.status, m.source, bool(about)) for m in own):
            modi.append(ModusOperandi(tag, None, strongest(m.status for m in own), tuple(m.evidence for m in own)))
    forced = class_of(*(offences[offence].label for offence in OFFENCE_IDS))
    case = CaseAnalysis(
        id=None,
        offence="onzeker" if reasons else forced,
        offence_forced=forced,
        reasons=tuple(reasons),
        offences=offences,
        modi_operandi=tuple(sorted(modi, key=lambda mo: -(mo.probability or 0.0))),
        elements=_elements(mentions, taxonomy, about),
        n_chars=len(doc.text),
        versions=Versions(library_version(), model.version, note.taxonomy or taxonomy.version, taxonomy.guideline),
        prior=settings.prior,
        thresholds=dict(settings.thresholds),
    )
    return cats, case


def outcome_features(doc: Doc, item: Material, offence: str) -> list[Feature]:
    """Return what is weighed for the status of an offence in a read Doc."""
    words = [word for sentence in item.sentences for word in sentence if word is not None]
    sections = [span.label_ for span in doc.spans.get(SECTIONS, ())]
    tags = load_taxonomy().tag_ids
    methods = [(status, source) for label, _, status, source, _ in item.mentions if label in tags]
    named = [(status, source) for label, _, status, source, _ in item.mentions if label == offence]
    return list(describe_outcome(words, sections, methods, named))


def mentions_of(doc: Doc, group: str) -> list[_Mention]:
    """Return the mentions of one span group as the record shows them."""
    found = []
    for span in doc.spans.get(group, ()):
        data = payload(span)
        evidence = Evidence(
            span.start_char, span.end_char, span.text, "mention", data.get("status"), data.get("source"), data.get("cue"),
            data.get("rule"), data.get("rule_start"), data.get("rule_end"),
        )  # fmt: skip
        found.append(_Mention(span.label_, data.get("status") or "feitelijk", data.get("source") or "overig", evidence))
    return found


def _range(window: Window | None) -> tuple[int, int] | None:
    return None if window is None else (window.item.spans[0][0], window.item.spans[-1][1])


def _best_sentences(doc: Doc, item: Material, model: Model, labels: Sequence[str]) -> dict[str, list[Evidence]]:
    if not labels or not item.spans:
        return {}
    columns = [model.labels.index(label) for label in labels]
    shares = model.vectorizer.sentence_shares(item) @ model.coef[:, columns]
    best = {}
    for label, column in zip(labels, shares.T, strict=True):
        start, end = item.spans[int(np.argmax(column))]
        text = doc.text[start:end]
        start += len(text) - len(text.lstrip())
        best[label] = [Evidence(start, start + len(text.strip()), text.strip(), "model")]
    return best


def _unfit(item: Material) -> list[str]:
    """Return why the text itself is no ground for an answer."""
    words = [word for sentence in item.sentences for word in sentence if word is not None]
    if not words:
        return ["leeg"]
    if any(mention[0] in OFFENCE_IDS for mention in item.mentions) and is_dutch(words):
        return []
    if not is_dutch(words):
        return ["geen Nederlands"]
    return ["te kort"] if len(words) < _MIN_WORDS else []


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


def case_of(doc: Doc) -> CaseAnalysis:
    """Return the record of a classified Doc, without a hold on its text."""
    return CaseAnalysis.from_json(doc.user_data[CASE])


def _shown(doc: Doc) -> CaseAnalysis | None:
    """Return the record as a person meets it: a notebook shows it in the text of the Doc."""
    return case_of(doc).beside(doc.text) if CASE in doc.user_data else None


def register_extensions() -> None:
    """Register ``doc._.case``; done at import of this module and safe to repeat."""
    Doc.set_extension("case", getter=_shown, force=True)


class ClassifyComponent(Stored):
    """Write ``doc.cats`` and the case record; the model is loaded at the first text."""

    names = (*CLASSIFIER_FILES, *FILES)

    def __init__(self, nlp: Language, settings: Settings) -> None:
        self._nlp = nlp
        self._taxonomy = load_taxonomy()
        self._settings = settings
        self._stored_model: Model | None = None
        self._model: Model | None = None
        self._outcome: Weights | None = None

    @property
    def settings(self) -> Settings:
        """What the user asks of it beside the answer."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings, self._model = settings, None

    @property
    def classifier(self) -> Model:
        """The model in use. Not named ``model``: spaCy asks components for that when they are added, and would load it then."""
        if self._stored_model is None:
            self.load_model(None)
        assert self._stored_model is not None
        if self._model is None:
            self._model = self._stored_model.under(self._settings.prior, dict(self._settings.thresholds))
        return self._model

    def take_files(self, raw: Mapping[str, bytes], where: str) -> None:
        """Build the model from the content of its files."""
        from smokkel_nlp.model import read_model

        self._stored_model, self._model = read_model(raw, where), None
        self._outcome = unpack(raw, OFFENCES)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return settings and the model's files as bytes."""
        return bytes(srsly.msgpack_dumps({"settings": self._settings.to_dict(), "model": super().to_bytes()}))

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Take settings and files from bytes."""
        stored = srsly.msgpack_loads(data)
        self.settings = Settings.of(**stored["settings"])
        return super().from_bytes(stored["model"])

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write settings and the model's files to a folder, so that a pipeline can move."""
        super().to_disk(path)
        (Path(path) / SETTINGS_FILE).write_text(json.dumps(self._settings.to_dict()) + "\n", encoding="utf8")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read settings and model from a folder."""
        stored = Path(path) / SETTINGS_FILE
        self.settings = Settings.of(**json.loads(stored.read_text(encoding="utf8"))) if stored.is_file() else Settings()
        return super().from_disk(path)

    def __call__(self, doc: Doc) -> Doc:
        """Classify a Doc whose mentions were found."""
        from smokkel_nlp.features import material

        model = self.classifier
        assert self._outcome is not None  # read with the model
        item = material(doc, self._nlp.tokenizer)
        cats, case = analyse(doc, item, model, self._outcome, self._taxonomy, self._settings)
        if self._settings.explain:
            case = replace(case, explanation=self._explain(doc, item, model, case))
        doc.cats.update(cats)
        forget()
        doc.user_data[CASE] = json.dumps(case.to_dict(), ensure_ascii=False)
        return doc

    def _explain(self, doc: Doc, item: Material, model: Model, case: CaseAnalysis) -> dict[str, Explanation]:
        """Explain the offences, and the tags that hold by their probability."""
        from smokkel_nlp.explanation import explain

        spotter = next((pipe.spotter for _, pipe in self._nlp.components if isinstance(pipe, MentionsComponent)), None)
        if spotter is None:
            raise InputError("an explanation needs the component that found the mentions; add 'smokkel_mentions' to the same pipeline")
        labels = [*OFFENCE_IDS, *(mo.tag for mo in case.modi_operandi if mo.probability is not None)]
        return explain(doc, read(doc, self._nlp.tokenizer), item, model, spotter, labels)


@Language.factory(
    "smokkel_classify", requires=["doc.spans"], assigns=["doc.cats"], default_config={"explain": False, "prior": None, "thresholds": None}
)
def create_classify(nlp: Language, name: str, explain: bool, prior: float | None, thresholds: dict[str, float] | None) -> ClassifyComponent:
    """Create the component that classifies."""
    return ClassifyComponent(nlp, Settings.of(explain, prior, thresholds))


register_extensions()
