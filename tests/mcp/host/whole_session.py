"""A whole session by the official Python client, in both eras: built, looked at, sliced, undone, saved, exported, read.

whole_session.py GOXEL_MCP GOXEL_DAEMON
"""

import asyncio
import base64
import os
import signal
import struct
import sys
import tempfile
import warnings
import zlib
from pathlib import Path

from mcp import Client, StdioServerParameters

warnings.filterwarnings("ignore")
PROGRAM, DAEMON = sys.argv[1:3]


def server(work: Path, *more: str) -> StdioServerParameters:
    arguments = ["--spawn", "--socket", str(work / "d.sock"), "--root", str(work), *more]
    environment = {**os.environ, "GOXEL_DAEMON_BINARY": DAEMON, "GOXEL_STATE_DIR": str(work / "state")}
    return StdioServerParameters(command=PROGRAM, args=arguments, env=environment)


def text(result) -> str:
    return "\n".join(block.text for block in result.content if block.type == "text")


async def tool(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    assert not result.is_error, text(result)
    return result


def colors(png: bytes) -> set:
    """The colours of the pixels of a PNG of 8 bits a channel, or of a palette."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        chunks[kind] = chunks.get(kind, b"") + png[at + 8:at + 8 + length]
        at += length + 12
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 8, depth
    step = {0: 1, 2: 3, 3: 1, 6: 4}[kind]
    data, row = zlib.decompress(chunks[b"IDAT"]), bytearray(width * step)
    found = set()
    for y in range(height):
        start = y * (width * step + 1)
        method, line = data[start], bytearray(data[start + 1:start + 1 + width * step])
        for i in range(len(line)):
            left = line[i - step] if i >= step else 0
            above, corner = row[i], row[i - step] if i >= step else 0
            guess = left + above - corner
            nearest = min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))
            line[i] = (line[i] + [0, left, above, (left + above) // 2, nearest[2]][method]) % 256
        row = line
        for x in range(width):
            pixel = bytes(line[x * step:(x + 1) * step])
            found.add(chunks[b"PLTE"][pixel[0] * 3:pixel[0] * 3 + 3] if kind == 3 else pixel[:3])
    return found


def box(x: int, color: str = "red"):
    return [{"op": "box", "min": [x, 0, 0], "max": [x + 7, 7, 7], "color": color}]


async def session(work: Path, mode: str) -> None:
    async with Client(server(work), mode=mode) as client:
        # A client that is told the revision asks for no instructions.
        assert mode == "2026-07-28" or "voxel_edit" in client.instructions
        tools = await client.list_tools()
        assert len(tools.tools) == 8
        name = f"house_{mode.replace('-', '_')}"
        await tool(client, "voxel_project", action="new", project=name)
        edited = await tool(client, "voxel_edit", project=name, ops=box(0), look=["iso", "front"])
        assert text(edited).startswith("ok 1 op: +512"), text(edited)
        picture = next(block for block in edited.content if block.type == "image")
        shown = colors(base64.b64decode(picture.data))
        assert any(red > 2 * green and red > 2 * blue for red, green, blue in shown), shown
        sliced = await tool(client, "voxel_slice", project=name, axis="z", at=0)
        assert "aaaaaaaa" in text(sliced), text(sliced)
        undone = await tool(client, "voxel_history", project=name, action="undo")
        assert "undone 1" in text(undone)
        await tool(client, "voxel_history", project=name, action="redo")
        await tool(client, "voxel_project", project=name, action="save", path=f"{name}.gox")
        exported = await tool(client, "voxel_export", project=name, path=f"{name}.vox")
        assert any(block.type == "resource_link" for block in exported.content)
        read = await client.read_resource(f"goxel://picture/{name}/iso")
        assert base64.b64decode(read.contents[0].blob).startswith(b"\x89PNG")
        prompts = await client.list_prompts()
        assert len(prompts.prompts) == 3
        refused = await client.call_tool("voxel_edit", {"project": name, "ops": [{"op": "sphere"}]})
        assert refused.is_error and "Nothing was changed." in text(refused)


async def killed_between(work: Path) -> None:
    async with Client(server(work)) as client:
        await tool(client, "voxel_edit", ops=box(0))
        await tool(client, "voxel_project", action="save", path="kept.gox")
        pid = int((work / "d.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        opened = await tool(client, "voxel_project", action="open", path="kept.gox")
        assert "512 voxels" in text(opened), text(opened)


async def racing(work: Path) -> None:
    """Two agents on one project: each edit is there once, and who is late is told what came between."""
    async with Client(server(work)) as one, Client(server(work)) as other:
        await tool(one, "voxel_project", action="new", project="race")

        async def build(client, x: int) -> int:
            tries = 0
            while True:
                tries += 1
                seen = await tool(client, "voxel_history", project="race", action="list")
                revision = int(text(seen).split("revision ")[1].split(",")[0])
                arguments = {"project": "race", "ops": box(x), "expected_revision": revision}
                result = await client.call_tool("voxel_edit", arguments)
                if not result.is_error:
                    return tries
                assert "somebody else" in text(result), text(result)

        await asyncio.gather(*[build(client, 10 * i) for i, client in enumerate([one, other] * 5)])
        seen = await tool(one, "voxel_inspect", project="race")
        assert "5,120 voxels" in text(seen), text(seen)


async def large(work: Path) -> None:
    async with Client(server(work)) as client:
        await tool(client, "voxel_project", action="new", project="large")
        ball = [{"op": "sphere", "center": [0, 0, 40], "radius": 37, "color": "teal"}]
        edited = await tool(client, "voxel_edit", project="large", ops=ball, look=["iso", "top"])
        assert "+2" in text(edited) and len(edited.content) == 2, text(edited)


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        try:
            for mode in ["legacy", "auto", "2026-07-28"]:
                await session(work, mode)
            await racing(work)
            await large(work)
            await killed_between(work)
        finally:
            try:
                os.kill(int((work / "d.pid").read_text().split()[0]), signal.SIGTERM)
            except OSError:
                pass
            await asyncio.sleep(0.3)


asyncio.run(main())
