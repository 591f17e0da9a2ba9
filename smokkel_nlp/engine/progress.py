"""How far a run is, as a line that renews itself in a terminal."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from smokkel_nlp.engine.journal import Totals


class Progress(NamedTuple):
    """How far a run is.

    Parameters
    ----------
    totals : Totals
    resumed_from : int
        Records that were done before it began.
    position, size : int
        Bytes of the input that are done, and that there are; 0 where that is not known.
    """

    totals: Totals
    resumed_from: int
    position: int
    size: int


class Bar:
    """A bar on standard error, with records, their rate, the time left by the bytes of the input, and counts per class; quiet elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        """Show how far it is; the first call says where it begins."""
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=progress.size or None,
                initial=progress.position,
                file=sys.stderr,
                disable=not sys.stderr.isatty(),
                dynamic_ncols=True,
                bar_format="{percentage:3.0f}% |{bar}| {elapsed}<{remaining}{postfix}" if progress.size else "{elapsed}{postfix}",
            )
        self._bar.set_postfix_str(self._line(progress), refresh=False)
        self._bar.update(progress.position - self._bar.n)

    def _line(self, progress: Progress) -> str:
        totals, seconds = progress.totals, self._bar.format_dict["elapsed"]
        parts = [f"{totals.records:,} records"]
        if seconds and totals.records > progress.resumed_from:
            parts.append(f"{(totals.records - progress.resumed_from) / seconds:,.0f}/s")
        parts += [f"{count:,} {name}" for name, count in sorted(totals.counts.items(), key=lambda pair: -pair[1])]
        if totals.failed:
            parts.append(f"{totals.failed:,} failed")
        return ", ".join(parts)

    def close(self) -> None:
        """Leave the terminal on a new line."""
        if self._bar is not None:
            self._bar.close()
