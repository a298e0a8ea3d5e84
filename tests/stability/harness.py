"""What the stability tests share: a daemon of their own, and clients in plain Python.

Only the standard library. Nothing here talks to anything but the Unix socket of the daemon that the
test started itself, in a temporary directory of its own.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HANG = 60.0  # seconds: nothing takes longer unless it hangs


class Failed(Exception):
    """A check that did not hold."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def find_daemon(given=None):
    """The daemon's program: the one given, the one in GOXEL_DAEMON_BINARY, or the newest that cargo built."""
    named = given or os.environ.get("GOXEL_DAEMON_BINARY")
    if named:
        check(os.access(named, os.X_OK), f"{named} is not a program")
        return os.path.abspath(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [target / kind / "goxel-daemon" for kind in ("release", "debug")]
    built = [path for path in built if path.exists()]
    check(built, f"no goxel-daemon under {target}: run `cargo build` or pass --daemon PATH")
    return str(max(built, key=lambda path: path.stat().st_mtime))


class Daemon:
    """A daemon on a socket of its own. Use it in a `with` statement: it ends there in any case."""

    def __init__(self, program=None, flags=()):
        self.program = find_daemon(program)
        self.flags = list(flags)
        self.directory = tempfile.mkdtemp(prefix="goxel-test-")
        self.socket = os.path.join(self.directory, "d.sock")
        self.log_path = os.path.join(self.directory, "log")
        self.process = None
        self.start()

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GOXEL_")}
        environment["GOXEL_JOURNAL"] = "none"
        environment["GOXEL_STATE_DIR"] = os.path.join(self.directory, "state")
        environment["GOXEL_RENDER_DIR"] = os.path.join(self.directory, "renders")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--socket", self.socket, *self.flags],
                cwd=self.directory, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        deadline = time.monotonic() + HANG
        while True:
            check(self.process.poll() is None, f"the daemon ended at once: {self.log()}")
            probe = socket.socket(socket.AF_UNIX)
            try:
                probe.settimeout(HANG)
                probe.connect(self.socket)
                # It listens a moment before everything else stands; an answer means that it is complete.
                probe.sendall(b'{"method":"ping"}\n')
                check(probe.recv(4096).endswith(b"\n"), "the daemon hung up at once")
                break
            except OSError:
                check(time.monotonic() < deadline, "the daemon does not listen")
                time.sleep(0.001)
            finally:
                probe.close()
        # A helper writes the first health file, which stays open: whoever counts descriptors begins after that.
        if not any(flag.startswith("--health-file") for flag in self.flags):
            while not os.path.exists(os.path.join(self.directory, "d.health.json")):
                check(self.process.poll() is None, f"the daemon ended at once: {self.log()}")
                check(time.monotonic() < deadline, "there is no health file")
                time.sleep(0.001)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(f"--- the daemon's log ---\n{self.log()}", file=sys.stderr)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self):
        """No chance to say goodbye."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks it to end; returns the exit code and how long it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(HANG), time.monotonic() - start

    def is_alive(self):
        return self.process.poll() is None

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read()[-4000:].decode("utf-8", "replace")

    def program_bytes(self):
        """Pages of the program's own file that are resident, beyond the 4 MiB that a release build has."""
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
                line = next(line for line in status if line.startswith("RssFile:"))
        except (OSError, StopIteration):
            return 0
        return max(0, (int(line.split()[1]) << 10) - (4 << 20))

    def resident_kib(self):
        """Resident memory; from ps where there is no /proc."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        except FileNotFoundError:
            command = ["ps", "-o", "rss=", "-p", str(self.process.pid)]
            return int(subprocess.run(command, capture_output=True, check=True).stdout)

    def descriptors(self):
        """How many file descriptors it has open; None where the system does not tell."""
        try:
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))
        except FileNotFoundError:
            return None

    def wait_for_descriptors(self, expected):
        """Waits until no more descriptors are open than expected: a close takes the daemon a moment."""
        deadline = time.monotonic() + HANG
        while (now := self.descriptors()) is not None and now > expected:
            if time.monotonic() > deadline:
                raise Failed(f"{now} descriptors are open, {expected} expected")
            time.sleep(0.01)


class Refused(Exception):
    """The daemon answered with an error."""

    def __init__(self, error):
        super().__init__(f"{error['message']} (code {error['code']})")
        self.code = error["code"]


class Lost(Exception):
    """The connection broke. `sent` tells whether the whole request was handed to the system."""

    def __init__(self, reason, sent):
        super().__init__(reason)
        self.sent = sent


class Client:
    """One connection, in JSON text, header-framed JSON or binary framing."""

    def __init__(self, path, framing="text", timeout=HANG):
        self.framing = framing
        self.buffer = b""
        self.last_id = 0
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.settimeout(timeout)
        try:
            self.stream.connect(path)
        except OSError as error:
            self.stream.close()
            raise Lost(f"cannot connect: {error}", False) from error

    def close(self):
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def frame(self, message):
        payload = json.dumps(message, separators=(",", ":")).encode()
        if self.framing == "binary":
            return struct.pack(">IIII", self.last_id & 0xFFFFFFFF, 0, len(payload), 0) + payload
        if self.framing == "header":
            return b"Content-Length: %d\r\n\r\n" % len(payload) + payload
        return payload + b"\n"

    def request(self, method, params=None, **members):
        self.last_id += 1
        message = {"jsonrpc": "2.0", "method": method, "id": self.last_id, **members}
        if params is not None:
            message["params"] = params
        return message

    def send(self, message):
        try:
            self.stream.sendall(self.frame(message))
        except OSError as error:
            # Some of it may have left, perhaps all: only an answer would tell.
            raise Lost(f"sending failed: {error}", True) from error

    def receive(self):
        """The next message, whatever it is."""
        while True:
            message = self.take()
            if message is not None:
                return json.loads(message)
            try:
                piece = self.stream.recv(1 << 16)
            except OSError as error:
                raise Lost(f"receiving failed: {error}", True) from error
            if not piece:
                raise Lost("closed by the daemon", True)
            self.buffer += piece

    def take(self):
        if self.framing == "binary":
            if len(self.buffer) < 16:
                return None
            start, length = 16, struct.unpack(">I", self.buffer[8:12])[0]
        elif self.framing == "header":
            start = self.buffer.find(b"\r\n\r\n") + 4
            if start < 4:
                return None
            length = int(re.search(rb"(?i)content-length:\s*(\d+)", self.buffer[:start]).group(1))
        else:
            start, length = 0, self.buffer.find(b"\n")
            if length < 0:
                return None
        if len(self.buffer) < start + length:
            return None
        message = self.buffer[start:start + length]
        self.buffer = self.buffer[start + length + (self.framing == "text"):]
        return message

    def answer(self, request):
        """The answer to a request; the daemon answers in order."""
        message = self.receive()
        check(message.get("id") == request["id"], f"{message} does not answer {request}")
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def call(self, method, params=None, **members):
        request = self.request(method, params, **members)
        self.send(request)
        return self.answer(request)


class Latencies:
    """Times of calls, in seconds."""

    def __init__(self):
        self.values = []

    def add(self, seconds):
        self.values.append(seconds)

    def quantile(self, fraction):
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))] if ordered else 0.0

    def __str__(self):
        shown = ((50, 0.5), (90, 0.9), (99, 0.99), (99.9, 0.999))
        parts = [f"p{name} {self.quantile(fraction) * 1e3:.2f} ms" for name, fraction in shown]
        return f"{' '.join(parts)} max {max(self.values, default=0.0) * 1e3:.2f} ms"


def parse_duration(text):
    """Seconds in 90, 90s, 5m, 24h or 2d."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|d)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 5m or 24h")
    return float(match.group(1)) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match.group(2) or "s"]


def arguments(description, *options):
    """The command line: --daemon and the given options, each (name, default, help)."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog="The test starts a daemon of its own and stops by itself. Exit code 0: all checks held.",
    )
    parser.add_argument("--daemon", metavar="PATH", help="the daemon's program; default: what cargo built")
    for name, default, text in options:
        parser.add_argument(name, type=type(default), default=default, help=f"{text} (default {default})")
    return parser.parse_args()


def run(tests):
    """Runs named functions; prints a line for each; ends the program with the result."""
    failed = 0
    for name, test in tests:
        start = time.monotonic()
        try:
            remark = test() or ""
            print(f"ok    {name} ({time.monotonic() - start:.1f} s) {remark}", flush=True)
        except (Failed, Refused, Lost, OSError) as error:
            failed += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
