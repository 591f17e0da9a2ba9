"""Imports run one way, modules stay short, and heavy libraries stay out of the light modules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FLOORS = [
    ["errors", "shares", "cues", "ragged", "platt"],
    ["fields", "extras"],
    ["records"],
    ["taxonomy", "store"],
    ["concepts", "text", "masks", "settings", "display", "display.colours", "display.passages", "display.markup"],
    ["display.contributions", "terms"],
    ["display.marked", "display.terminal"],
    ["lexicon", "cue_table"],
    ["reading"],
    ["content"],
    ["components"],
    ["components.rescoring"],
    ["components.spotting"],
    ["components.sections", "components.mentions", "components.rules"],
    ["components.weighing", "components.rule_reader"],
    ["components.assertion", "components.outcome", "components.rule_lint"],
    ["userrules"],
    ["components.overlay"],
    ["features"],
    ["background", "windows", "telling", "gate"],
    ["rows"],
    ["logistic", "model"],
    ["classifier", "explanation"],
    ["components.answer"],
    ["components.classify"],
    ["pipeline"],
    ["arrow"],
    ["writers", "results"],
    ["userlint"],
    ["readers", "readers.inputs", "readers.pdf_child"],
    ["readers.encodings", "readers.compressed"],
    ["readers.jsonlines", "readers.delimited", "readers.parquet", "readers.docbin", "readers.documents", "readers.pdf"],
    ["io", "corpus", "tables", "display.page"],
    ["corpus_checks", "report_rows"],
    ["report", "parallel", "memory"],
    ["batch"],
    ["spark"],
    ["engine", "engine.chunks", "engine.output", "engine.journal"],
    ["engine.sidefile", "engine.progress"],
    ["engine.run"],
    ["jobs"],
    ["learning", "assertion_learning"],
    ["training"],
    ["evaluation"],
    ["passage_evaluation", "baselines", "breakdown", "curves", "calibration"],
    ["evaluation_report", "evaluation_plots"],
    ["evaluation_sections"],
    ["evaluation_page"],
    ["cli.common"],
    ["cli.classify", "cli.explain", "cli.evaluate", "cli.train", "cli.corpus", "cli.taxonomy", "cli.show", "cli.report"],
    ["cli", "cli.__main__"],
]
BACK = {("records", "display.marked")}  # a record hands over to what shows it, when a notebook asks
FLOOR = {module: number for number, modules in enumerate(FLOORS) for module in modules}
PACKAGE = Path(__file__).parent.parent / "smokkel_nlp"
MODULES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path for path in PACKAGE.rglob("*.py")}
MODULES.pop("__init__")


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_run_one_way(module: str) -> None:
    assert module in FLOOR, f"{module} has no floor; give it one"
    for name in imported(MODULES[module]):
        if name.startswith("smokkel_nlp.") and (module, name.removeprefix("smokkel_nlp.")) not in BACK:
            assert FLOOR[name.removeprefix("smokkel_nlp.")] <= FLOOR[module], f"{module} imports {name}"


@pytest.mark.parametrize(
    "module",
    [
        "errors",
        "fields",
        "records",
        "shares",
        "cues",
        "taxonomy",
        "display.colours",
        "display.passages",
        "display.contributions",
        "display.marked",
    ],
)
def test_light_modules_stay_light(module: str) -> None:
    assert not {name.split(".")[0] for name in imported(MODULES[module])} & {"spacy", "sklearn", "numpy", "scipy", "joblib"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_modules_stay_short(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf8").splitlines()) <= 450
