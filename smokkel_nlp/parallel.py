"""A function over many tasks: in this process or over several, results in the order of the tasks, few tasks at a time in memory."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from joblib import effective_n_jobs
from joblib.externals.loky import ProcessPoolExecutor

from smokkel_nlp.errors import InputError, JobError

Task = TypeVar("Task")
Result = TypeVar("Result")

_AHEAD = 2
"""Tasks handed out for each process, so that none waits while a result is written."""
# One thread each; and the C library gives larger pieces of memory back (glibc; elsewhere it says nothing), so that holes do not add up.
_ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1") | dict.fromkeys(
    ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), "262144"
)
_LOOK_EVERY = 1.0


def in_order(function: Callable[[Task], Result], tasks: Iterable[Task], jobs: int = 1) -> Iterator[Result]:
    """Yield ``function(task)`` for each task, in order.

    joblib's ``Parallel(return_as="generator")`` goes on handing out tasks however slowly results are taken, and reads the tasks in a
    thread of its own. Here they are read in the thread of the caller, and never more than two for each process at a time.

    Parameters
    ----------
    function : callable
        Of one argument; with several processes it can be pickled, and so can tasks and results.
    tasks : iterable
        Read as results are asked for. Where reading one raises, the results of those before it come first.
    jobs : int, default=1
        Processes; -1 for one per core.

    Raises
    ------
    InputError
        If ``jobs`` is 0.
    JobError
        If a process ends before its result is there.

    Examples
    --------
    >>> list(in_order(abs, [-2, 1]))
    [2, 1]
    """
    if jobs == 0:
        raise InputError("0 processes can do nothing; give 1 or more, or -1 for one per core")
    if (number := effective_n_jobs(jobs)) == 1:
        yield from map(function, tasks)
        return
    executor = ProcessPoolExecutor(number, initializer=_serve, initargs=(os.getpid(),), env=_ENVIRONMENT)
    waiting: deque[Future[Result]] = deque()
    source, failure = iter(tasks), None
    try:
        while True:
            while failure is None and len(waiting) < _AHEAD * number:
                try:
                    task = next(source)
                except StopIteration:
                    break
                except Exception as error:
                    failure = error
                    break
                waiting.append(executor.submit(function, task))
            if not waiting:
                break
            yield waiting.popleft().result()
        if failure is not None:
            raise failure
    except BrokenProcessPool as error:
        raise JobError("a process that classifies was ended from outside, most likely for want of memory; give fewer jobs") from error
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _serve(parent: int) -> None:
    """Prepare a process: what ends the run is decided by its parent alone, and without a parent there is nothing left to do."""
    for name in (signal.SIGINT, signal.SIGTERM):  # a terminal and a scheduler send them to all processes of a run
        signal.signal(name, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(1)
