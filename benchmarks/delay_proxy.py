"""A TCP proxy that delivers every octet a fixed time later, as a long line would: for benchmarks only.

Each direction is a queue of chunks with the time at which they are due; nothing is throttled by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection


@contextlib.contextmanager
def delay_proxy(port: int, round_trip: float) -> Iterator[int]:
    """A port of 127.0.0.1 that leads to ``port`` with ``round_trip`` seconds in between, in a process of its own."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, port, round_trip / 2), daemon=True)
    process.start()
    try:
        yield mine.recv()
    finally:
        process.terminate()
        process.join()


def _serve(ready: Connection, port: int, delay: float) -> None:
    async def run() -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            onward, outward = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_carry(reader, outward, delay), _carry(onward, writer, delay))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            when, chunk = await due.get()
            await asyncio.sleep(when - time.monotonic())
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def collect() -> None:
        chunk = b"x"
        while chunk:
            try:
                chunk = await reader.read(1 << 20)
            except ConnectionError:
                chunk = b""
            due.put_nowait((time.monotonic() + delay, chunk))

    with contextlib.suppress(ConnectionError):
        await asyncio.gather(collect(), deliver())
