"""Runs over files: what they write, that they go on where they were cut off, and what they refuse."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from smokkel_nlp import classify, classify_files, jobs
from smokkel_nlp.batch import pipeline, source_of
from smokkel_nlp.cli import main
from smokkel_nlp.engine import chunks, output
from smokkel_nlp.engine import run as engine
from smokkel_nlp.engine.chunks import Chunk, Rule, cut, process
from smokkel_nlp.engine.journal import Journal, Totals
from smokkel_nlp.engine.progress import Bar, Progress
from smokkel_nlp.engine.sidefile import read_problems
from smokkel_nlp.errors import InputError, JobError
from smokkel_nlp.io import Record
from smokkel_nlp.parallel import in_order
from smokkel_nlp.settings import Settings
from smokkel_nlp.writers import JsonLinesWriter, Result, writer_for

SECRET = "geheimwoord"
TEXTS = [
    "Zes migranten lagen verstopt in de laadruimte van de vrachtwagen.",
    "Zij moest haar verdiensten afstaan aan de man die haar naar Nederland bracht.",
    "De markt op het plein was zaterdag open.",
    "Hij bracht hen voor 500 euro per persoon over de grens.",
    "",
]


class Numbered:
    """Parts as another form has them: each complete in itself."""

    parts = True

    def header(self) -> bytes:
        return b""

    def encode(self, results: Sequence[Result]) -> bytes:
        return f"{len(results)} records\n".encode() + JsonLinesWriter().encode(results)


class Headed(JsonLinesWriter):
    def header(self) -> bytes:
        return b"head\n"


FORMS = {".jsonl": JsonLinesWriter, ".headed": Headed, ".parts": Numbered}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_LINES", Rule(4, 2000))
    monkeypatch.setattr(jobs, "_PARTS", Rule(4, 2000))
    monkeypatch.setattr(jobs, "writer_for", lambda path, **asked: FORMS.get(Path(path).suffix, lambda: writer_for(path, **asked))())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Twenty-four lines: bad ones in three chunks, one chunk of nothing else, an id and a text that come again."""
    lines = [json.dumps({"id": f"zaak-{number}", "text": f"{TEXTS[number % 5]} {number}", "datum": number}) for number in range(24)]
    lines[2] = lines[21] = f'{{"text": "{SECRET}'
    lines[8:12] = ['["geen object"]'] * 4
    lines[13] = json.dumps({"id": "zaak-0", "text": "Een ander."})
    lines[22] = json.dumps({"id": "nieuw", "text": f"{TEXTS[1]} 1"})
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf8")
    return path


def content(path: Path) -> dict[str, bytes]:
    """What a run left behind, by name; the journal is not output."""
    found = [path, *path.iterdir()] if path.is_dir() else [path]
    side = path.with_name(f"{path.name}.errors.jsonl")
    return {str(each.relative_to(path.parent)): each.read_bytes() for each in (*found, side) if each.is_file()}


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def whole(source: Path, form: str, **asked: Any) -> dict[str, bytes]:
    """What a run that nobody cut off leaves behind."""
    folder = source.parent / "heel"
    folder.mkdir()
    summary = classify_files([source], folder / f"uit{form}", **asked)
    assert summary.complete
    return content(folder / f"uit{form}")


