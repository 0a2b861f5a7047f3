"""An SMTP server inside TLS that throws everything away, in a process of its own; prints its port."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from contextlib import suppress

EHLO = b"250-sink.example.test\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n"
END = b"\r\n.\r\n"


def serve(client: socket.socket, context: ssl.SSLContext) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(OSError), context.wrap_socket(client, server_side=True) as tls:
        tls.sendall(b"220 sink.example.test ESMTP\r\n")
        buffer = bytearray(65536)
        line = b""
        while count := tls.recv_into(buffer):
            line += buffer[:count]
            if not line.endswith(b"\r\n"):
                continue
            word, line = line[:4].upper(), b""
            tls.sendall({b"EHLO": EHLO, b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n"))
            if word == b"QUIT":
                return
            if word == b"DATA":
                swallow(tls, buffer)
                tls.sendall(b"250 ok\r\n")


def swallow(tls: ssl.SSLSocket, buffer: bytearray) -> None:
    tail = b""
    while count := tls.recv_into(buffer):
        tail = (tail + buffer[max(0, count - len(END)) : count])[-len(END) :]
        if tail == END:
            return


if __name__ == "__main__":
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(sys.argv[1])
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            accepted, _ = listener.accept()
            threading.Thread(target=serve, args=(accepted, server_context), daemon=True).start()
