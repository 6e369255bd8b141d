"""Browsers of sorts: each follows the page's events and fetches every picture it hears of; one never reads at all.

python benchmarks/web_clients.py ADDRESS COUNT     # until it is ended; `web_cost.py` starts it
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from urllib.parse import urlsplit


async def follow(host: str, port: int) -> None:
    """Read events, and every picture that they name."""
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
    writer.write(f"GET /api/events HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    async for line in reader:
        if line.startswith(b'data: {"number"'):
            await fetch(host, port, json.loads(line[6:])["source"])


async def fetch(host: str, port: int, path: str) -> None:
    """Fetch a picture on a connection of its own."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()


async def follow_for_ever(host: str, port: int) -> None:
    """Begin again whenever the page ends it."""
    while True:
        try:
            await follow(host, port)
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.2)


async def main(address: str, count: int) -> None:
    """Follow, and be stuck."""
    place = urlsplit(address)
    host, port = place.hostname or "", place.port or 0
    stuck = socket.create_connection((host, port))
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    stuck.sendall(f"GET /api/events HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    print("following", flush=True)
    await asyncio.gather(*(follow_for_ever(host, port) for _ in range(count)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