def test_a_run_says_what_it_did(source: Path, tmp_path: Path) -> None:
    summary = classify_files([source], tmp_path / "uit.jsonl", carry=["datum"], duplicates=True)
    assert (summary.records, summary.classified, summary.failed, summary.resumed_from, summary.complete) == (24, 18, 6, 0, True)
    assert (summary.duplicate_ids, summary.duplicate_texts) == (1, 1)
    assert sum(summary.counts.values()) == 18
    assert summary.versions.keys() == {"library", "model", "taxonomy", "guideline"}
    assert json.loads(json.dumps(summary.to_dict())) == summary.to_dict()
    written = [json.loads(line) for line in (tmp_path / "uit.jsonl").read_text(encoding="utf8").splitlines()]
    assert [record["id"] for record in written[:4]] == ["zaak-0", "zaak-1", "zaak-3", "zaak-4"]
    assert written[1]["carried"] == {"datum": 1}
    problems = list(read_problems(tmp_path / "uit.jsonl"))
    assert [(problem.kind, problem.place.rpartition(":")[2]) for problem in problems] == [
        ("failed", "3"), *(("failed", str(line)) for line in range(9, 13)), ("duplicate_id", "14"), ("failed", "22"), ("duplicate_text", "23"),
    ]  # fmt: skip
    assert problems[5].id == "zaak-0"
    left = b"".join(path.read_bytes() for path in tmp_path.glob("uit.jsonl.*"))
    assert SECRET.encode() not in left
    assert b"zaak-3" not in left


def test_records_are_those_of_classify(source: Path, tmp_path: Path) -> None:
    classify_files([source], tmp_path / "uit.jsonl")
    written = [json.loads(line) for line in (tmp_path / "uit.jsonl").read_text(encoding="utf8").splitlines()]
    texts = [record["text"] for line in source.read_text().splitlines() if line.endswith("}") for record in [json.loads(line)]]
    assert [{**record, "id": None} for record in written] == [case.to_dict() for case in classify(texts)]


def test_a_run_that_was_stopped_anywhere_goes_on(source: Path, tmp_path: Path, form: str) -> None:
    wanted = whole(source, form, duplicates=True)
    for chunks_done in range(6):
        folder = tmp_path / str(chunks_done)
        folder.mkdir()
        asked = iter(range(100))
        first = classify_files(
            [source], folder / f"uit{form}", duplicates=True, stop=lambda asked=asked, last=chunks_done: next(asked) >= last
        )
        assert (first.complete, first.records) == (False, 4 * chunks_done)
        second = classify_files([source], folder / f"uit{form}", duplicates=True)
        assert (second.complete, second.resumed_from, second.records, second.duplicate_ids) == (True, 4 * chunks_done, 24, 1)
        assert content(folder / f"uit{form}") == wanted


