"""aiorpcX on a Unix socket: calls by position and by name, errors, a batch, a notification from the daemon."""

import asyncio
import socket
import sys

from aiorpcx import Notification, RPCError, RPCSession, connect_rs
from aiorpcx.rawsocket import RSTransport


class UnixTransport(RSTransport):
    """aiorpcX takes every peer for an internet host; a Unix socket's peer has no address."""

    def connection_made(self, transport):
        self._proxy = False
        super().connection_made(transport)


class Session(RPCSession):
    """A session that keeps what it is told."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.told = asyncio.Queue()

    async def handle_request(self, request):
        assert isinstance(request, Notification), request
        await self.told.put((request.method, request.args))


async def main(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    sock.setblocking(False)
    async with connect_rs(sock=sock, session_factory=Session, transport=UnixTransport) as session:
        assert (await session.send_request("ping"))["pong"] is True
        await session.send_request("goxel.create_project", {"name": "aiorpcX", "size": [8, 8, 8]})
        subscribed = await session.send_request("goxel.subscribe", {"min_interval_ms": 0})
        added = await session.send_request("goxel.add_voxel", [1, 2, 3, "#0000ff"])
        assert added["color"] == [0, 0, 255, 255], added
        method, params = await asyncio.wait_for(session.told.get(), 10)
        assert method == "goxel.changed" and params["revision"] > subscribed["revision"], params
        try:
            await session.send_request("goxel.add_voxel", {"x": 1, "y": 2})
            raise AssertionError("a voxel without z was accepted")
        except RPCError as error:
            assert error.code == -32602, error
        async with session.send_batch() as batch:
            batch.add_request("goxel.get_voxel", [1, 2, 3])
            batch.add_request("goxel.get_status", [])
        assert batch.results[0]["exists"] is True, batch.results
        await session.send_notification("goxel.add_voxel", [7, 7, 7])
        read = await session.send_request("goxel.get_voxel", {"position": [7, 7, 7]})
        assert read["exists"] is True, read


asyncio.run(main(sys.argv[1]))
