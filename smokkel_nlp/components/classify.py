"""The component that answers: ``doc.cats``, and the case record behind ``doc._.case``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import srsly
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components.answer import Answer, Answerer
from smokkel_nlp.components.mentions import MentionsComponent
from smokkel_nlp.components.outcome import OutcomeWeigher
from smokkel_nlp.components.weighing import FILES, OFFENCES, unpack
from smokkel_nlp.errors import InputError
from smokkel_nlp.model import Model, read_model
from smokkel_nlp.reading import Batched, Reading, forget, read_all
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.settings import Settings
from smokkel_nlp.shares import Explanation
from smokkel_nlp.store import CLASSIFIER_FILES, Stored, shared
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy

CASE = "smokkel_case"
SETTINGS_FILE = "settings.json"


def case_of(doc: Doc) -> CaseAnalysis:
    """Return the record of a classified Doc, without a hold on its text."""
    stored = doc.user_data[CASE]
    known, case = _latest.cases.get(id(stored), (None, None))
    return case if known is stored and case is not None else CaseAnalysis.from_json(stored)


def _shown(doc: Doc) -> CaseAnalysis | None:
    """Return the record as a person meets it: a notebook shows it in the text of the Doc."""
    return case_of(doc).beside(doc.text) if CASE in doc.user_data else None


class _Latest(threading.local):
    """The records of the Docs that a thread answered for last, by what is stored on the Doc: most are asked for at once."""

    def __init__(self) -> None:
        self.cases: dict[int, tuple[str, CaseAnalysis]] = {}


_latest = _Latest()


def register_extensions() -> None:
    """Register ``doc._.case``; done at import of this module and safe to repeat."""
    Doc.set_extension("case", getter=_shown, force=True)


class ClassifyComponent(Batched, Stored):
    """Write ``doc.cats`` and the case record; the model is loaded at the first text."""

    names = (*CLASSIFIER_FILES, *FILES)

    def __init__(self, nlp: Language, settings: Settings) -> None:
        self._nlp = nlp
        self._taxonomy = load_taxonomy()
        self._settings = settings
        self._stored_model: Model | None = None
        self._model: Model | None = None
        self._outcome: OutcomeWeigher | None = None

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
        self._stored_model, self._model = shared("classifier", raw, lambda: read_model(raw, where)), None
        self._outcome = shared(OFFENCES, raw, lambda: OutcomeWeigher(unpack(raw, OFFENCES)))

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

    def run(self, docs: Sequence[Doc]) -> None:
        """Classify Docs whose mentions were found."""
        model = self.classifier
        assert self._outcome is not None  # read with the model
        reading = read_all(docs, self._nlp.tokenizer)
        answers = Answerer(model, self._outcome, self._taxonomy, self._settings)(docs, reading)
        _latest.cases = {}
        for doc, text, answer in zip(docs, reading.texts, answers, strict=True):
            case = answer.case
            if self._settings.explain:
                case = replace(case, explanation=self._explain(doc, text, model, answer))
            doc.cats.update(answer.cats)
            stored = doc.user_data[CASE] = case.to_json()
            _latest.cases[id(stored)] = stored, case
        forget()

    def _explain(self, doc: Doc, reading: Reading, model: Model, answer: Answer) -> dict[str, Explanation]:
        """Explain the offences, and the tags that hold by their probability."""
        from smokkel_nlp.explanation import explain

        spotter = next((pipe.spotter for _, pipe in self._nlp.components if isinstance(pipe, MentionsComponent)), None)
        if spotter is None:
            raise InputError("an explanation needs the component that found the mentions; add 'smokkel_mentions' to the same pipeline")
        labels = [*OFFENCE_IDS, *(mo.tag for mo in answer.case.modi_operandi if mo.probability is not None)]
        return explain(doc, reading, answer.decision, model, spotter, labels)


@Language.factory(
    "smokkel_classify", requires=["doc.spans"], assigns=["doc.cats"], default_config={"explain": False, "prior": None, "thresholds": None}
)
def create_classify(nlp: Language, name: str, explain: bool, prior: float | None, thresholds: dict[str, float] | None) -> ClassifyComponent:
    """Create the component that classifies."""
    return ClassifyComponent(nlp, Settings.of(explain, prior, thresholds))


register_extensions()
