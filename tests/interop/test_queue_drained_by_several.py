"""Several processes drain one directory."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from interop.processes import wait_until
from interop.queue_victims import Nursery
from wire.queue_runs import delivered, run
from wire.queued_file import write_queued
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.interop

WORKERS = 4
MESSAGES = 2000


@pytest.fixture
def full_spool(spool: Path) -> Path:
    for number in range(MESSAGES):
        write_queued(spool, number)
    return spool


def test_four_processes_send_each_of_2000_messages_once(full_spool: Path):
    with ScriptedServer() as server, ExitStack() as stack:
        nurseries = [stack.enter_context(Nursery()) for _ in range(WORKERS)]
        workers = [nursery.process_queue(str(full_spool), server.port) for nursery in nurseries]
        for worker in workers:
            worker.go()
        assert [worker.wait() for worker in workers] == [0] * WORKERS
    assert delivered(server) == Counter(range(MESSAGES))
    shares = sorted(len(connection.messages) for connection in server.connections)
    assert len(shares) == WORKERS
    assert shares[0] > 0
    assert list(full_spool.iterdir()) == []


def test_a_process_that_is_killed_costs_the_others_nothing(full_spool: Path):
    with ScriptedServer() as server, ExitStack() as stack:
        nurseries = [stack.enter_context(Nursery()) for _ in range(WORKERS)]
        workers = [nursery.process_queue(str(full_spool), server.port) for nursery in nurseries]
        for worker in workers:
            worker.go()
        wait_until(lambda: len(server.messages) > MESSAGES // 10, "a tenth to be sent")
        workers[0].kill()
        assert [worker.wait() for worker in workers] == [-signal.SIGKILL, 0, 0, 0]
        assert run(server.port, full_spool) == (0, "")
    counts = delivered(server)
    assert set(counts) == set(range(MESSAGES))
    assert counts.total() <= MESSAGES + 1
    assert list(full_spool.iterdir()) == []
