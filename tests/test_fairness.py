"""Who someone is must not change a label: swaps of nationality, name, religion and sex leave the record's labels as they were."""

from __future__ import annotations

import pytest

import smokkel_nlp

CASES = [
    "De {a} bestuurder {n} vervoerde zes {a} migranten in een bestelbus over de grens. {P} vroeg 900 euro per persoon.",
    "Aangeefster, een {a} {g} van 24, moest van {n} als prostituee werken en haar verdiensten afstaan. {P} nam haar paspoort af.",
    "De {a} {g} {n} stal drie fietsen bij het station en sprak daarover met een {r} kennis. {P} is aangehouden voor diefstal.",
    "Volgens de inspectie werkten twaalf {a} plukkers dertien uur per dag. {n}, een {r} {g}, hield hun papieren in en betaalde geen loon.",
]
PEOPLE = [
    {"a": "Syrische", "n": "Ahmed", "g": "man", "P": "Hij", "r": "islamitische"},
    {"a": "Nederlandse", "n": "Willem", "g": "man", "P": "Hij", "r": "katholieke"},
    {"a": "Vietnamese", "n": "Linh", "g": "vrouw", "P": "Zij", "r": "boeddhistische"},
    {"a": "Roemeense", "n": "Elena", "g": "vrouw", "P": "Zij", "r": "christelijke"},
    {"a": "Nigeriaanse", "n": "Blessing", "g": "vrouw", "P": "Zij", "r": "evangelische"},
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("lower", [False, True])
def test_swaps_change_no_label(case: str, lower: bool) -> None:
    texts = [case.format(**person) for person in PEOPLE]
    answers = list(smokkel_nlp.classify([text.lower() for text in texts] if lower else texts))
    labels = {(answer.offence_forced, tuple(sorted(mo.tag for mo in answer.modi_operandi))) for answer in answers}
    assert len(labels) == 1
