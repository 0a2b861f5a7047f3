"""Eight threads with a handle each, and as many with a smtplib.SMTP each: handles have to share nothing that waits."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from delay_proxy import delay_proxy
from send import RAW, ROUND_TRIP, handle, send
from side_by_side import compare, smtp_sink

import ssmtp_compat as ssmtp

THREADS = 8


def together(jobs: list[Callable[[], object]], times: int) -> None:
    def repeat(job: Callable[[], object]) -> None:
        for _ in range(times):
            job()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(repeat, jobs))


def compete(port: int, where: str, times: int) -> None:
    handles = [handle(port, Message=RAW) for _ in range(THREADS)]
    for opened in handles:
        assert ssmtp.ssmtp_do_connect(opened) == 0
    clients = [smtplib.SMTP("127.0.0.1", port) for _ in range(THREADS)]
    ours: list[Callable[[], object]] = [lambda opened=opened: send(opened) for opened in handles]
    theirs: list[Callable[[], object]] = [
        lambda client=client: client.sendmail("a@client.example", "b@server.example", RAW) for client in clients
    ]
    compare(
        f"8 threads, {times} x 1 KB each {where}, against smtplib.sendmail",
        lambda: together(ours, times),
        lambda: together(theirs, times),
        goal=0.6,
    )
    for client in clients:
        client.quit()
    for opened in handles:
        ssmtp.ssmtp_close(opened)


if __name__ == "__main__":
    with smtp_sink() as sink_port:
        compete(sink_port, "on loopback", 200)
        with delay_proxy(sink_port, ROUND_TRIP) as far:
            compete(far, "at 20 ms", 25)
