"""Several jobs on several cores: a process each, given one job after the other.

Ctrl-C is the caller's to hear: it ends the processes, and they say nothing. So does the death of the caller.
A process that dies takes its own job with it and no other.
"""

import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Thread
from traceback import format_exception
from typing import Any, Final

from voltline.base import garbage

__all__ = ["Died", "Tell", "done_by_workers"]

Tell = Callable[[int], None]
"""Called by a job now and then with how far it is."""
LOOK_EVERY_S: Final = 0.2
"""So often it is asked how far the jobs are."""

# Not forked: the caller may have threads.
_context: Final = get_context("spawn")


class Died(Exception):
    """A process ended before its job was done; the text says how."""


class _Worker:
    """A process, the way to it, and what it is at."""

    def __init__(self, work: Callable[[Any, Tell], Any]) -> None:
        self.far = _context.RawValue("Q", 0)
        self.connection, others = _context.Pipe()
        self.process: BaseProcess = _context.Process(
            target=_serve, args=(others, work, self.far), daemon=True
        )
        self.process.start()
        others.close()
        self.job: int | None = None

    def begin(self, number: int, job: object) -> None:
        self.job, self.far.value = number, 0
        with suppress(OSError):  # if it is dead its end of the connection says so
            self.connection.send(job)

    def answer(self) -> Any:
        """What became of the job: a result, or an exception."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            return Died(_how_it_ended(self.process.exitcode or 0))

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()


def done_by_workers(
    jobs: Sequence[Any], work: Callable[[Any, Tell], Any], count: int, tell: Callable[[int, int], None]
) -> Iterator[tuple[int, Any]]:
    """Number and result of each job as it is done; begun in the order given, by `count` processes.

    The result of a job whose process died is a `Died`. Raises what a job raises. `work` and the jobs must be
    fit to be sent to another process. `tell` is called with a job's number and how far it is.
    """
    waiting = iter(enumerate(jobs))
    workers: dict[Connection, _Worker] = {}
    try:
        for _ in range(min(count, len(jobs))):
            _hire(workers, work).begin(*next(waiting))
        while workers:
            ready = wait(list(workers), LOOK_EVERY_S)
            for worker in workers.values():
                if worker.job is not None:
                    tell(worker.job, worker.far.value)
            for connection in ready:
                worker = workers[connection]  # type: ignore[index]  # what was waited for
                number, answer = worker.job, worker.answer()
                assert number is not None
                following = next(waiting, None)
                died = isinstance(answer, Died)
                if died or following is None:
                    del workers[worker.connection]
                    worker.stop()
                if following is not None:
                    (_hire(workers, work) if died else worker).begin(*following)
                if isinstance(answer, Exception) and not died:
                    raise answer
                yield number, answer
    finally:
        for worker in workers.values():
            worker.stop()


def _hire(workers: dict[Connection, _Worker], work: Callable[[Any, Tell], Any]) -> _Worker:
    worker = _Worker(work)
    workers[worker.connection] = worker
    return worker


def _serve(connection: Connection, work: Callable[[Any, Tell], Any], far: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    garbage.search_seldom()
    Thread(target=_end_with_the_caller, daemon=True).start()

    def tell(count: int) -> None:
        far.value = count

    with suppress(EOFError, OSError):
        while True:
            job = connection.recv()
            try:
                answer = work(job, tell)
            except Exception as fault:
                answer = _sendable(fault)
            connection.send(answer)


def _end_with_the_caller() -> None:
    caller = parent_process()
    assert caller is not None
    wait([caller.sentinel])
    os._exit(1)  # nobody waits for the result


def _sendable(fault: Exception) -> Exception:
    fault.add_note("".join(format_exception(fault)))  # for --debug
    try:
        pickle.loads(pickle.dumps(fault))  # noqa: S301  # what was just dumped
    except Exception:
        return RuntimeError(f"{type(fault).__name__}: {fault}")
    return fault


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"the process that read it ended with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = "; out of memory? Try --jobs 1" if -code == signal.SIGKILL else ""
    return f"the process that read it was ended by {name}{hint}"
