#!/usr/bin/env python3
"""A daemon that may address little: every method, every reader and every writer, at many sizes. The process must live.

For each size (--sizes, in MiB of address space) a daemon of its own is started with and without --max-memory. It gets a
document that takes a part of what there is, then every method that rpc.discover lists with its own examples, every file
of --samples, files that say they are large, every format to be written, pictures and big messages. Each has to be
answered, with a result or an error. Below --least a daemon may refuse to start, if it says why.
"""

import argparse
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "stability"))
from greed import bombs  # noqa: E402
from harness import Client, Daemon, Failed, Lost, Refused, check  # noqa: E402
from stalls import LEFT_OUT, relocate  # noqa: E402

SIZES = (64, 72, 80, 88, 96, 112, 128, 144, 160, 176, 192, 224, 256, 320, 384, 448, 512, 640, 768, 1024)
LEAST = 64
PATIENCE = 300  # seconds for one call
WRITTEN = ("gltf", "glb", "obj", "ply", "stl", "vox", "txt", "qb", "qbt", "qef", "schem", "mts", "vxl", "kvx", "png", "gox")


class Caller(Client):
    """A client that takes no notice of what it is told unasked, and knows refusals of messages that were not kept."""

    def receive(self):
        while "method" in (message := super().receive()):
            pass
        if message.get("id") is None and "error" in message:
            raise Refused(message["error"])
        return message


class Session:
    """Calls, and whether the daemon lives after each."""

    def __init__(self, daemon, where):
        self.daemon, self.where, self.client = daemon, where, None
        self.done = self.refused = self.lost = 0

    def call(self, method, params=None):
        try:
            self.client = self.client or Caller(self.daemon.socket, timeout=PATIENCE)
            result = self.client.call(method, params)
            self.done += 1
            return result
        except Refused:
            self.refused += 1
        except (Lost, OSError) as error:
            self.client = None
            self.lost += 1
            # It may have been closed for what it asked for; a moment later the process is known to live or not.
            time.sleep(0.05)
            check(self.daemon.is_alive(), f"{self.where}: the daemon ended with {self.daemon.process.poll()} at "
                  f"{method} {str(params)[:200]}: {error}")
        return None


def make_document(session, side):
    """Voxels of many colours in some layers."""
    session.call("goxel.create_project", {"name": "scarce"})
    for layer in range(3):
        at = [layer * side, 0, 0]
        within = {"min": at, "max": [at[0] + side - 1, side - 1, side - 1]}
        session.call("goxel.edit", {"operations": [
            {"op": "box", **within, "color": [layer * 90, 99, 30]}, {"op": "noise", "within": within, "amount": 0.7}]})
        session.call("goxel.create_layer", {"name": f"layer {layer}"})


def every_method(session, directory):
    listed = session.call("rpc.discover")
    check(listed is not None or session.refused, "methods cannot be listed")
    for method in (listed or {"methods": []})["methods"]:
        name = method["name"]
        if any(name == left or name.endswith("." + left) for left in LEFT_OUT):
            continue
        session.call(name)
        for example in method.get("examples", []):
            by_position = example["name"] == "by position"
            params = [p["value"] for p in example["params"]] if by_position \
                else {p["name"]: p["value"] for p in example["params"]}
            session.call(name, relocate(params, directory))


def try_everything(session, files, side, directory):
    # What is asked for grows until what there is has been asked for many times.
    make_document(session, side)
    for ending in WRITTEN:
        session.call("goxel.export_model", {"path": f"{directory}/written.{ending}"})
    session.call("goxel.save_project", {"path": f"{directory}/written.gox"})
    for method in ("goxel.render_scene", "goxel.render_image"):
        for edge in (256, 2048, 4096):
            params = {"width": edge, "height": edge}
            session.call(method, {**params, "output_path": "picture.png"} if "scene" in method else params)
    session.call("goxel.read_region", {"min": [0] * 3, "max": [255] * 3})
    session.call("goxel.get_layer_voxels", {"layer_id": 1})
    session.call("goxel.select_box", {"min": [0] * 3, "max": [400] * 3})
    session.call("goxel.grow_selection", {"steps": 60})
    session.call("goxel.measure", {"colors": 4096, "parts": True})
    session.call("goxel.edit", {"operations": [{"op": "line", "points": [[0] * 3, [999_999_999, 0, 0]], "color": "red"}]})
    session.call("goxel.edit", {"operations": [{"op": "copy", "min": [0] * 3, "max": [0] * 3, "to": [0, 0, 20],
                                                "times": 1_000_000, "step": [20, 0, 0]}]})
    for megabytes in (1, 4, 15):
        session.call("echo", {"text": "x" * (megabytes << 20)})
    for path in files:
        session.call("goxel.open_project", {"name": "one of many", "path": path})
        session.call("goxel.close_project", {"name": "one of many", "discard": True})
        session.call("goxel.import_model", {"path": path})
    make_document(session, side)
    every_method(session, directory)
    session.call("goxel.clear_history")
    session.call("goxel.close_project", {"name": "default", "discard": True})
    small = {"operations": [{"op": "box", "min": [0] * 3, "max": [15] * 3, "color": "red"}]}
    check(session.call("goxel.edit", small) is not None, f"{session.where}: a small edit is refused at the end")


def within(size, flags, options):
    """One daemon; what it did, as a line."""
    where = f"{size} MiB {' '.join(flags) or 'without --max-memory'}"
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size << 20, unlimited[1]))
    try:
        daemon = Daemon(options.daemon, flags)
    except Failed as error:
        check(size < options.least and "memory" in str(error), f"{where}: {error}")
        return f"{where}: refused to start"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
    with daemon:
        session = Session(daemon, where)
        samples = sorted(str(path) for path in pathlib.Path(options.samples).rglob("*") if path.is_file() and path.suffix != ".json") \
            if options.samples else []
        try_everything(session, bombs(daemon.directory) + samples, options.side, daemon.directory)
        check(daemon.is_alive(), f"{where}: the daemon ended with {daemon.process.poll()}")
        return f"{where}: {session.done} done, {session.refused} refused, {session.lost} connections closed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", metavar="PATH", help="the daemon's program; default: what cargo built")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="MiB of address space (default: twenty from 64 up)")
    parser.add_argument("--least", type=int, default=LEAST, help="below so many MiB it may refuse to start (default 64)")
    parser.add_argument("--side", type=int, default=128, help="of the cubes of the document (default 128)")
    parser.add_argument("--samples", metavar="FOLDER", help="files to open too")
    options = parser.parse_args()
    failed = 0
    for size in map(int, options.sizes.split(",")):
        for flags in ([], [f"--max-memory={size * 2 // 5}MiB"]):
            try:
                print(within(size, flags, options), flush=True)
            except Failed as error:
                failed += 1
                print(f"FAIL: {error}", flush=True)
    print("the process lived at every size" if failed == 0 else f"{failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