class Killed(BaseException):
    """As if the power went."""


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_run_that_was_killed_at_any_write_goes_on(
    source: Path, tmp_path: Path, form: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = whole(source, form)
    left, sync, write, replace = 0, os.fsync, os.write, os.replace

    def dying(real: Callable[..., Any], torn: bool = False) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                if torn:  # half of it got there
                    real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                elif where == "after":
                    real(*arguments)
                raise Killed
            return real(*arguments)

        return call

    monkeypatch.setattr(output.os, "fsync", dying(sync))
    monkeypatch.setattr(output.os, "write", dying(write, torn=where == "before"))
    monkeypatch.setattr(output.os, "replace", dying(replace))
    calls = killed = 0
    path = tmp_path / "keer" / f"uit{form}"
    path.parent.mkdir()
    while True:  # every time one call further, each time going on from what was left
        calls += 1
        left = calls
        try:
            classify_files([source], path)
        except Killed:
            killed += 1
        else:
            break
    assert killed >= 4
    assert content(path) == wanted
    for further in range(1, 40, 3):
        left = further
        with contextlib.suppress(Killed):
            classify_files([source], path, restart=True)
        left = 0
        classify_files([source], path)
        assert content(path) == wanted


def test_a_chunk_whose_journal_row_was_not_committed_is_done_again(
    source: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, real = whole(source, form), Journal.finish_chunk

    def dying(self: Journal, number: int, *rest: Any) -> None:
        real(self, number, *rest)
        if number == 3:
            raise Killed

    monkeypatch.setattr(Journal, "finish_chunk", dying)
    path = tmp_path / f"uit{form}"
    with pytest.raises(Killed):
        classify_files([source], path)
    monkeypatch.setattr(Journal, "finish_chunk", real)
    assert classify_files([source], path).resumed_from == 12
    assert content(path) == wanted


def test_killed_processes_go_on(root: Path) -> None:
    """The real thing, in short: ``tests/benchmarks/kill_and_resume.py`` kills more often."""
    script = [sys.executable, str(root / "tests" / "benchmarks" / "kill_and_resume.py"), "--kills", "4", "--records", "150"]
    done = subprocess.run([*script, "--forms", "jsonl", "--jobs", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kills, 0 differ" in done.stdout


def test_several_processes_write_the_same(source: Path, tmp_path: Path) -> None:
    wanted = whole(source, ".jsonl")
    summary = classify_files([source], tmp_path / "uit.jsonl", jobs=2)
    assert summary.classified == 18
    assert content(tmp_path / "uit.jsonl") == wanted


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"prior": 0.1}, "prior was null, is 0.1"),
        ({"keep_text": True}, "keep text was false, is true"),
        ({"explain": True}, "explain was false, is true"),
        ({"thresholds": {"onderdak": 0.9}}, "thresholds was"),
        ({"carry": ["datum"]}, "carry was"),
        ({"duplicates": True}, "duplicates was"),
        ({"id_field": "nr"}, "id field was"),
        ({"taxonomy": "tests/data/eigen_tags.toml"}, "taxonomy"),
        ({"model": "model"}, "model"),
    ],
)
def test_another_option_is_refused_and_restart_takes_it(
    source: Path, tmp_path: Path, root: Path, prior_model: Path, asked: dict[str, Any], message: str
) -> None:
    places = {"taxonomy": root / "tests" / "data" / "eigen_tags.toml", "model": prior_model}
    asked = {name: places.get(name, value) for name, value in asked.items()}
    if "prior" in asked:
        asked["model"] = prior_model
    path, turns = tmp_path / "uit.jsonl", iter(range(100))
    classify_files([source], path, stop=lambda: next(turns) >= 1, **({"model": prior_model} if "prior" in asked else {}))
    with pytest.raises(InputError, match=f"differs from this one: .*{message}.*--restart"):
        classify_files([source], path, **asked)
    assert classify_files([source], path, restart=True, **asked).complete


