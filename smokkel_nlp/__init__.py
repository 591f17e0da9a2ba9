"""Tell human smuggling (mensensmokkel) from human trafficking (mensenhandel) in Dutch case texts, and find the modi operandi.

Output is a suggestion to be read: every label comes with the passage that shows it.

Examples
--------
>>> import smokkel_nlp
>>> [case] = smokkel_nlp.classify(["Verdachte is veroordeeld voor mensensmokkel: hij vervoerde migranten in een bestelbus over de grens."])
>>> case.offence
'mensensmokkel'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smokkel_nlp.batch import classify
    from smokkel_nlp.classifier import CaseClassifier
    from smokkel_nlp.engine.run import Summary
    from smokkel_nlp.errors import CorpusError, InputError, JobError, ModelError, SmokkelError, TaxonomyError
    from smokkel_nlp.jobs import classify_files
    from smokkel_nlp.pipeline import load
    from smokkel_nlp.records import CaseAnalysis, ElementResult, Evidence, ModusOperandi, OffenceResult, Versions, library_version
    from smokkel_nlp.results import read_results
    from smokkel_nlp.shares import Explanation, MentionShare, PassageShare, SectionShare
    from smokkel_nlp.taxonomy import load_taxonomy

_WHERE = {
    "classify": "batch", "CaseClassifier": "classifier", "library_version": "records",
    "classify_files": "jobs", "Summary": "engine.run", "load": "pipeline", "load_taxonomy": "taxonomy",
    "read_results": "results",
    **dict.fromkeys(("CorpusError", "InputError", "JobError", "ModelError", "SmokkelError", "TaxonomyError"), "errors"),
    **dict.fromkeys(("CaseAnalysis", "ElementResult", "Evidence", "ModusOperandi", "OffenceResult", "Versions"), "records"),
    **dict.fromkeys(("Explanation", "MentionShare", "PassageShare", "SectionShare"), "shares"),
}  # fmt: skip

__all__ = [
    "CaseAnalysis", "CaseClassifier", "CorpusError", "ElementResult", "Evidence", "Explanation", "InputError", "JobError", "MentionShare",
    "ModelError", "ModusOperandi", "OffenceResult", "PassageShare", "SectionShare", "SmokkelError", "Summary", "TaxonomyError", "Versions",
    "classify", "classify_files", "library_version", "load", "load_taxonomy", "read_results",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import smokkel_nlp`` costs nothing (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module 'smokkel_nlp' has no attribute '{name}'")
    return getattr(import_module(f"smokkel_nlp.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
