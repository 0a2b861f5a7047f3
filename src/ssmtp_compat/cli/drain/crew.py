"""The process that hands out the files: it starts the workers, answers them, and sees each of them to its end."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from typing import Any, Final

from ...catalog.errors import ErrorCode
from ...operations.queueing import Outcome
from ...spool.directory import FAILED, QUEUED, SENDING, SpoolDirectory, Waiting
from ..outcomes import Exit
from .agenda import Agenda
from .pipe import GRACE_SECONDS, LAST_SECONDS
from .report import Report, stop_status
from .signals import EndSignals
from .worker_process import State, WorkerProcess

__all__ = ["Crew"]

_POLL_SECONDS: Final = 2.0
_POLL_SHARE: Final = 20
"""Reading a directory of 100,000 files takes up to a second: not more than a twentieth of the time goes there."""
_MOST_AT_ONCE: Final = 16
"""Files for one worker: enough that waiting for the next ones does not count."""


class Crew:
    """Up to ``size`` workers for one directory; with ``watch`` until a signal, else until all had their turn."""

    def __init__(
        self, directory: SpoolDirectory, task: dict[str, Any], agenda: Agenda, report: Report, *, size: int, watch: bool
    ) -> None:
        self.by_keyboard = False
        """Whether Ctrl-C has ended it."""
        self._directory = directory
        self._task = task
        self._agenda = agenda
        self._report = report
        self._size = size
        self._watch = watch
        self._selector = selectors.DefaultSelector()
        self._workers: dict[int, WorkerProcess] = {}
        self._started = 0
        self._ending = False
        self._interrupted = False
        """Whether the workers were, after they had their time to come to an end."""
        self._deadline = 0.0
        """When they are, and after that killed, once it is ending."""
        self._next_poll = 0.0
        self._answers: Final[dict[str, Callable[..., None]]] = {
            "want": self._wanted,
            "settled": self._settled,
            "again": self._again,
            "stopped": self._stopped,
            "trouble": self._trouble,
            "trail": self._trail,
        }

    def run(self) -> None:
        """Raises :class:`~ssmtp_compat.errors.SSMTPError` (302) for a directory that cannot be read any more."""
        with EndSignals() as signals, self._selector:
            self._selector.register(signals, selectors.EVENT_READ)
            try:
                while self._employ():
                    ready = self._selector.select(self._seconds())
                    self._signalled(signals.read())  # first, so that no worker is given anything more
                    for key, _ in ready:
                        if key.fd in self._workers:
                            self._hear(self._workers[key.fd])
            finally:
                for worker in self._workers.values():
                    worker.say("interrupt")
                for worker in list(self._workers.values()):
                    worker.end()
                self.by_keyboard = signals.by_keyboard

    # -- what is to be done next --------------------------------------------------------------------------------------

    def _employ(self) -> bool:
        """Give everybody something to do; False when there is nothing more to do for anybody."""
        if self._ending:
            self._press()
            return bool(self._workers)
        if self._watch:
            self._poll()
        for worker in self._in(State.IDLE):
            if self._may_begin and self._agenda.left:
                worker.give(self._share())
            elif not self._watch:
                worker.dismiss()
        while self._may_begin and self._size > len(self._workers) and self._agenda.left > len(self._in(State.STARTING)):
            self._start()
        return self._watch or bool(self._workers)

    @property
    def _may_begin(self) -> bool:
        return self._agenda.open(len(self._in(State.SESSION)) + len(self._in(State.STARTING)))

    def _in(self, state: State) -> list[WorkerProcess]:
        return [worker for worker in self._workers.values() if worker.state is state]

    def _poll(self) -> None:
        begun = time.monotonic()
        if begun < self._next_poll:
            return
        self._agenda.found(self._directory.waiting())
        ended = time.monotonic()
        self._next_poll = ended + max(_POLL_SECONDS, _POLL_SHARE * (ended - begun))

    def _start(self) -> None:
        self._started += 1
        try:
            worker = WorkerProcess(self._started, self._task)
        except OSError as error:  # no more processes, descriptors or memory
            self._stop(ErrorCode.INTERNAL, f"A worker process cannot be started: {error.strerror}.")
            return
        self._workers[worker.fileno()] = worker
        self._selector.register(worker, selectors.EVENT_READ)

    # -- coming to an end ---------------------------------------------------------------------------------------------

    def _signalled(self, times: int) -> None:
        for _ in range(times):
            if self._ending:
                self._deadline = time.monotonic()
                self._press()
            else:
                self._end()

    def _end(self) -> None:
        """Nothing more is begun, and what is under way has its time."""
        self._ending = True
        self._deadline = time.monotonic() + GRACE_SECONDS
        for worker in self._workers.values():
            worker.dismiss()

    def _press(self) -> None:
        if time.monotonic() < self._deadline:
            return
        if self._interrupted:
            for worker in list(self._workers.values()):
                self._leave(worker, 0)
        for worker in self._workers.values():
            worker.say("interrupt")
        self._interrupted = True
        self._deadline = time.monotonic() + LAST_SECONDS

    def _seconds(self) -> float | None:
        if self._ending:
            return max(0.0, self._deadline - time.monotonic())
        return max(0.0, self._next_poll - time.monotonic()) if self._watch else None

    # -- what workers say ---------------------------------------------------------------------------------------------

    def _hear(self, worker: WorkerProcess) -> None:
        messages = worker.read()
        if messages is None:
            self._leave(worker)
            return
        for kind, *details in messages:
            self._answers[kind](worker, *details)

    def _wanted(self, worker: WorkerProcess, in_session: bool) -> None:
        if self._ending:  # which it has been told
            return
        if in_session:
            worker.give(self._share())
            return
        # It comes back from a run. What it had and does not tell of was not its to send, unless the run was ended.
        (self._agenda.not_tried if worker.stopped else self._agenda.not_found)(worker.has)
        worker.has, worker.sent, worker.stopped = [], 0, False
        worker.state = State.IDLE

    def _share(self) -> list[Waiting]:
        """The next files for one worker: some, so that it need not wait for each, and one by one towards the end."""
        return self._agenda.take(max(1, min(_MOST_AT_ONCE, self._agenda.left // (4 * self._size))))

    def _settled(self, worker: WorkerProcess, name: str, outcome: str, code: int, text: str, gone: bool) -> None:
        stem = self._taken(worker, name).stem
        worker.sent += Outcome(outcome) is Outcome.SENT
        wait = self._agenda.settled(stem, Outcome(outcome), gone=gone)
        self._report.settled(name, Outcome(outcome), code, text, self._told(wait))

    def _again(self, worker: WorkerProcess, name: str) -> None:
        self._agenda.later(self._taken(worker, name))

    def _taken(self, worker: WorkerProcess, name: str) -> Waiting:
        """Take one of the files that a worker has away from it."""
        stem = name.rpartition(".")[0]
        (found,) = (waiting for waiting in worker.has if waiting.stem == stem)
        worker.has.remove(found)
        return found

    def _trouble(self, worker: WorkerProcess, code: int, text: str) -> None:
        self._report.trouble(code, text)

    def _trail(self, worker: WorkerProcess, line: str) -> None:
        self._report.trail(line if self._size == 1 else f"{worker.number}: {line}")

    def _stopped(self, worker: WorkerProcess, code: int, text: str) -> None:
        worker.stopped = True
        if self._ending and code == ErrorCode.INTERRUPTED_OR_TIMEOUT:
            return
        if worker.sent:  # so the server is there, and the next connection will take some more
            self._report.stopped(code, text, first=False, wait=None)
        else:
            self._stop(code, text)

    def _stop(self, code: int, text: str) -> None:
        first, wait = self._agenda.stopped()
        first = first and not self._ending
        status = stop_status(code, text)
        if self._watch and not self._ending and status in {Exit.BAD_DATA, Exit.NO_PERMISSION}:
            # It would be the same the next time, and too many log-ins that fail get an account locked.
            self._report.gave_up = status
            self._end()
        self._report.stopped(code, text, first=first, wait=self._told(wait))

    def _leave(self, worker: WorkerProcess, seconds: float = LAST_SECONDS) -> None:
        """A worker has ended, or is to."""
        self._selector.unregister(worker)
        del self._workers[worker.fileno()]
        status = worker.end(seconds)
        claimed = [waiting for waiting in worker.has if self._is_there(waiting, SENDING)]
        others = [waiting for waiting in worker.has if waiting not in claimed]
        gone = [waiting for waiting in others if not self._is_there(waiting, QUEUED)]
        self._agenda.not_tried(waiting for waiting in others if waiting not in gone)
        if status and gone and not self._is_there(gone[0], FAILED):
            # It died between deleting the file and telling of it; it does that with one after the other.
            sent = gone.pop(0)
            self._agenda.settled(sent.stem, Outcome.SENT)
            self._report.settled(sent.name, Outcome.SENT, 0, "", None)
        self._agenda.not_found(gone)
        if status == 0:
            return
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        text = f"Worker process {worker.number} ended {how}."
        for waiting in claimed:
            # Nobody knows how far it came with these. Without its lock they are free for whoever comes next.
            wait = self._agenda.settled(waiting.stem, Outcome.PUT_BACK)
            self._report.settled(waiting.name, Outcome.PUT_BACK, ErrorCode.INTERNAL, text, self._told(wait))
        if claimed:  # and the others need not wait
            self._report.stopped(ErrorCode.INTERNAL, text, first=True, wait=None)
        else:
            self._stop(ErrorCode.INTERNAL, text)

    def _is_there(self, waiting: Waiting, ending: str) -> bool:
        return self._directory.status(waiting.stem + ending) is not None

    def _told(self, wait: float | None) -> float | None:
        """What to say of a wait: there is no next turn for anything once it is ending."""
        return None if self._ending else wait
