#!/usr/bin/env python3
"""Greedy and hostile clients against a daemon that may address little: the process must live and answer.

The daemon runs under a limit of address space (--address-space MiB), with --max-memory below it. Several clients at once
send sparse floods, floods of layers, files that unpack to far more than they are, far coordinates, runs of a thousand million
voxels, big pictures and big messages, while one pings. Whatever is refused has to be refused by an answer.
"""

import argparse
import gzip
import json
import os
import pathlib
import random
import struct
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "stability"))
from harness import Client, Daemon, Lost, Refused, check, parse_duration, run  # noqa: E402

CLIENTS = 6


def nbt_name(name):
    return struct.pack(">H", len(name)) + name.encode()


def bombs(folder):
    """Small files that say they are large; their paths."""
    made = {}

    def make(name, data):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        made[name] = path

    root = b"\x0a" + nbt_name("Schematic")
    sizes = b"".join(b"\x02" + nbt_name(name) + struct.pack(">h", 32000) for name in ("Width", "Height", "Length"))
    array = b"\x07" + nbt_name("Blocks") + struct.pack(">i", 2_000_000_000)
    make("array.schematic", gzip.compress(root + sizes + array + bytes(1 << 20)))
    make("zeros.schematic", gzip.compress(root + sizes + array + bytes(64 << 20), 9))
    make("deep.schematic", gzip.compress(root + b"\x09" + nbt_name("deep") + b"\x09\0\0\0\1" * 300_000))
    make("cut.schematic", gzip.compress(root + sizes)[:-9])

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def png(name, width, height, data):
        header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
        make(name, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))

    png("wide.png", 0x7fffffff, 0x7fffffff, zlib.compress(b""))
    png("pixels.png", 8000, 8000, zlib.compress(bytes(8000 * 32001), 9))
    png("zlib.png", 64, 64, zlib.compress(bytes(200 << 20), 9))

    def vox(name, chunks):
        body = b"".join(kind + struct.pack("<II", len(data), 0) + data for kind, data in chunks)
        make(name, b"VOX " + struct.pack("<I", 150) + b"MAIN" + struct.pack("<II", 0, len(body)) + body)

    vox("huge.vox", [(b"SIZE", struct.pack("<III", 1 << 31, 1 << 31, 1 << 31)), (b"XYZI", struct.pack("<I", 1 << 30))])
    model = [(b"SIZE", struct.pack("<III", 1, 1, 1)), (b"XYZI", struct.pack("<IBBBB", 1, 0, 0, 0, 1))]
    nodes = []
    for level in range(16):
        transform = struct.pack("<IIIIIII", 2 * level, 0, 2 * level + 1, 0xffffffff, 0xffffffff, 1, 0)
        group = struct.pack("<IIIII", 2 * level + 1, 0, 2, 2 * level + 2, 2 * level + 2)
        nodes += [(b"nTRN", transform), (b"nGRP", group)]
    nodes.append((b"nTRN", struct.pack("<IIIIIII", 32, 0, 33, 0xffffffff, 0xffffffff, 1, 0)))
    nodes.append((b"nSHP", struct.pack("<IIIII", 33, 0, 1, 0, 0)))
    vox("nested.vox", model + nodes)
    make("far.txt", b"2147483647 2147483647 2147483647 ff0000\n-2147483648 -2147483648 -2147483648 00ff00\n")
    make("nan.ply", b"ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
         b"element face 1\nproperty list uchar int vertex_indices\nend_header\nnan 0 0\n1e30 0 0\n0 inf 0\n3 0 1 2\n")
    make("far.obj", b"v 0 0 0\nv 1e9 0 0\nv 0 1e9 1e9\nf 1 2 3\n")
    for name in ("sparse.vox", "sparse.gox", "sparse.schematic", "sparse.obj"):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.truncate(600 << 20)
        made[name] = path
    return list(made.values())


def edit(*operations):
    return "goxel.edit", {"operations": list(operations)}


