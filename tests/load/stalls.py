#!/usr/bin/env python3
"""Every method of the table, and what hostile clients send, against hostile documents: who holds the loop longest.

For each document (dense, scattered, many layers, many clones, many colours, many steps, long names) a daemon of its
own is started, and every method that rpc.discover lists is called with its own examples and with hostile params. The
daemon tells each turn over two milliseconds in its log, with its processor time; beside it another process pings.
Printed are the longest turns, by processor time, with the call that made them. Fails if one is longer than --most.

Run as root, the daemon and the pinger go before all other programs, so that the figures are theirs alone.
"""

import argparse
import contextlib
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "stability"))
from abuse import process, ping_until_told  # noqa: E402
from harness import Client, Daemon, Failed, Lost, Refused, check  # noqa: E402
import struct  # noqa: E402

PATIENCE = 600  # seconds for one call
FLAGS = ("--slow-turn-time", "2ms", "--log-repeats", "1000000", "--max-message-bytes", "64M", "--log-level", "warn")
# What ends the daemon or the connection, and what answers nobody.
LEFT_OUT = ("close_project", "subscribe", "monitor", "execute_script", "shutdown", "goxel.hand_over", "connection.kill", "goxel.shutdown", "server.shutdown", "exit")


def go_first():
    """Puts the calling process before others, where that is allowed."""
    with contextlib.suppress(OSError):
        os.nice(-20)


class Turns:
    """What the daemon's log says about long turns, and the pings beside them."""

    def __init__(self, daemon):
        self.log = open(daemon.log_path, "rb")

    def longest(self):
        """The longest turn by processor time since this was asked last, in milliseconds; 0 if none was long."""
        said = self.log.read().decode("utf-8", "replace")
        found = re.findall(r"loop took \d+ ms \((\d+) us of the processor\)", said)
        return max((int(micros) / 1000 for micros in found), default=0)


class Measured:
    """Calls, and the longest turn that each made."""

    def __init__(self, options):
        self.options = options
        self.rows = []

    def note(self, document, what, turn, seconds, answer):
        self.rows.append((turn, document, what, seconds, answer))
        if turn >= self.options.tell:
            print(f"  {turn:8.1f} ms  {document:10} {what:50} {seconds:8.3f} s  {answer}", flush=True)

    def report(self):
        print("\nThe ten longest turns:")
        for turn, document, what, seconds, answer in sorted(self.rows, reverse=True)[:10]:
            print(f"  {turn:8.1f} ms  {document:10} {what:50} {seconds:8.3f} s  {answer}")


class Session:
    """A daemon with one document, and a client that calls it."""

    def __init__(self, daemon, measured, document):
        self.client = Client(daemon.socket, timeout=PATIENCE)
        self.path, self.turns = daemon.socket, Turns(daemon)
        self.measured, self.document = measured, document
        self.daemon = daemon

    def call(self, method, params=None, what=None):
        """Calls and measures; None for an error."""
        request = self.client.request(method, params)
        return self.send(self.client.frame(request), what or method)

    def send(self, message, what):
        """Sends one message, waits for its answer, and measures."""
        self.turns.longest()
        start = time.monotonic()
        try:
            self.client.stream.sendall(message)
            answer = self.client.receive()
            while isinstance(answer, dict) and "method" in answer:  # told by itself
                answer = self.client.receive()
        except (Lost, OSError) as error:
            check(self.daemon.is_alive(), f"the daemon died of {what}")
            self.client = Client(self.path, timeout=PATIENCE)
            answer = {"error": {"code": 0, "message": f"lost: {error}"}}
        took = time.monotonic() - start
        # What is freed afterwards is part of it, and the turn is told at its end, by a helper.
        with Client(self.path, timeout=PATIENCE) as other:
            other.call("ping")
            time.sleep(0.01)
            other.call("ping")
        told = answer.get("error") if isinstance(answer, dict) else None
        shown = f"{told['code']} {told['message'][:70]}" if told else "ok"
        self.measured.note(self.document, what, self.turns.longest(), took, shown)
        return None if told else answer

    def change(self, method, params=None, what=None):
        """A change, and its way back."""
        if self.call(method, params, what):
            self.call("goxel.undo", None, f"undo of {what or method}")


def batches(values, size):
    return (values[start:start + size] for start in range(0, len(values), size))


