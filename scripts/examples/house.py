#!/usr/bin/env python3
"""Builds a small house over the daemon's socket, with nothing but Python's standard library.

Usage: house.py [SOCKET] [DIRECTORY]

One JSON object a line goes out, one comes back. The client below reconnects, and sends a change again after
a broken connection without applying it twice: see `change`.
"""

import json
import os
import socket
import sys
import time
import uuid


class Unavailable(Exception):
    """Nobody listens."""


class Daemon:
    """A connection that is renewed when it breaks."""

    def __init__(self, path, patience=2.0):
        self.path, self.patience = path, patience
        self.session, self.seq = f"python-{uuid.uuid4()}", 0
        self.stream = self.lines = self.instance = None

    def connect(self):
        """Tries until somebody listens, with growing pauses."""
        deadline, pause = time.monotonic() + self.patience, 0.01
        while True:
            try:
                self.stream = socket.socket(socket.AF_UNIX)
                self.stream.settimeout(30)
                self.stream.connect(self.path)
                self.lines = self.stream.makefile("rb")
                self.instance = self.send("ping")["instance"]
                return
            except OSError as error:
                self.close()
                if time.monotonic() > deadline:
                    raise Unavailable(f"no daemon at {self.path}: {error}") from error
                time.sleep(pause)
                pause = min(pause * 2, 0.1)

    def close(self):
        if self.stream:
            self.stream.close()
        self.stream = None

    def send(self, method, params=None, **members):
        """One call on the connection as it is."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, **members}
        if params is not None:
            request["params"] = params
        self.stream.sendall(json.dumps(request).encode() + b"\n")
        line = self.lines.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the daemon closed the connection")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(f"{method}: {answer['error']['message']} (code {answer['error']['code']})")
        return answer["result"]

    def read(self, method, params=None):
        """A call that changes nothing: trying again is always safe."""
        while True:
            try:
                if not self.stream:
                    self.connect()
                return self.send(method, params)
            except OSError:
                self.close()

    def change(self, method, params):
        """A call that changes something. It carries a tag, so the daemon knows it again and answers instead of
        applying it twice. A daemon that was started anew says so (code 1006): then look before trying again."""
        self.seq += 1
        tag = None
        while True:
            try:
                if not self.stream:
                    self.connect()
                tag = tag or {"id": self.session, "seq": self.seq, "instance": self.instance}
                return self.send(method, params, session=tag)
            except OSError:
                self.close()


def usual_path():
    """The rule by which the daemon chooses its socket."""
    if os.environ.get("GOXEL_SOCKET_PATH"):
        return os.environ["GOXEL_SOCKET_PATH"]
    for directory in ("/opt/homebrew/var/run/goxel", "/usr/local/var/run/goxel"):
        if os.path.isdir(directory):
            return f"{directory}/goxel.sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return f"{runtime}/goxel/goxel.sock" if runtime.startswith("/") else "/tmp/goxel-daemon.sock"


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else usual_path()
    directory = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else ".")
    daemon = Daemon(path)
    daemon.change("goxel.create_project", ["House"])
    daemon.change("goxel.edit", {"ops": [
        {"op": "box", "min": [0, 0, 0], "max": [15, 11, 0], "color": "#777777"},
        {"op": "box", "min": [1, 1, 1], "max": [14, 10, 7], "hollow": 1, "color": "#d8c0a0"},
        {"op": "box", "min": [7, 1, 1], "max": [8, 1, 4], "mode": "subtract"},
        {"op": "box", "min": [0, 0, 8], "max": [15, 11, 8], "color": "#a03020"},
    ]})
    daemon.read("goxel.render_scene", {"output_path": f"{directory}/house.png", "camera_preset": "isometric"})
    daemon.read("goxel.save_project", {"path": f"{directory}/house.gox"})
    dimensions = daemon.read("goxel.get_bounding_box")["dimensions"]
    print("house:", "x".join(map(str, dimensions)))


if __name__ == "__main__":
    try:
        main()
    except (Unavailable, ValueError) as error:
        sys.exit(f"house.py: {error}")