def greed(dice, files):
    """One greedy call."""
    far = [dice.choice([-1, 1]) * dice.randrange(1 << 30) for _ in range(3)]
    box = {"min": [0, 0, 0], "max": [dice.randrange(400)] * 3}
    return dice.choice([
        lambda: edit({"op": "line", "points": [[0, 0, 0], [999_999_999, 0, 0]], "color": "red"}),
        lambda: edit({"op": "copy", "min": [0, 0, 0], "max": [0, 0, 0], "to": [0, 0, 20], "times": 1_000_000, "step": [20, 0, 0]}),
        lambda: edit({"op": "box", **box, "color": "blue"}, {"op": "noise", "amount": 0.5}),
        lambda: edit({"op": "box", "min": far, "max": far, "color": "red"}),
        lambda: edit({"op": "sphere", "center": far, "radius": 1e9, "color": "red"}),
        lambda: ("goxel.add_voxels", {"voxels": [
            {"position": [dice.randrange(1 << 20) for _ in range(3)], "color": "red"} for _ in range(5000)]}),
        lambda: ("goxel.create_layer", {"name": "flood " * 30}),
        lambda: ("goxel.duplicate_layer", {"layer_id": 1}),
        lambda: ("goxel.select_box", box),
        lambda: ("goxel.grow_selection", {"steps": 100}),
        lambda: ("goxel.measure", {}),
        lambda: ("goxel.render_scene", {"width": 4096, "height": 4096, "output_path": "large.png"}),
        lambda: ("goxel.render_image", {"width": 2048, "height": 2048}),
        lambda: ("goxel.open_project", {"name": f"p{dice.randrange(300)}", "path": dice.choice(files)}),
        lambda: ("goxel.load_project", {"path": dice.choice(files)}),
        lambda: ("goxel.import_model", {"path": dice.choice(files)}),
        lambda: ("goxel.save_project", {"path": "large.gox"}),
        lambda: ("goxel.load_project", {"path": "large.gox"}),
        lambda: ("goxel.export_model", {"path": "large." + dice.choice(["vox", "obj", "glb", "ply", "txt", "qb", "schem"])}),
        lambda: ("goxel.get_region", box),
        lambda: ("echo", {"text": "x" * dice.randrange(15 << 20)}),
        lambda: ("goxel.undo", {"steps": dice.randrange(1, 5)}),
        lambda: ("goxel.close_project", {"name": "default", "discard": True}),
    ])()


def be_greedy(daemon, seed, until, files, counts):
    dice = random.Random(seed)
    client = None
    while time.monotonic() < until and daemon.is_alive():
        method, params = greed(dice, files)
        try:
            client = client or Client(daemon.socket, timeout=120)
            client.call(method, params)
            counts["done"] += 1
        except Refused:
            counts["refused"] += 1
        except Lost:
            # A connection may be closed for what it sends; the daemon has to live.
            counts["lost"] += 1
            counts["last"] = f"{method} {json.dumps(params)[:200]}"
            client = None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("duration", nargs="?", type=parse_duration, default="1h", help="90s, 30m, 1h (default 1h)")
    parser.add_argument("--daemon", metavar="PATH", help="the daemon's program; default: what cargo built")
    parser.add_argument("--address-space", type=int, default=512, metavar="MIB", help="default 512; 0 for no limit")
    parser.add_argument("--max-memory", type=int, default=256, metavar="MIB", help="default 256; 0 for the default of the daemon")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    run([("greedy clients", lambda: attack(options))])


def attack(options):
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {seed}, {options.address_space} MiB of address space, --max-memory {options.max_memory} MiB")
    if options.address_space:
        import resource
        # Inherited by the daemon; this process needs less.
        limit = options.address_space << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    flags = ["--max-memory", str(options.max_memory << 20)] if options.max_memory else []
    with Daemon(options.daemon, flags) as daemon:
        if options.address_space:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        files = bombs(daemon.directory)
        until = time.monotonic() + options.duration
        counts = {"done": 0, "refused": 0, "lost": 0, "last": ""}
        clients = [threading.Thread(target=be_greedy, args=(daemon, seed + n, until, files, counts)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        pings, slowest, peak = 0, 0.0, 0
        with Client(daemon.socket) as client:
            while time.monotonic() < until:
                began = time.monotonic()
                check(daemon.is_alive(), f"the daemon died with {daemon.process.poll()}; last lost: {counts['last']}")
                client.call("ping")
                slowest, pings = max(slowest, time.monotonic() - began), pings + 1
                peak = max(peak, daemon.resident_kib())
                time.sleep(0.05)
        for client in clients:
            client.join()
        check(daemon.is_alive(), f"the daemon died with {daemon.process.poll()}; last lost: {counts['last']}")
        return f"{pings} pings, slowest {slowest * 1e3:.0f} ms; {counts}; peak {peak >> 10} MiB resident"


if __name__ == "__main__":
    main()
