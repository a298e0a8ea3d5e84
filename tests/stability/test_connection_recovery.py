#!/usr/bin/env python3
"""The daemon killed with -9 and started again, over and over, under clients in plain Python that reconnect.

Each client tags its changes with a session, so it may send a change again after a broken connection: the
daemon answers again and applies nothing. Checked: every call ends; nothing is applied twice; what was
answered is there; each recovery stays within the plan's 5 s.
"""

import random
import threading
import time

from harness import Client, Daemon, Latencies, Lost, Refused, arguments, check, run

OPTIONS = arguments(
    __doc__,
    ("--restarts", 20, "how often the daemon is killed"),
    ("--clients", 4, "clients that call all the time"),
    ("--cuts", 200, "connections that are cut while the daemon lives"),
)
OUTCOME_UNKNOWN = 1006
BOUND = 5.0


class SafeClient:
    """Reconnects, and sends a change again only where that cannot apply it twice."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.client, self.instance, self.seq = None, None, 0
        self.stopped = False

    def connect(self):
        """A connection to whoever listens, tried again until somebody does."""
        pause = 0.005
        while not self.stopped:
            try:
                self.client = Client(self.path, timeout=10.0)
                self.instance = self.client.call("ping")["instance"]
                return
            except (Lost, OSError):
                self.client = None
                time.sleep(pause * (0.5 + random.random() / 2))
                pause = min(pause * 2, 0.1)

    def read(self, method, params=None):
        """Reads are tried again freely."""
        while not self.stopped:
            try:
                if self.client is None:
                    self.connect()
                return self.client.call(method, params)
            except (Lost, AttributeError):
                self.client = None
        return None

    def change(self, method, params):
        """"applied", "not applied" or "unknown"."""
        self.seq += 1
        tag = None
        while not self.stopped:
            if self.client is None:
                self.connect()
                continue
            if tag is None:
                tag = {"id": self.name, "seq": self.seq, "instance": self.instance}
            try:
                self.client.call(method, params, session=tag)
                return "applied"
            except Refused as error:
                return "unknown" if error.code == OUTCOME_UNKNOWN else "not applied"
            except Lost as error:
                self.client = None
                if not error.sent:
                    tag = None
        return "unknown"


def layer_names(path):
    with Client(path) as client:
        return [layer["name"] for layer in client.call("goxel.list_layers")["layers"]]


class Caller(threading.Thread):
    """Makes layers, whose number shows when one is made twice, and reads in between."""

    def __init__(self, path, number, state):
        super().__init__(daemon=True)
        self.safe = SafeClient(path, f"python-{time.time_ns()}-{number}")
        self.number, self.state = number, state
        self.count = 0

    def run(self):
        while not self.safe.stopped:
            self.count += 1
            name, start = f"{self.number}-{self.count}", time.monotonic()
            outcome = self.safe.change("goxel.create_layer", {"name": name})
            with self.state.lock:
                current = start > self.state.started
                self.state.said[name] = (outcome, current)
            if outcome == "applied":
                self.state.succeeded.set()
            self.safe.read("goxel.get_voxel", [0, 0, 0])
            time.sleep(0.002)


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.said = {}
        self.started = time.monotonic()
        self.succeeded = threading.Event()


def compare(path, state):
    """What was said against what is there."""
    with state.lock:
        said = dict(state.said)
    names = layer_names(path)
    check(len(names) == len(set(names)), f"a layer was made twice: {sorted(names)}")
    for name, (outcome, current) in said.items():
        if outcome == "applied" and current:
            check(name in names, f"{name} was answered and is not there")
        if outcome == "not applied":
            check(name not in names, f"{name} was refused and is there")


def killed_and_restarted():
    """The daemon is killed and started again"""
    state, recoveries = State(), Latencies()
    with Daemon(OPTIONS.daemon) as daemon:
        callers = [Caller(daemon.socket, number, state) for number in range(OPTIONS.clients)]
        for caller in callers:
            caller.start()
        for _ in range(OPTIONS.restarts):
            time.sleep(0.03 + random.random() * 0.07)
            compare(daemon.socket, state)
            daemon.kill()
            daemon.start()
            back = time.monotonic()
            with state.lock:
                state.started = back
                state.said = {name: (outcome, False) for name, (outcome, _) in state.said.items()}
                state.succeeded.clear()
            check(state.succeeded.wait(BOUND), f"no call succeeds within {BOUND} s")
            recoveries.add(time.monotonic() - back)
        time.sleep(0.05)
        compare(daemon.socket, state)
        for caller in callers:
            caller.safe.stopped = True
        for caller in callers:
            caller.join(30)
            check(not caller.is_alive(), "a call hangs")
    outcomes = [outcome for outcome, _ in state.said.values()]
    counts = ", ".join(f"{outcomes.count(what)} {what}" for what in ("applied", "not applied", "unknown"))
    return f"recovery {recoveries}; {counts}"


def cut_while_the_daemon_lives():
    """Connections are cut in the middle of changes: each is applied exactly once"""
    with Daemon(OPTIONS.daemon) as daemon:
        safe = SafeClient(daemon.socket, f"python-cut-{time.time_ns()}")
        for number in range(OPTIONS.cuts):
            safe.connect()
            safe.seq += 1
            tag = {"id": safe.name, "seq": safe.seq, "instance": safe.instance}
            request = safe.client.request("goxel.create_layer", {"name": str(number)}, session=tag)
            # Sent whole or in part, then cut before the answer is read.
            bytes_sent = safe.client.frame(request)
            cut = random.choice([len(bytes_sent), random.randrange(len(bytes_sent))])
            safe.client.stream.sendall(bytes_sent[:cut])
            safe.client.close()
            safe.connect()
            safe.client.call("goxel.create_layer", {"name": str(number)}, session=tag)
        names = layer_names(daemon.socket)
        for number in range(OPTIONS.cuts):
            check(names.count(str(number)) == 1, f"layer {number} is there {names.count(str(number))} times")
    return f"{OPTIONS.cuts} cuts"


def another_instance_is_told():
    """A change tagged for a daemon that is gone is refused as unknown and not applied"""
    with Daemon(OPTIONS.daemon) as daemon:
        with Client(daemon.socket) as client:
            instance = client.call("ping")["instance"]
        daemon.kill()
        daemon.start()
        with Client(daemon.socket) as client:
            tag = {"id": "python", "seq": 1, "instance": instance}
            try:
                client.call("goxel.create_layer", {"name": "twice"}, session=tag)
                check(False, "it was applied")
            except Refused as error:
                check(error.code == OUTCOME_UNKNOWN, f"{error}")
        check("twice" not in layer_names(daemon.socket), "it was applied")


if __name__ == "__main__":
    run([
        (killed_and_restarted.__doc__, killed_and_restarted),
        (cut_while_the_daemon_lives.__doc__, cut_while_the_daemon_lives),
        (another_instance_is_told.__doc__, another_instance_is_told),
    ])
