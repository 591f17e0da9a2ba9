from __future__ import annotations

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from smokkel_nlp.reading import read
from smokkel_nlp.text import clean_text, is_dutch, without_offence_names

LETTER = """Directie Toezicht
De inspectie zag dat de bewoners van het pand iedere ochtend met een
Datum
busje naar een kas werden gebracht en daar tot in de avond bleven zonder
3 mei 2024
dat iemand hun uitlegde hoe lang zij nog moesten blijven werken voor hun
Ons kenmerk
12345
reis."""

PIECES = st.sampled_from(
    [
        "mensen",
        "smokkel",
        "vracht-\n",
        "wagen",
        "\u00ad",
        "\u200b",
        "\r\n",
        "\n\n",
        " ",
        "é",
        "e\u0301",
        "ﬁ",
        "“",
        "\t",
        "Datum\n",
        "Pagina 2 van 9\n",
        "🚤",
        "-",
        ".",
        "\ufeff",
        "AANGETROFFEN ",
        "\x96",
        "\u202e",
    ]
)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("een vracht-\nwagen", "een vrachtwagen"),
        ("een vracht-\r\n   wagen", "een vrachtwagen"),
        ("Immigratie-\nen Naturalisatiedienst", "Immigratie- en Naturalisatiedienst"),
        ("mensen\u00adsmokkel", "mensensmokkel"),
        ("p\u200ba\u200bs", "pas"),
        ("\ufefftekst", "tekst"),
        ("ge\u0308talletjes", "gëtalletjes"),
        ("zei: ‘kom mee’", "zei: 'kom mee'"),
        ("hij liep\nnaar huis", "hij liep naar huis"),
        ("", ""),
        (" \r\n\t ", ""),
    ],
)
def test_cleaning_undoes_layout(raw: str, clean: str) -> None:
    assert clean_text(raw).text == clean


def test_letterhead_lines_leave_the_sentence_whole() -> None:
    clean = clean_text(LETTER).text
    assert "met een busje naar een kas" in clean
    assert "zonder dat iemand" in clean
    assert "voor hun reis." in clean
    assert "kenmerk" not in clean


def test_short_lines_of_a_chat_stay_apart() -> None:
    assert clean_text("vertrek morgen\nPrijs 500\nbel mij").text == "vertrek morgen\nPrijs 500 bel mij"


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200), st.data())
def test_every_range_maps_into_the_original(raw: str, data: st.DataObject) -> None:
    clean = clean_text(raw)
    if not clean.text:
        return
    start = data.draw(st.integers(0, len(clean.text) - 1))
    end = data.draw(st.integers(start + 1, len(clean.text)))
    first, last = clean.to_original(start, end)
    assert 0 <= first < last <= len(raw)
    whole = clean.to_original(0, len(clean.text))
    assert whole[0] <= first
    assert last <= whole[1]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc ,.", min_size=1, max_size=80))
def test_plain_text_maps_to_itself(raw: str) -> None:
    clean = clean_text(raw)
    for start in range(len(clean.text)):
        first, last = clean.to_original(start, start + 1)
        assert raw[first:last] == clean.text[start]


def test_sentences_do_without_capitals() -> None:
    nlp = spacy.blank("nl")
    reading = read(nlp.make_doc("zag busje. vt verb. reed weg. nr. 5"), nlp.tokenizer)
    assert reading.sentence_bounds.tolist() == [0, 3, 9, 11]
    named = read(nlp.make_doc("J. de Vries zag art. 3.\n\nNieuwe regel!"), nlp.tokenizer)
    assert [named.lower[start] for start, _ in named.sentences] == ["j.", "\n\n", "nieuwe"]


@pytest.mark.parametrize(
    ("text", "dutch"),
    [
        ("de man bracht zes mensen over de grens", True),
        ("mensensmokkel", True),
        ("the man brought six people across the border and was arrested", False),
        ("der Mann hat die Leute mit dem Auto nicht über die Grenze gebracht", False),
        ("l'homme a conduit les gens dans une voiture et il est parti avec des amis", False),
        ("12 34 56", False),
    ],
)
def test_language_guard(text: str, dutch: bool) -> None:
    assert is_dutch(text.lower().split()) is dutch


def test_offence_names_are_deleted_without_a_trace() -> None:
    text = "Mensenhandelaren, mensen-smokkel, art. 273f en human trafficking; smokkelaars blijven."
    bare = without_offence_names(text)
    assert "smokkelaars blijven" in bare
    assert not any(name in bare.lower() for name in ("mensenhandel", "mensen-smokkel", "273f", "trafficking"))
