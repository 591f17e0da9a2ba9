"""The spaCy side: components, what survives processes and files, the record."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin

import smokkel_nlp
from smokkel_nlp.errors import InputError
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.store import Stored
from smokkel_nlp.taxonomy import load_taxonomy

TEXT = (
    "Verdachte is veroordeeld voor mensensmokkel. Hij vervoerde acht migranten in de laadruimte van een bestelbus over de grens "
    "en vroeg 2.000 euro per persoon. Van seksuele uitbuiting is niet gebleken."
)
NOISE = st.sampled_from(
    ["mensensmokkel ", "mensen-\nsmokkel ", "seksuele uit\u00adbuiting ", "gedwongen prostitutie. ", "Datum\n", "3 mei 2024\n", "migranten in de laad-\r\nruimte ",
     "rubber\u200bboot aan de kust ", "PASPOORT AFGEPAKT ", "geen ", "\n\n", "hij ", "2.000 euro per persoon ", "🚤 ", "ﬁets ", "cafe\u0301 ", "\x00", "\t", "Expertisecentrum Mensenhandel en Mensensmokkel "]
)  # fmt: skip


def passages(case: CaseAnalysis) -> list[tuple[int, int, str]]:
    groups = [*case.offences.values(), *case.modi_operandi, *case.elements]
    return [(e.start, e.end, e.text) for group in groups for e in group.evidence]


def summary(doc: Doc) -> list[tuple[str, str, str, str, str]]:
    return [(s.text, s.label_, s._.status, s._.source, s._.cue) for name in ("modus_operandi", "offences") for s in doc.spans[name]]


def test_results_live_where_spacy_users_look(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert set(doc.cats) == set(load_taxonomy().labels)
    assert all(0 <= value <= 1 for value in doc.cats.values())
    found = {(span.label_, span._.status) for span in doc.spans["modus_operandi"]}
    assert ("seksuele_uitbuiting", "ontkend") in found
    assert any(label == "transport_land" and status != "ontkend" for label, status in found)
    assert doc._.case.offence_forced in ("mensensmokkel", "mensenhandel", "beide", "geen")
    assert doc._.case.n_chars == len(TEXT)


def test_names_of_organisations_are_no_evidence(nlp: Language) -> None:
    doc = nlp("Het Expertisecentrum Mensenhandel en Mensensmokkel en CoMensha hielden een open dag. De commissie Mensenhandel kwam niet.")
    assert len(doc.spans["offences"]) == 0
    assert len(doc.spans["modus_operandi"]) == 0


def test_survives_processes_and_docbin(nlp: Language) -> None:
    texts = [TEXT, "Er stonden rubberboten op het strand voor een overtocht naar Engeland.", "", "Gewone dag."] * 3
    alone = [nlp(text) for text in texts]
    processes = list(nlp.pipe(texts, n_process=2, batch_size=2))
    box = DocBin(docs=alone, store_user_data=True)
    box = DocBin().from_bytes(box.to_bytes())
    stored = list(box.get_docs(spacy.blank("nl").vocab))
    for doc, other, third in zip(alone, processes, stored, strict=True):
        assert summary(doc) == summary(other) == summary(third)
        assert doc._.case == other._.case == third._.case
        assert doc.cats == other.cats == third.cats
        again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
        assert summary(again) == summary(doc)


def test_survives_a_move(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "een")
    (tmp_path / "een").rename(tmp_path / "twee")
    moved = spacy.load(tmp_path / "twee")
    assert moved(TEXT)._.case == nlp(TEXT)._.case
    copy = spacy.blank("nl")
    for name in nlp.pipe_names:
        copy.add_pipe(name)
    copy.from_bytes(nlp.to_bytes())
    assert copy(TEXT)._.case == nlp(TEXT)._.case


def test_mentions_with_equal_offsets_keep_their_own_payload(nlp: Language) -> None:
    doc = nlp("Zij werd slachtoffer van gedwongen prostitutie en moest haar verdiensten afstaan aan hem.")
    spans = list(doc.spans["modus_operandi"])
    attrs = doc.spans["modus_operandi"].attrs
    assert len(attrs) == len(spans)
    assert [attrs[str(span.id)]["label"] for span in spans] == [span.label_ for span in spans]


def test_components_work_without_importing_the_package() -> None:
    code = "import spacy; nlp = spacy.blank('nl'); nlp.add_pipe('smokkel_mentions'); print(len(nlp('drie rubberboten').spans['modus_operandi']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_import_is_lazy() -> None:
    code = "import sys, smokkel_nlp; print([m for m in ('spacy', 'sklearn', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_base_pipeline(shared: Path) -> None:
    nlp = smokkel_nlp.load(base=shared / "pipelines" / "nl_ud_sm")
    doc = nlp(TEXT)
    assert doc.has_annotation("DEP")
    assert doc._.case == smokkel_nlp.load()(TEXT)._.case


def test_missing_base_gives_the_install_line() -> None:
    with pytest.raises(InputError, match="python -m spacy download nl_bestaat_niet_sm"):
        smokkel_nlp.load(base="nl_bestaat_niet_sm")


def test_base_of_another_language(tmp_path: Path) -> None:
    spacy.blank("de").to_disk(tmp_path / "de")
    with pytest.raises(InputError, match="language 'de'"):
        smokkel_nlp.load(base=tmp_path / "de")


def test_record_round_trip_and_json(nlp: Language) -> None:
    case = nlp(TEXT)._.case
    assert CaseAnalysis.from_json(case.to_json()) == case
    data = json.loads(case.to_json())
    assert data["versions"]["library"] == smokkel_nlp.library_version()
    assert "lees de passage" in data["note"]
    assert "text" not in data


def test_elements_belong_to_the_offence(nlp: Language) -> None:
    case = nlp(TEXT)._.case
    assert all(case.offences[element.offence].label for element in case.elements)


@settings(max_examples=150, deadline=None)
@given(st.lists(NOISE, max_size=25).map("".join))
def test_passages_are_cut_from_the_original(text: str) -> None:
    [case] = smokkel_nlp.classify([text])
    for start, end, passage in passages(case):
        assert text[start:end] == passage
        assert passage.strip()


@pytest.mark.parametrize("text", ["", "   \n", "\u200b"])
def test_empty_text_is_uncertain(text: str) -> None:
    [case] = smokkel_nlp.classify([text])
    assert (case.offence, case.reasons) == ("onzeker", ("leeg",))


def test_other_language_is_uncertain() -> None:
    [case] = smokkel_nlp.classify(["The suspect was arrested after he had brought the family across the border of the country."])
    assert (case.offence, case.reasons) == ("onzeker", ("geen Nederlands",))


@pytest.mark.parametrize("bad", [None, 3, b"tekst", ["tekst"]])
def test_non_string_names_the_record(bad: object) -> None:
    with pytest.raises(InputError, match=r"text no. 1 is a \w+; give a str"):
        list(smokkel_nlp.classify(["goed", bad]))  # type: ignore[list-item]


def test_one_string_is_no_list_of_texts() -> None:
    with pytest.raises(InputError, match=r"such as \[text\]"):
        list(smokkel_nlp.classify("tekst"))


def test_too_long_text_is_named_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    from smokkel_nlp import batch

    nlp = smokkel_nlp.load()
    nlp.max_length = 10
    monkeypatch.setattr(batch, "pipeline", lambda *_: nlp)
    with pytest.raises(InputError) as caught:
        list(smokkel_nlp.classify(["een geheime tekst over iets"]))
    assert "geheime" not in str(caught.value)
    assert "27 characters" in str(caught.value)


def test_jobs_give_the_same_records_in_order() -> None:
    texts = [f"Tekst {n}: mensensmokkel met een rubberboot." for n in range(150)]
    assert list(smokkel_nlp.classify(texts, n_jobs=2)) == list(smokkel_nlp.classify(texts))


def test_five_megabytes(nlp: Language) -> None:
    text = (TEXT + "\n\n") * (5_000_000 // (len(TEXT) + 2) // 8)
    text += "x" * (5_000_000 - len(text))
    [case] = smokkel_nlp.classify([text])
    assert case.n_chars == 5_000_000
    assert all(text[start:end] == passage for start, end, passage in passages(case)[:50])


def test_letter_of_2023(shared: Path) -> None:
    text = (shared / "domein" / "beleidsbrief_2023.txt").read_text(encoding="utf8")
    [case] = smokkel_nlp.classify([text])
    smokkel = case.offences["mensensmokkel"]
    assert (smokkel.label, smokkel.status) == (1, "hypothetisch")
    tags = {mo.tag: mo.status for mo in case.modi_operandi}
    wanted = "online_werving valse_documenten drugssmokkel wapensmokkel inzet_migranten crimineel_netwerk seksuele_uitbuiting arbeidsuitbuiting criminele_uitbuiting orgaanhandel"
    assert {tag: tags.get(tag) for tag in wanted.split()} == dict.fromkeys(wanted.split(), "hypothetisch")
    assert not set(tags) & {"loverboymethode", "schuldbinding", "financiele_constructie", "misbruik_verblijfsrecht"}
    assert set(tags) <= {*wanted.split(), "levensgevaar", "transport_land"}
    for start, end, passage in passages(case):
        assert text[start:end] == passage
        assert "Expertisecentrum" not in passage


def test_pipelines_in_use_share_what_is_made_of_one_model(prior_model: Path, tmp_path: Path) -> None:
    def made(nlp: Language) -> tuple[object, ...]:
        nlp("Een fiets.")
        mentions, assertion, classify = (nlp.get_pipe(f"smokkel_{name}") for name in ("mentions", "assertion", "classify"))
        return mentions.spotter, assertion.weigher, classify._stored_model  # type: ignore[attr-defined]

    one = smokkel_nlp.load()
    wanted = made(one)
    one.to_disk(tmp_path / "een")
    for other in (smokkel_nlp.load(prior=None, thresholds={"onderdak": 0.9}), spacy.load(tmp_path / "een")):
        assert all(a is b for a, b in zip(made(other), wanted, strict=True))
    spotter, _, model = made(smokkel_nlp.load(model=prior_model))
    assert spotter is wanted[0]  # its files are the same
    assert model is not wanted[2]


def test_what_no_pipeline_uses_is_let_go(prior_model: Path) -> None:
    nlp = smokkel_nlp.load(model=prior_model)
    nlp("Een fiets.")
    kept = weakref.ref(nlp.get_pipe("smokkel_classify")._stored_model)  # type: ignore[attr-defined]
    assert kept() is not None
    del nlp
    gc.collect()
    assert kept() is None


def test_nothing_is_read_from_the_model_before_the_first_text() -> None:
    nlp = smokkel_nlp.load()
    parts = [nlp.get_pipe(name) for name in nlp.pipe_names]
    assert [part._files for part in parts if isinstance(part, Stored)] == [None, None, None]
    nlp("Hij bracht zes mensen over de grens.")
    assert all(part._files for part in parts if isinstance(part, Stored))


def test_a_long_text_is_told_by_the_window_that_says_most(nlp: Language) -> None:
    case = (
        "Verdachte bracht negen migranten zonder papieren in een vrachtwagen over de grens. Zij zaten verstopt achter een wand van dozen. "
        "Ieder betaalde de smokkelaars daarvoor 3.000 euro. De rechtbank veroordeelt hem voor mensensmokkel, artikel 197a. "
    )
    other = "De raad stelde de begroting van de gemeente vast. Over het zwembad werd gestemd na een schorsing. " * 30
    text = f"{other}{case}{other}"
    found = nlp(text)._.case.offences["mensensmokkel"]
    start = text.index("Verdachte")
    assert found.label == nlp(case)._.case.offences["mensensmokkel"].label == 1
    assert found.window is not None
    assert found.window[0] <= start < found.window[1]
    assert nlp(case)._.case.offences["mensensmokkel"].window is None
    assert nlp(other)._.case.offence_forced == "geen"