def test_a_run_that_finished_nothing_takes_other_options(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("nr;tekst\n1;Een fiets.\n")
    with pytest.raises(InputError, match="no column 'text'"):
        classify_files([tmp_path / "in.csv"], tmp_path / "uit.jsonl")
    assert classify_files([tmp_path / "in.csv"], tmp_path / "uit.jsonl", text_field="tekst").classified == 1
    with pytest.raises(InputError, match="text field was"):
        classify_files([tmp_path / "in.csv"], tmp_path / "uit.jsonl")


def test_another_input_is_refused_though_the_run_is_complete(source: Path, tmp_path: Path) -> None:
    path, before = tmp_path / "uit.jsonl", source.read_bytes()
    classify_files([source], path)
    wanted = content(path)
    source.write_bytes(before.replace(b"zaak-5", b"zaak-X"))
    with pytest.raises(InputError, match=r"in\.jsonl:5 to .*in\.jsonl:8: not what stood there"):
        classify_files([source], path)
    source.write_bytes(before[:-40] + b"\n{" * 20)
    with pytest.raises(InputError, match=r"in\.jsonl:\d+ to .*: not what stood there|ended before this"):
        classify_files([source], path)
    source.write_bytes(before)
    assert classify_files([source], path).resumed_from == 24
    assert content(path) == wanted


def test_another_input_is_refused(source: Path, tmp_path: Path) -> None:
    path, asked = tmp_path / "uit.jsonl", iter(range(100))
    classify_files([source], path, stop=lambda: next(asked) >= 2)
    before = source.read_bytes()
    source.write_bytes(before + b'{"id": "erbij", "text": "x"}\n')
    with pytest.raises(InputError, match=r"input .*in\.jsonl \(names or sizes\)"):
        classify_files([source], path)
    source.write_bytes(before.replace(b"zaak-5", b"zaak-X"))
    with pytest.raises(InputError, match=r"in\.jsonl:5 to .*in\.jsonl:8: not what stood there"):
        classify_files([source], path)
    other = tmp_path / "ander.jsonl"
    other.write_bytes(before)
    with pytest.raises(InputError, match="input"):
        classify_files([other], path)
    source.write_bytes(before)
    assert classify_files([source], path).resumed_from == 8


def test_files_that_came_went_or_grew_are_named(tmp_path: Path) -> None:
    folder, asked = tmp_path / "zaken", iter(range(100))
    folder.mkdir()
    for name in "abcdefgh":
        (folder / f"{name}.txt").write_text(f"De markt was open, zei {name}.")
    classify_files([folder], tmp_path / "uit.jsonl", stop=lambda: next(asked) >= 1)

    def told(*given: Path) -> str:
        with pytest.raises(InputError) as caught:
            classify_files(given, tmp_path / "uit.jsonl")
        return str(caught.value).split(" differs from this one: ")[1].split(";")[0].replace(f"{folder}{os.sep}", "")

    (folder / "e.txt").rename(folder / "i.txt")
    assert told(folder) == "input e.txt, i.txt (names or sizes)"
    for name in "fg":
        (folder / f"{name}.txt").write_text("langer dan het was, en dat telt")
    assert told(folder) == "input e.txt, f.txt, g.txt and 1 more (names or sizes)"
    (folder / "i.txt").rename(folder / "e.txt")
    for name in "fg":
        (folder / f"{name}.txt").write_text(f"De markt was open, zei {name}.")
    files = [folder / f"{name}.txt" for name in "abcdefgh"]
    assert told(*reversed(files)) == "input (its order)"
    assert told(*files, files[0]) == "input (its order)"
    assert classify_files([folder], tmp_path / "uit.jsonl").resumed_from == 4


def test_an_input_cut_off_in_a_line_loses_that_line_only(source: Path, tmp_path: Path) -> None:
    source.write_bytes(source.read_bytes()[:-20])
    summary = classify_files([source], tmp_path / "uit.jsonl")
    assert (summary.records, summary.classified, summary.failed) == (24, 17, 7)
    assert list(read_problems(tmp_path / "uit.jsonl"))[-1].place.endswith(":24")


def test_a_finished_run_is_noticed(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "uit.jsonl"
    assert run("classify", source, "-o", path) == 1
    first, wanted = capsys.readouterr(), content(path)
    with monkeypatch.context() as patched:
        patched.setattr(engine, "in_order", None)  # no work is done
        assert run("classify", source, "-o", path) == 1
    again = capsys.readouterr()
    assert first.out == again.out
    assert "complete already" in again.err
    assert content(path) == wanted
    path.write_bytes(path.read_bytes()[:-5])
    assert run("classify", source, "-o", path) == 2
    assert "shorter than its journal says" in capsys.readouterr().err
    assert run("classify", source, "-o", path, "--restart") == 1
    assert content(path) == wanted


def test_nothing_is_written_over_unasked(source: Path, tmp_path: Path, form: str) -> None:
    path, wanted = tmp_path / f"uit{form}", whole(source, form)
    if FORMS[form].parts:
        path.mkdir()
        (path / "part-000099.parts").write_text("van een ander")
    else:
        path.write_text("van een ander")
    for _ in range(2):
        with pytest.raises(InputError, match="there is one already"):
            classify_files([source], path)
        sqlite3.connect(f"{path}.journal").close()  # as a run leaves it that was killed at once
    assert "van een ander" in [value.decode() for value in content(path).values()]
    classify_files([source], path, restart=True)
    assert content(path) == wanted
    with pytest.raises(InputError, match="is also read"):
        classify_files([source], source, restart=True)
    beside = source.rename(source.with_name(f"{path.name}.errors.jsonl"))
    before = beside.read_bytes()
    with pytest.raises(InputError, match=r"errors\.jsonl: is also read"):
        classify_files([beside], path, restart=True)
    assert beside.read_bytes() == before


def test_the_second_of_two_runs_on_one_output_refuses(source: Path, tmp_path: Path) -> None:
    refused = []

    def again(progress: Progress) -> None:
        with pytest.raises(InputError, match="another run writes this output") as told:
            classify_files([source], tmp_path / "uit.jsonl", restart=True)
        refused.append(told)

    assert classify_files([source], tmp_path / "uit.jsonl", on_progress=again).complete
    assert len(refused) == 7


def test_a_run_in_another_process_refuses_too(source: Path, tmp_path: Path, root: Path) -> None:
    command = [sys.executable, "-m", "smokkel_nlp.cli", "classify", str(source), "-o", str(tmp_path / "uit.jsonl")]
    refused = []

    def again(progress: Progress) -> None:
        if not refused:
            refused.append(subprocess.run(command, capture_output=True, text=True, check=False, cwd=root))

    assert classify_files([source], tmp_path / "uit.jsonl", on_progress=again).complete
    assert refused[0].returncode == 2
    assert "another run writes this output" in refused[0].stderr


def test_a_journal_that_is_none_is_told(source: Path, tmp_path: Path) -> None:
    (tmp_path / "uit.jsonl.journal").write_text("een dagboek van iemand anders, met genoeg tekst om geen leeg bestand te zijn")
    with pytest.raises(InputError, match="no journal of a run"):
        classify_files([source], tmp_path / "uit.jsonl")
    assert classify_files([source], tmp_path / "uit.jsonl", restart=True).complete


def test_only_the_guilty_record_fails(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = chunks._analysed

    def failing(nlp: Any, records: Sequence[Record], keep_text: bool) -> list[Result]:
        if any(record.id == "zaak-5" for record in records):
            raise ValueError(f"niet te lezen: {SECRET}")
        return real(nlp, records, keep_text)

    monkeypatch.setattr(chunks, "_analysed", failing)
    summary = classify_files([source], tmp_path / "uit.jsonl")
    assert (summary.classified, summary.failed) == (17, 7)
    [told] = [problem for problem in read_problems(tmp_path / "uit.jsonl") if problem.id == "zaak-5"]
    assert told.reason.startswith("ValueError while")
    assert SECRET not in told.reason


@pytest.mark.parametrize("form", [".jsonl", ".parts"])
def test_only_the_record_that_cannot_be_written_fails(source: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky(FORMS[form]):  # type: ignore[misc]
        def encode(self, results: Sequence[Result]) -> bytes:
            if any(result.case.id == "zaak-5" for result in results):
                raise OverflowError(SECRET)
            return bytes(super().encode(results))

    monkeypatch.setitem(FORMS, form, Picky)
    summary = classify_files([source], tmp_path / f"uit{form}")
    assert (summary.classified, summary.failed) == (17, 7)
    [told] = [problem for problem in read_problems(tmp_path / f"uit{form}") if problem.id == "zaak-5"]
    assert told.reason.startswith("OverflowError while")
    kept = b"".join(raw for name, raw in sorted(content(tmp_path / f"uit{form}").items()) if "errors" not in name)
    ids = re.findall(rb'^\{"id": "(\S+)"', kept, re.MULTILINE)
    assert len(ids) == 17
    assert b"zaak-5" not in ids
    parts = [raw for name, raw in content(tmp_path / f"uit{form}").items() if "/part" in name]
    assert bool(parts) == (form == ".parts")
    assert [raw.count(b" records\n") for raw in parts] == [1] * len(parts)  # a part is written whole, not record by record


def test_more_errors_than_allowed_end_the_run(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted, path = whole(source, ".jsonl"), tmp_path / "uit.jsonl"
    for _ in range(2):
        assert run("classify", source, "-o", path, "--max-errors", 2) == 2
        told = capsys.readouterr().err
        assert "5 records failed, more than the 2" in told
        assert "the same command goes on" in told
    assert run("classify", source, "-o", path, "--max-errors", 5, "--json") == 2
    assert json.loads(capsys.readouterr().out)["complete"] is False
    assert run("classify", source, "-o", path, "--max-errors", 6) == 1
    assert content(path) == wanted
    assert run("classify", source, "-o", path, "--restart", "--max-errors", 2) == 2
    assert "the same command, without --restart, goes on" in capsys.readouterr().err
    assert run("classify", source, "-o", path, "--max-errors", -1) == 2
    assert "-1 errors cannot be allowed" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_chunk(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    wanted, path, before = whole(source, ".jsonl"), tmp_path / "uit.jsonl", signal.getsignal(number)
    with monkeypatch.context() as patched:
        patched.setattr(Bar, "__call__", lambda self, progress: progress.totals.records == 8 and os.kill(os.getpid(), number))
        assert run("classify", source, "-o", path, "--json") == 2
    told = capsys.readouterr()
    assert "the same command goes on" in told.err
    assert json.loads(told.out)["records"] == 8
    assert signal.getsignal(number) is before
    assert run("classify", source, "-o", path, "--json") == 1
    assert json.loads(capsys.readouterr().out)["resumed_from"] == 8
    assert content(path) == wanted


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(JobError, match="a process that classifies was ended"):
        list(in_order(os._exit, [1, 1, 1], 2))


def test_results_come_in_order_and_those_before_a_failure_are_not_lost() -> None:
    def tasks() -> Iterator[int]:
        yield from range(-5, 0)
        raise InputError("op")

    for number in (1, 2):
        found: list[int] = []
        with pytest.raises(InputError, match="op"):
            found.extend(in_order(abs, tasks(), number))
        assert found == [5, 4, 3, 2, 1]
    with pytest.raises(InputError, match="0 processes"):
        list(in_order(abs, [], 0))


@pytest.mark.skipif(not Path("/proc/self/children").exists() and not Path("/proc/self/task").exists(), reason="needs /proc")
def test_without_the_process_that_began_it_none_is_left(source: Path, tmp_path: Path, root: Path) -> None:
    script = (
        "import os, time; from smokkel_nlp.parallel import in_order\n"
        "tasks = in_order(time.sleep, [0, 0, 600, 600], 2); next(tasks); next(tasks)\n"
        "print('ready', flush=True); next(tasks)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as begun:
        assert begun.stdout is not None
        assert begun.stdout.readline() == "ready\n"
        children = [int(child) for child in Path(f"/proc/{begun.pid}/task/{begun.pid}/children").read_text().split()]
        begun.kill()
        begun.wait()
        assert len(children) >= 2
        for _ in range(200):
            if not any(
                Path(f"/proc/{child}/cmdline").exists() and "loky" in Path(f"/proc/{child}/cmdline").read_text() for child in children
            ):
                break
            time.sleep(0.1)
        else:
            pytest.fail("processes are left")


@pytest.fixture
def limited() -> Iterator[Callable[[int], None]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size or soft, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [100, 6_000, 21_000])
def test_a_full_disk_is_told_and_the_run_goes_on_after_the_mend(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], limited: Callable[[int], None], size: int
) -> None:
    wanted, path = whole(source, ".jsonl", keep_text=True, explain=True), tmp_path / "uit.jsonl"
    command = ("classify", source, "-o", path, "--keep-text", "--explain")
    limited(size)  # the journal cannot be made; cannot grow; the output cannot
    code = run(*command)
    limited(0)
    assert code == 2
    assert "cannot be written" in capsys.readouterr().err
    assert run(*command) == 1
    assert content(path) == wanted


@pytest.mark.parametrize("place", ["/dev/full", "bestand/uit.jsonl", "geen/map/uit.jsonl", "/proc/uit.jsonl"])
def test_an_output_that_cannot_be_written_is_told(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place.startswith("/") and not Path(place).parent.exists():
        pytest.skip(f"no {place} here")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bestand").write_text("geen map")
    assert run("classify", source, "-o", place) == 2
    told = capsys.readouterr().err
    assert "cannot be written" in told
    assert SECRET not in told


def test_standard_input_and_output(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("classify", source, "-o", tmp_path / "uit.jsonl") == 1
    wanted = [{**json.loads(line), "id": ""} for line in (tmp_path / "uit.jsonl").read_text(encoding="utf8").splitlines()]
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
    assert run("classify", "-", "--json") == 1
    told = capsys.readouterr()
    assert [{**json.loads(line), "id": ""} for line in told.out.splitlines()] == wanted
    assert "cannot be resumed" in told.err
    assert "skipped -:3: not a line of JSON" in told.err
    assert "duplicate_id -:14" in told.err
    [summary] = [json.loads(line) for line in told.err.splitlines() if line.startswith("{")]
    assert (summary["classified"], summary["failed"], summary["duplicate_ids"]) == (18, 6, 1)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
    assert run("classify", "-", "-o", tmp_path / "in.jsonl.uit.jsonl") == 1
    assert not list(tmp_path.glob("in.jsonl.uit.jsonl.journal*"))


def test_standard_input_keeps_off_the_output_of_another_run(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def given() -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))

    path, refused = tmp_path / "uit.jsonl", []

    def again(progress: Progress) -> None:
        given()
        with pytest.raises(InputError, match="another run writes this output") as told:
            classify_files(["-"], path)
        refused.append(told)

    given()
    first = classify_files(["-"], path, on_progress=again)
    assert (len(refused), first.records) == (7, 24)
    path.unlink()
    classify_files([source], path)
    path.unlink()  # the journal of that run would take what now comes here for its own
    given()
    with pytest.raises(InputError, match=r"a run began it, and with standard input it cannot go on; .*--restart"):
        classify_files(["-"], path)
    assert classify_files(["-"], path, restart=True).classified == 18
    with pytest.raises(InputError, match="there is one already, and no journal"):
        classify_files([source], path)


def test_where_a_run_cannot_be_resumed_nothing_else_is_said(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
    monkeypatch.setattr(Bar, "__call__", lambda self, progress: progress.totals.records == 8 and os.kill(os.getpid(), signal.SIGTERM))
    assert run("classify", "-", "-o", tmp_path / "uit.jsonl") == 2
    told = capsys.readouterr().err
    assert "this run cannot be resumed" in told.splitlines()[-1]
    assert "goes on" not in told


def test_whoever_stops_reading_the_output_is_told(source: Path, root: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "smokkel_nlp.cli", "classify", str(source)],
        stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=root,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 2
    assert "standard output: cannot be written (Broken pipe)" in done.stderr


def test_a_stream_of_records_holds_no_summary(source: Path, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "smokkel_nlp.cli", "classify", str(source), "-o", "/dev/stdout", "--json"],
        capture_output=True, text=True, check=False, cwd=root,
    )  # fmt: skip
    assert done.returncode == 1
    assert ["offences" in json.loads(line) for line in done.stdout.splitlines()] == [True] * 18
    assert '"complete": true' in done.stderr


def test_what_is_read_is_let_go_of_when_the_run_fails(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    class Reader(jobs.RecordReader):
        def __iter__(self) -> Iterator[Any]:
            try:
                yield from super().__iter__()
            finally:
                closed.append(True)

    def failing(records: Sequence[Record], **rest: Any) -> None:
        raise JobError("a process ended")

    monkeypatch.setattr(jobs, "RecordReader", Reader)
    monkeypatch.setattr(engine, "process", failing)
    with pytest.raises(JobError, match="a process ended") as told:  # which keeps the frames it came through, and all they hold
        classify_files([source], tmp_path / "uit.jsonl")
    assert closed == [True], told


def test_an_empty_input_is_all_well(tmp_path: Path, form: str) -> None:
    (tmp_path / "in.jsonl").write_text("")
    summary = classify_files([tmp_path / "in.jsonl"], tmp_path / f"uit{form}")
    assert (summary.records, summary.complete) == (0, True)
    assert content(tmp_path / f"uit{form}") == (
        {f"uit{form}/part-000000{form}": b"0 records\n"} if FORMS[form].parts else {f"uit{form}": FORMS[form]().header()}
    )


def test_where_a_chunk_ends_is_decided_by_the_input(source: Path) -> None:
    items = [Record(str(number), "x" * (number % 7), "") for number in range(50)]
    rule = Rule(5, 12)
    found = list(cut(items, rule))
    assert [item for chunk in found for item in chunk] == items
    for number, chunk in enumerate(found):
        size = sum(len(item.text) for item in chunk if isinstance(item, Record))
        assert len(chunk) <= 5
        assert size <= 12
        if number + 1 < len(found):
            after = found[number + 1][0]
            assert len(chunk) == 5 or (isinstance(after, Record) and size + len(after.text) > 12)
    one = Chunk(0, (Record("a", "bc", "p"),), 0)
    assert one.digest != Chunk(0, (Record("ab", "c", "p"),), 0).digest
    assert one.digest != Chunk(0, (Record("a", "bc", "p", {"datum": 1}),), 0).digest


def test_a_record_does_not_depend_on_its_neighbours(root: Path) -> None:
    with (root / "corpus" / "train.jsonl").open(encoding="utf8") as lines:
        known = [json.loads(line)["text"] for _, line in zip(range(200), lines, strict=False)]
    records = [Record(str(number), text, "") for number, text in enumerate(known)]
    source = source_of(settings=Settings.of(explain=True))
    written = [
        b"".join(
            process(records[start : start + size], source=source, keep_text=False, writer=JsonLinesWriter()).content
            for start in range(0, len(records), size)
        )
        for size in (1, 7, 64)
    ]
    assert written[0].count(b"\n") == 200
    assert written[0] == written[1] == written[2]


def test_columns_are_taken() -> None:
    wanted = list(classify(TEXTS))
    for name, column in {
        "pandas": lambda module: module.Series(TEXTS),
        "polars": lambda module: module.Series(TEXTS),
        "pyarrow": lambda module: module.chunked_array([TEXTS[:2], TEXTS[2:]]),
        "numpy": lambda module: module.array(TEXTS),
    }.items():
        try:
            module = __import__(name)
        except ImportError:
            continue
        assert list(classify(column(module))) == wanted, name


class Scalar:
    """As the items of a column of pyarrow are."""

    def __init__(self, value: object) -> None:
        self.value = value

    def as_py(self) -> object:
        return self.value


def test_what_is_no_column_is_told() -> None:
    assert [case.offence for case in classify([Scalar(TEXTS[0])])] == [case.offence for case in classify(TEXTS[:1])]
    with pytest.raises(InputError, match=r"text no\. 1 is a NoneType"):
        list(classify([Scalar("x"), Scalar(None)]))
    with pytest.raises(InputError, match=r"is a dict of several columns; give one of them"):
        list(classify({"text": TEXTS}))
    with pytest.raises(InputError, match=r"is a Table of several columns"):
        list(classify(type("Table", (), {"columns": ["text"], "__iter__": lambda self: iter(["text"])})()))


def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        terminal = True

        def isatty(self) -> bool:
            return self.terminal

    for terminal in (True, False):
        screen = Terminal()
        screen.terminal = terminal
        monkeypatch.setattr(sys, "stderr", screen)
        bar = Bar()
        for done in (0, 40, 100):
            bar(Progress(Totals(records=done, failed=done // 50, counts={"geen": done}), 0, done * 10, 1000))
        bar.close()
        if terminal:
            assert "100%" in screen.getvalue()
            assert "100 records" in screen.getvalue()
            assert "100 geen, 2 failed" in screen.getvalue()
        else:
            assert screen.getvalue() == ""


def test_the_limit_of_a_pipeline_is_looked_at_before_the_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline(*source_of()), "max_length", 20)
    done = process(
        [Record("1", "kort", ""), Record("2", SECRET * 2, ""), Record("3", "x \ud800", "")],
        source=source_of(), keep_text=False, writer=JsonLinesWriter(),
    )  # fmt: skip
    assert done.content.count(b"\n") == 1
    assert "has 22 characters, over the limit of 20" in done.failed[1]
    assert "surrogate" in done.failed[2]