def put(session, voxels, what="goxel.edit voxels"):
    for some in batches(voxels, 100_000):
        session.call("goxel.edit", {"operations": [{"op": "voxels", "points": some, "color": "#a0c040"}]}, what)


def grid(count, apart):
    edge = round(count ** (1 / 3)) + 1
    points = ([x * apart, y * apart, z * apart] for z in range(edge) for y in range(edge) for x in range(edge))
    return [point for _, point in zip(range(count), points)]


def make_dense(session, scale):
    edge = round(406 * min(1, scale) ** (1 / 3))
    session.call("goxel.edit", {"operations": [
        {"op": "box", "min": [0, 0, 0], "max": [edge, edge, edge], "color": "#808080"},
        {"op": "noise", "amount": 0.2, "seed": 3},
    ]}, "67 million voxels")


def make_scattered(session, scale):
    put(session, grid(int(200_000 * scale), 300), "scattered voxels")


def make_layers(session, scale):
    for number in range(int(2000 * scale)):
        session.call("goxel.create_layer", {"name": f"layer {number}"})
        session.call("goxel.add_voxel", {"x": number % 50, "y": number // 50, "z": 1, "color": "#ff0000"})


def make_clones(session, scale):
    session.call("goxel.edit", {"operations": [
        {"op": "sphere", "center": [0, 0, 20], "radius": 12, "color": "#c02020"}]})
    base = session.call("goxel.list_layers")["result"]["layers"][0]["id"]
    for number in range(int(1500 * scale)):
        params = {"base_id": base, "name": f"clone {number}", "offset": [number % 40 * 30, number // 40 * 30, 0]}
        session.call("goxel.create_clone_layer", params)


def make_colors(session, scale):
    count = int(300_000 * scale)
    for some in batches(range(count), 60_000):
        voxels = [[n % 67, n // 67 % 67, n // 4489, f"#{n * 55 % 0xffffff:06x}"] for n in some]
        session.call("goxel.edit", {"operations": [{"op": "voxels", "voxels": voxels}]}, "coloured voxels")


def make_steps(session, scale):
    for number in range(int(1500 * scale)):
        session.call("goxel.create_layer", {"name": f"step {number}"})


def make_names(session, scale):
    for _ in range(5):
        session.call("goxel.create_layer", {"name": "n" * int(1_000_000 * scale)})
    session.call("goxel.checkpoint", {"name": "c" * int(1_000_000 * scale)})


DOCUMENTS = {
    "dense": make_dense, "scattered": make_scattered, "layers": make_layers, "clones": make_clones,
    "colors": make_colors, "steps": make_steps, "names": make_names,
}


def every_method(session, directory):
    """Each method with its own examples."""
    methods = session.client.call("rpc.discover")["methods"]
    for method in methods:
        name = method["name"]
        if any(name == left or name.endswith("." + left) for left in LEFT_OUT):
            continue
        calls = [None]
        for example in method.get("examples", []):
            by_name = example["name"] != "by position"
            params = {p["name"]: p["value"] for p in example["params"]} if by_name \
                else [p["value"] for p in example["params"]]
            calls.append(params)
        for number, params in enumerate(calls):
            moved = relocate(params, directory)
            what = name if number == 0 else f"{name} example {number}"
            if method.get("x-effect") == "edit" and "undo" not in name and "redo" not in name:
                session.change(name, moved, what)
            else:
                session.call(name, moved, what)


def relocate(value, directory):
    """The same params with every path in a directory of ours."""
    if isinstance(value, str) and value.startswith("/"):
        return os.path.join(directory, os.path.basename(value))
    if isinstance(value, list):
        return [relocate(part, directory) for part in value]
    if isinstance(value, dict):
        return {name: relocate(part, directory) for name, part in value.items()}
    return value


def hostile(session, scale, directory):
    """What no example shows."""
    many = int(100_000 * scale)
    whole = {"min": [-10**6] * 3, "max": [10**6] * 3}
    reads = [
        ("goxel.get_bounding_box", {}), ("goxel.get_project_info", {}), ("goxel.list_layers", {}),
        ("goxel.get_unique_colors", {"merge_similar": True, "merge_threshold": 1}),
        ("goxel.get_unique_colors", {"merge_similar": True, "merge_threshold": 10}),
        ("goxel.get_unique_colors", {"sort_by_count": True}),
        ("goxel.get_color_histogram", {"top_n": 0}), ("goxel.get_color_histogram", {"bin_size": 4}),
        ("goxel.find_voxels_by_color", {"color": [160, 192, 64], "tolerance": 255, "max_results": 0}),
        ("goxel.measure", {"colors": 4096, "parts": True}), ("goxel.measure", {"layer_id": 1, "parts": True}),
        ("goxel.get_bounding_box", {"layer_id": -1, "exact": True}), ("goxel.get_bounding_box", {"layer_id": -2}),
        ("goxel.raycast", {"origin": [-50, 3.3, 5.2], "direction": [1, 0.01, 0.02]}),
        ("goxel.raycast", {"origin": [-50, 3.3, 5.2], "direction": [1, 0.3, 0.2], "max_distance": 1e9}),
        ("goxel.raycast", {"origin": [-5, -5, -5], "direction": [1, 1.0001, 1.0002], "layer_id": "visible"}),
        ("goxel.get_layer_voxels", {"layer_id": 1}), ("goxel.get_layer_voxels", {"layer_id": -1}),
        ("goxel.get_voxels_region", whole), ("goxel.get_voxels_region", {**whole, "color_filter": [1, 2, 3]}),
        ("goxel.read_region", {"min": [0, 0, 0], "max": [200, 200, 200]}),
        ("goxel.read_region", {"min": [0, 0, 0], "max": [200, 200, 200], "encoding": "base64"}),
        ("goxel.history", {"limit": 0}), ("goxel.diff", {"from": 0}), ("goxel.diff", {"from": 0, "max_voxels": 100_000}),
        ("goxel.list_materials", {}), ("goxel.slice", {"axis": "z", "at": 0}),
        ("goxel.slice", {"axis": "x", "at": 0, "count": 64, "layer_id": "visible"}),
        ("goxel.find", {"color": "#a0c040", "tolerance": 255, "limit": 100_000}),
        ("goxel.find", {"exposed": True, "most_neighbors": 1, "layer_id": "visible"}),
        ("goxel.save_project", {"path": os.path.join(directory, "a.gox")}),
        ("goxel.export_model", {"path": os.path.join(directory, "a.txt")}),
        ("goxel.export_model", {"path": os.path.join(directory, "a.vox")}),
        ("goxel.export_model", {"path": os.path.join(directory, "a.obj")}),
        ("goxel.render_scene", {"output_path": os.path.join(directory, "a.png"), "width": 300, "height": 300}),
        ("goxel.duplicate_project", {"name": "double"}), ("goxel.health", {}), ("goxel.list_projects", {}),
        ("goxel.close_project", {"name": "double", "discard": True}),
        ("goxel.open_project", {"name": "again", "path": os.path.join(directory, "a.gox")}),
        ("goxel.close_project", {"name": "again", "discard": True}),
        ("goxel.open_project", {"name": "text", "path": os.path.join(directory, "a.txt")}),
        ("goxel.close_project", {"name": "text", "discard": True}),
    ]
    for method, params in reads:
        session.call(method, params, f"{method} {str(params)[:60]}")
    edits = [
        ("scattered points", [{"op": "voxels", "points": grid(int(120_000 * scale), 300), "color": "#ff00ff"}]),
        ("one voxel, far copies", [
            {"op": "voxels", "points": [[0, 0, 0]], "color": "#ff0000"},
            {"op": "copy", "min": [0, 0, 0], "max": [0, 0, 0], "to": [100, 0, 0], "times": int(200_000 * scale),
             "step": [100, 0, 0]}]),
        ("a long line", [{"op": "line", "points": [[0, 0, 0], [many * 100, many * 100, 7]], "color": "#ff0000"}]),
        ("move", [{"op": "move", **whole, "to": [-10**6 + 3, -10**6 + 5, -10**6]}]),
        ("mirror", [{"op": "mirror", "axis": "x", "at": 3}]),
        ("rotate", [{"op": "rotate", "axis": "z", "turns": 1}]),
        ("scale", [{"op": "scale", "factor": 2}]), ("scale down", [{"op": "scale", "factor": 0.5}]),
        ("clear", [{"op": "clear"}]), ("hollow", [{"op": "hollow"}]), ("smooth", [{"op": "smooth"}]),
        ("shell", [{"op": "shell", "color": "#00ff00"}]), ("noise", [{"op": "noise", "amount": 0.3}]),
        ("replace_color", [{"op": "replace_color", "from": "#a0c040", "to": "#00ff00", "tolerance": 255}]),
        ("one voxel", [{"op": "voxels", "points": [[3, 3, 3]], "color": "#12345678"}]),
        ("100,000 boxes", [{"op": "box", "min": [n % 300, n // 300, 0], "max": [n % 300, n // 300, 1],
                            "color": "#ff0000"} for n in range(many)]),
        ("line of 100,000", [{"op": "line", "points": [[0, 0, 0], [many * 10, many, 0]], "color": "#0000ff"}]),
    ]
    for name, operations in edits:
        session.change("goxel.edit", {"operations": operations}, f"edit {name}")
    changes = [
        ("goxel.clear_voxels", {}), ("goxel.clear_voxels", whole),
        ("goxel.add_voxels", {"voxels": [[x * 31 % 400, x * 77 % 397, x * 13 % 401, "#ff0000"]
                                         for x in range(int(50_000 * scale))]}),
        ("goxel.select_voxels", {"layer_id": 1}), ("goxel.select_color", {"color": "#a0c040", "tolerance": 255}),
        ("goxel.move_voxels", {"offset": [5, 1, 0]}), ("goxel.mirror_voxels", {"axis": "x"}),
        ("goxel.scale_voxels", {"factor": 2}), ("goxel.scale_voxels", {"factor": "1/2"}),
        ("goxel.rotate_voxels", {"axis": "z"}), ("goxel.duplicate_layer", {"layer_id": 1}),
        ("goxel.delete_layer", {"layer_id": 1}), ("goxel.create_project", {"name": "x"}),
        ("goxel.create_clone_layer", {"base_id": 1, "offset": [3, 2, 1]}),
        ("goxel.create_shape_layer", {"shape": "sphere", "bounds": {"min": [0, 0, 0], "max": [900, 900, 900]}}),
        ("goxel.set_layer_visibility", {"layer_id": 1, "visible": False}), ("goxel.merge_layers", {}),
        ("goxel.load_project", {"path": os.path.join(directory, "a.gox")}),
        ("goxel.import_model", {"path": os.path.join(directory, "a.gox")}),
    ]
    for method, params in changes:
        session.change(method, params, f"{method} {str(params)[:50]}")
    for name, params in (("voxels", {}), ("color", {"color": "#a0c040", "tolerance": 255})):
        session.call(f"goxel.select_{name}", params)
        for method, params in (
                ("goxel.grow_selection", {"steps": 100}), ("goxel.shrink_selection", {"steps": 100}),
                ("goxel.invert_selection", {}), ("goxel.fill_selection", {"color": "#ff0000"}),
                ("goxel.copy_selection", {"cut": True}), ("goxel.erase_selection", {}),
                ("goxel.move_voxels", {"offset": [0, 0, 4], "target": "selection"})):
            session.change(method, params, f"{method} {str(params)[:40]} after select_{name}")
    session.call("goxel.clear_selection")
    count = session.client.call("goxel.history", {"limit": 1})["count"]
    for position in (0, count, 0):
        session.call("goxel.go_to", {"position": position}, f"go_to {position}")
    session.call("goxel.undo", {"steps": 10_000}, "undo 10,000")
    session.call("goxel.redo", {"steps": 10_000}, "redo 10,000")
    messages(session, scale, directory)


def messages(session, scale, directory):
    """Messages that are hostile by themselves."""
    many = int(1_000_000 * scale)
    keys = b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(many)) + b"}"
    long = b'"' + b"x" * int(15_000_000 * scale) + b'"'
    calls = [
        ("a batch of 100 discoveries", b'[' + b",".join([b'{"method":"rpc.discover","id":1}'] * 100) + b']'),
        ("echo of many keys", b'{"id":1,"method":"echo","params":' + keys + b'}'),
        ("add_voxel with many keys", b'{"id":1,"method":"goxel.add_voxel","params":' + keys + b'}'),
        ("edit with many keys", b'{"id":1,"method":"goxel.edit","params":{"operations":[' + keys + b']}}'),
        ("edit params with many keys", b'{"id":1,"method":"goxel.edit","params":' + keys + b'}'),
        ("a colour with many keys", b'{"id":1,"method":"goxel.add_voxel","params":{"x":1,"y":1,"z":1,"color":'
         + keys + b'}}'),
        ("an envelope with many keys", keys),
        ("a path", b'{"id":1,"method":"goxel.open_file","params":{"path":' + long + b'}}'),
        ("a path to save", b'{"id":1,"method":"goxel.save_project","params":{"path":"/' + long[1:] + b'}}'),
        ("a path to export", b'{"id":1,"method":"goxel.export_model","params":{"path":"/' + long[1:] + b'}}'),
        ("a name of a method", b'{"id":1,"method":' + long + b'}'),
        ("a name of a tool", b'{"tool":' + long + b',"arguments":{}}'),
        ("a name of a project", b'{"id":1,"method":"goxel.get_project_info","params":{"project":' + long + b'}}'),
        ("a name of an op", b'{"id":1,"method":"goxel.edit","params":{"operations":[{"op":' + long + b'}]}}'),
        ("a name of a param", b'{"id":1,"method":"goxel.edit","params":{' + long + b':1}}'),
        ("a name of a layer", b'{"id":1,"method":"goxel.create_layer","params":{"name":' + long + b'}}'),
        ("a colour", b'{"id":1,"method":"goxel.add_voxel","params":[1,1,1,' + long + b']}'),
        ("many positions", b'{"id":1,"method":"goxel.add_voxel","params":[' + b",".join([b"1"] * many) + b']}'),
        ("many operations without sense", b'{"id":1,"method":"goxel.edit","params":{"operations":['
         + b",".join([b"{}"] * many) + b']}}'),
        ("a batch of errors", b'[' + b",".join([b'{"method":"nothing","id":1}'] * (many // 10)) + b']'),
        ("a batch of numbers", b'[' + b",".join([b'1'] * many) + b']'),
        ("a deep list", b'{"id":1,"method":"echo","params":' + b"[" * 100_000 + b"]" * 100_000 + b'}'),
    ]
    for what, message in calls:
        session.send(message + b"\n", what)
    colors = ",".join('"#%06x"' % (n * 16 % 0xffffff) for n in range(many)).encode()
    for name in (b"goxel.set_palette",):
        body = b'{"id":1,"method":"' + name + b'","params":{"name":"p","colors":[' + colors + b']}}'
        session.send(body + b"\n", f"{name.decode()} of {many} colours")
    for method in ("goxel.get_palette", "goxel.list_palettes"):
        session.call(method)
    session.call("goxel.export_palette", {"path": os.path.join(directory, "p.gpl")})
    session.call("goxel.import_palette", {"path": os.path.join(directory, "p.gpl")})


def measure(document, options, measured):
    print(f"{document}", flush=True)
    go_first()
    with Daemon(options.daemon, FLAGS) as daemon:
        session = Session(daemon, measured, document)
        with process(lambda say: ping_until_told(daemon.socket, say)) as pinger:
            pinger.read(1)
            DOCUMENTS[document](session, options.scale)
            with contextlib.suppress(Refused):
                session.client.call("goxel.checkpoint", {"name": "stalls"})
            if not options.only_hostile:
                every_method(session, daemon.directory)
            hostile(session, options.scale, daemon.directory)
            session.call("goxel.close_project", {}, "closing the project")
            time.sleep(0.3)
            measured.note(document, "freeing what was closed", session.turns.longest(), 0.3, "")
            os.kill(pinger.child, 15)
            said = b""
            while piece := pinger.read(1 << 16):
                said += piece
        times = sorted(struct.unpack(f"{len(said) // 8}d", said))
        if times:
            print(f"  pings: p50 {times[len(times) // 2] * 1e3:.2f}, p99 {times[len(times) * 99 // 100] * 1e3:.2f}, "
                  f"longest {times[-1] * 1e3:.1f} ms; memory {daemon.resident_kib() >> 10} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", metavar="PATH", help="the daemon's program; default: what cargo built")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the documents and messages")
    parser.add_argument("--only", default=",".join(DOCUMENTS), help="documents, with commas between them")
    parser.add_argument("--only-hostile", action="store_true", help="leave out the examples of the methods")
    parser.add_argument("--tell", type=int, default=3, help="milliseconds from which on a turn is told at once")
    parser.add_argument("--most", type=int, default=20, help="milliseconds that a turn may take")
    options = parser.parse_args()
    measured = Measured(options)
    try:
        for document in options.only.split(","):
            measure(document, options, measured)
    except (Failed, Refused, Lost) as error:
        print(f"FAIL: {error}")
        sys.exit(1)
    measured.report()
    sys.exit(1 if any(row[0] > options.most for row in measured.rows) else 0)


if __name__ == "__main__":
    main()
