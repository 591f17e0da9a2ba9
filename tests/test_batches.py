"""Several Docs are read at once as they are one by one, and a cleaned text is cut into the tokens that spaCy gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp import reading
from smokkel_nlp.components import READERS
from smokkel_nlp.components.mentions import SCORES, payload
from smokkel_nlp.cues import CueMatcher, parse_cue
from smokkel_nlp.lexicon import Lexicon
from smokkel_nlp.reading import Finder, read, read_all


def test_several_docs_are_read_as_one_by_one(nlp: Language, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [
        "",
        "\n",
        "Art.",
        ". Hij reed weg",
        "de vracht-\nwagen reed over de grens",
        "hij ontkent dat \u00ad hij haar sloeg",
        "Uitspraak\n\nniets",
    ]
    with (root / "corpus" / "train.jsonl").open(encoding="utf8") as lines:
        known = [json.loads(line)["text"] for _, line in zip(range(20), lines, strict=False)]
    texts = [text for number, text in enumerate(known) for text in (text, odd[number % len(odd)])] + odd

    def shown(doc: Doc) -> object:
        groups = {
            name: [(span.start_char, span.end_char, span.label_, span.id, payload(span)) for span in group]
            for name, group in doc.spans.items()
        }
        return groups, doc.user_data.get(SCORES)

    with nlp.select_pipes(enable=list(READERS)):
        one_by_one = [shown(nlp(text)) for text in texts]
        for enough in (1, 300, 1_000_000):
            monkeypatch.setattr(reading, "_ENOUGH", enough)
            assert [shown(doc) for doc in nlp.pipe(texts)] == one_by_one
        assert [shown(doc) for doc in nlp.pipe(texts, batch_size=3)] == one_by_one


def test_words_between_blanks_are_tokenized_as_in_their_text() -> None:
    words, blank = Lexicon(), spacy.blank("nl")
    for text in ("", " ", '  Zij  zei:\n\n "weg!" ', "o.a. 's-Gravenhage :-) \t a.m. 12,50 euro/dag\u3000einde", "een \n"):
        doc = blank.make_doc(text)
        assert [words.written[code] for code in words.codes(text, blank.tokenizer)] == [token.text_with_ws for token in doc]


def test_no_cue_reaches_over_the_end_of_a_text() -> None:
    nlp, finder = spacy.blank("nl"), Finder(CueMatcher([(0, parse_cue("paspoort ~ afgepakt"))]))
    docs = [nlp.make_doc(text) for text in ("zijn paspoort", "werd afgepakt", "paspoort dat werd afgepakt")]
    assert [(match.start, match.end) for match in finder(read_all(docs, nlp.tokenizer))] == [(4, 8)]


def test_sentences_are_searched_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp, finder = spacy.blank("nl"), Finder(CueMatcher([(0, parse_cue("paspoort & afgepakt")), (1, parse_cue("geld"))]))
    text = read(nlp.make_doc("Geld en paspoort afgepakt. Niets. Geld. Afgepakt. Paspoort afgepakt voor geld. " * 5), nlp.tokenizer)
    wanted = finder(text)
    monkeypatch.setattr(reading, "_ROWS", 2)
    assert finder(text) == wanted
    assert len(wanted) == 25
