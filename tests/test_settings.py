"""A prior and thresholds of the user's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy

import smokkel_nlp
from smokkel_nlp.classifier import CaseClassifier
from smokkel_nlp.cli import main
from smokkel_nlp.errors import InputError, ModelError
from smokkel_nlp.model import load_model, save_model
from smokkel_nlp.records import CaseAnalysis

TEXT = "Verdachte is veroordeeld voor mensensmokkel: hij bracht acht migranten in een bestelbus over de grens."


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def test_a_prior_shifts_the_log_odds_of_the_offences(prior_model: Path) -> None:
    texts = [TEXT, "De winkelier verkocht een fiets aan zijn buurman.", "Zij moest in het bordeel werken en haar geld afstaan."]
    before, after = (smokkel_nlp.load(model=prior_model, prior=prior) for prior in (None, 0.01))
    for text in texts:
        old, new = before(text).cats, after(text).cats
        for offence, learnt in (("mensensmokkel", 0.4), ("mensenhandel", 0.2)):
            assert logit(new[offence]) - logit(old[offence]) == pytest.approx(logit(0.01) - logit(learnt), abs=1e-4)
        assert all(new[tag] <= old[tag] + 1e-9 for tag in old if old[tag] > 0.5)


def test_the_prior_of_the_training_texts_changes_nothing(prior_model: Path) -> None:
    model = load_model(prior_model)
    same = model.under(0.4, {})
    assert same.calibration[0] == pytest.approx(model.calibration[0], abs=1e-6)
    assert same.calibration[1, 1] > model.calibration[1, 1]
    assert np.array_equal(same.calibration[2:], model.calibration[2:])


def test_labels_classes_and_tags_follow_the_prior(prior_model: Path) -> None:
    [usual] = smokkel_nlp.classify([TEXT], model=prior_model)
    [rare] = smokkel_nlp.classify([TEXT], model=prior_model, prior=1e-9)
    assert (usual.offence_forced, rare.offence_forced) == ("mensensmokkel", "geen")
    assert rare.offences["mensensmokkel"].probability < 0.01
    [before], [after] = usual.modi_operandi, rare.modi_operandi
    assert (before.tag, after.tag) == ("transport_land", "transport_land")
    assert after.probability < before.probability
    assert (usual.prior, rare.prior) == (None, 1e-9)
    assert CaseAnalysis.from_json(rare.to_json()) == rare


def test_an_explanation_sums_under_a_prior(prior_model: Path) -> None:
    [usual] = smokkel_nlp.classify([TEXT], model=prior_model, explain=True)
    [case] = smokkel_nlp.classify([TEXT], model=prior_model, explain=True, prior=0.01)
    for told in case.explanation.values():
        assert told.constant + sum(share.value for share in told.passages) == pytest.approx(told.score, abs=1e-5)
        assert 1 / (1 + np.exp(-told.slope * told.score - told.offset)) == pytest.approx(told.probability, abs=1e-6)
    assert case.explanation["mensensmokkel"].score == usual.explanation["mensensmokkel"].score
    assert case.explanation["transport_land"].about < usual.explanation["transport_land"].about


@pytest.mark.parametrize("prior", [0, 1, -0.1, 1.5, float("nan"), "0.1", True])
def test_a_prior_outside_0_and_1_is_refused(prior: Any) -> None:
    with pytest.raises(InputError, match="give a share between 0 and 1"):
        smokkel_nlp.load(prior=prior)
    with pytest.raises(InputError, match="give a share between 0 and 1"):
        list(smokkel_nlp.classify([TEXT], prior=prior))


def test_a_model_that_cannot_take_a_prior_says_so(prior_model: Path) -> None:
    model = load_model(prior_model)
    with pytest.raises(ModelError, match="does not hold the prior of its training texts"):
        replace(model, prior=None).under(0.01, {})
    with pytest.raises(ModelError, match="learnt an offence from no text"):
        replace(model, prior=np.zeros(len(model.labels))).under(0.01, {})
    assert replace(model, prior=None).under(None, {"onderdak": 0.5}).thresholds[model.labels.index("onderdak")] == 0.5


def test_a_model_is_stored_with_the_prior_of_its_training_texts(tmp_path: Path) -> None:
    texts = [TEXT, "Hij stal een fiets.", "Zij werd gedwongen tot prostitutie.", "De markt was open."] * 6
    labels = [["mensensmokkel", "transport_land"], [], ["mensenhandel", "seksuele_uitbuiting"], []] * 6
    classifier = CaseClassifier().fit(texts, labels)
    core = classifier.core_
    names = ("coef", "intercept", "gate", "calibration", "thresholds", "margins", "prior")
    save_model(tmp_path, "0", classifier.vectorizer_, {name: getattr(core, f"{name}_") for name in names}, {}, {})
    model = load_model(tmp_path)
    assert model.prior is not None
    assert model.prior[:2].tolist() == [0.25, 0.25]
    assert model.under(0.01, {}).calibration[0, 1] == pytest.approx(model.calibration[0, 1] + logit(0.01) - logit(0.25))


def test_thresholds_decide_labels_and_tags() -> None:
    [usual] = smokkel_nlp.classify([TEXT])
    [mo] = [mo for mo in usual.modi_operandi if mo.tag == "transport_land"]
    high = min(mo.probability + (1 - mo.probability) / 2, 1 - 1e-9)
    [strict] = smokkel_nlp.classify([TEXT], thresholds={"transport_land": high, "mensensmokkel": 1 - 1e-9}, explain=True)
    assert "transport_land" not in [mo.tag for mo in strict.modi_operandi]
    assert (usual.offence_forced, strict.offence_forced) == ("mensensmokkel", "geen")
    assert strict.offences["mensensmokkel"].probability == usual.offences["mensensmokkel"].probability
    assert strict.thresholds == {"transport_land": high, "mensensmokkel": 1 - 1e-9}
    assert strict.explanation["mensensmokkel"].threshold == 1 - 1e-9
    [loose] = smokkel_nlp.classify([TEXT], thresholds={"mensenhandel": 1e-9})
    assert loose.offence_forced == "beide"


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ({"mensensmokel": 0.7}, "'mensensmokel' is no label of the model .* did you mean 'mensensmokkel'"),
        ({"onderdak": 1.0}, "'onderdak' is 1.0; give a probability between 0 and 1"),
        ({"onderdak": 0}, "give a probability between 0 and 1"),
        ({"onderdak": "half"}, "give a probability between 0 and 1"),
        ({3: 0.5}, "'3' is no label"),
        ([("onderdak", 0.5)], "thresholds is a list; give labels with probabilities"),
    ],
)
def test_wrong_thresholds_are_refused(thresholds: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        smokkel_nlp.load(thresholds=thresholds)
    with pytest.raises(InputError, match=message):
        list(smokkel_nlp.classify([TEXT], thresholds=thresholds))


def test_settings_travel(prior_model: Path, tmp_path: Path) -> None:
    nlp = smokkel_nlp.load(model=prior_model, prior=0.01, thresholds={"mensensmokkel": 0.9})
    case = nlp(TEXT)._.case
    assert (case.prior, case.thresholds) == (0.01, {"mensensmokkel": 0.9})
    nlp.to_disk(tmp_path / "een")
    assert spacy.load(tmp_path / "een")(TEXT)._.case == case
    assert smokkel_nlp.load(base=tmp_path / "een")(TEXT)._.case == case
    assert smokkel_nlp.load(base=tmp_path / "een", prior=0.05)(TEXT)._.case.prior == 0.05
    copy = spacy.blank("nl")
    for name in nlp.pipe_names:
        copy.add_pipe(name)
    copy.from_bytes(nlp.to_bytes())
    assert copy(TEXT)._.case == case
    assert [doc._.case for doc in nlp.pipe([TEXT] * 3, n_process=2)] == [case] * 3
    assert list(smokkel_nlp.classify([TEXT] * 3, n_jobs=2, model=prior_model, prior=0.01, thresholds={"mensensmokkel": 0.9})) == [case] * 3


def test_a_pipeline_stored_before_there_were_settings_has_none(tmp_path: Path) -> None:
    smokkel_nlp.load(thresholds={"mensensmokkel": 0.9}).to_disk(tmp_path / "een")
    (tmp_path / "een" / "smokkel_classify" / "settings.json").unlink()
    assert spacy.load(tmp_path / "een")(TEXT)._.case.thresholds == {}


def test_command_line_takes_a_prior(prior_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf8")
    arguments = [str(tmp_path / "a.txt"), "--model", str(prior_model), "--prior"]
    assert main(["classify", *arguments, "1e-9"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["prior"], record["offence_forced"]) == (1e-9, "geen")
    assert main(["explain", *arguments, "1e-9"]) == 0
    assert "geen" in capsys.readouterr().out.splitlines()[0]
    for command in ("classify", "explain"):
        assert main([command, *arguments, "2"]) == 2
        assert "prior is 2.0; give a share between 0 and 1" in capsys.readouterr().err


def test_a_stored_pipeline_keeps_the_settings_that_are_not_given(tmp_path: Path) -> None:
    smokkel_nlp.load(thresholds={"mensensmokkel": 0.9}).to_disk(tmp_path / "een")
    settings = smokkel_nlp.load(tmp_path / "een", explain=True, thresholds={"onderdak": 0.6}).get_pipe("smokkel_classify").settings
    assert settings.explain
    assert dict(settings.thresholds) == {"mensensmokkel": 0.9, "onderdak": 0.6}
