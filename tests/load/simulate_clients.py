#!/usr/bin/env python3
"""N clients connected at once, all calling: every call answered with its own answer, and nothing left behind.

One process drives all of them. Prints calls a second, latency percentiles, memory and descriptors; then
closes half of the clients in good order and drops the rest in the middle of a call, and checks that the
daemon's descriptors are back where they were.
"""

import argparse
import json
import pathlib
import resource
import selectors
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "stability"))
from harness import HANG, Client, Daemon, Failed, Latencies, check  # noqa: E402

FRAMINGS = ("text", "header", "binary")
SPARE = 64  # descriptors that this process needs for itself


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clients", nargs="?", type=int, default=100, help="clients at once (default 100)")
    parser.add_argument("--calls", type=int, default=20, help="calls of each client (default 20)")
    parser.add_argument("--daemon", metavar="PATH", help="the daemon's program; default: what cargo built")
    options = parser.parse_args()
    if options.clients < 1 or options.calls < 1:
        parser.error("clients and calls must be at least 1")
    return options


def raise_descriptor_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    check(soft == resource.RLIM_INFINITY or soft >= wanted,
          f"{wanted} descriptors are needed and the system allows {soft}: see ulimit -n")


class Simulated(Client):
    """A client of the selector: sends a call, and the next one when its answer is there."""

    def __init__(self, path, number, calls):
        super().__init__(path, FRAMINGS[number % 3])
        self.number, self.left = number, calls
        self.sent_at, self.expected = 0.0, None

    def next_call(self):
        kind = self.left % 3
        if kind == 0:
            request = self.request("echo", [self.number, self.left])
            self.expected = [self.number, self.left]
        elif kind == 1:
            request = self.request("goxel.add_voxel", [self.number % 64, self.left % 64, 0, 1, 2, 3, 255])
            self.expected = None
        else:
            request = self.request("ping")
            self.expected = None
        self.left -= 1
        self.sent_at = time.perf_counter()
        self.stream.sendall(self.frame(request))

    def check_answer(self, message):
        check(message.get("id") == self.last_id, f"client {self.number}: {message} is not for {self.last_id}")
        check("result" in message, f"client {self.number}: {message}")
        if self.expected is not None:
            check(message["result"] == self.expected, f"client {self.number} got {message['result']}")


def drive(clients):
    """All clients call until each has made its calls."""
    latencies, selector, active = Latencies(), selectors.DefaultSelector(), len(clients)
    for client in clients:
        selector.register(client.stream, selectors.EVENT_READ, client)
        client.next_call()
    while active:
        ready = selector.select(HANG)
        check(ready, f"{active} clients wait for an answer that does not come")
        for key, _ in ready:
            client = key.data
            piece = client.stream.recv(1 << 16)
            check(piece, f"client {client.number} was dropped")
            client.buffer += piece
            message = client.take()
            if message is None:
                continue
            latencies.add(time.perf_counter() - client.sent_at)
            client.check_answer(json.loads(message))
            if client.left:
                client.next_call()
            else:
                selector.unregister(client.stream)
                active -= 1
    return latencies


def drop(clients):
    """Half close in good order; the rest vanish in the middle of a message, their answers unread."""
    for client in clients:
        if client.number % 2:
            client.stream.sendall(client.frame(client.request("ping"))[:-3])
            client.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


def main():
    options = parse()
    raise_descriptor_limit(options.clients + SPARE)
    with Daemon(options.daemon, ["--max-connections", str(options.clients + SPARE), "--max-connections-per-peer", "0"]) as daemon:
        memory, descriptors = daemon.resident_kib(), daemon.descriptors()
        start = time.perf_counter()
        clients = [Simulated(daemon.socket, number, options.calls) for number in range(options.clients)]
        connected = time.perf_counter() - start
        start = time.perf_counter()
        latencies = drive(clients)
        seconds = time.perf_counter() - start
        calls = options.clients * options.calls
        print(f"{options.clients} clients connected in {connected:.2f} s")
        print(f"{calls} calls in {seconds:.2f} s: {calls / seconds:.0f}/s (this driver included)")
        print(f"latency {latencies}")
        print(f"daemon: {memory} KiB before, {daemon.resident_kib()} KiB with all clients; "
              f"descriptors {descriptors} before, {daemon.descriptors()} with all clients")
        drop(clients)
        if descriptors is not None:
            daemon.wait_for_descriptors(descriptors)
        with Client(daemon.socket) as client:
            check(client.call("ping")["pong"] is True, "no pong")
        print(f"after all clients are gone: {daemon.resident_kib()} KiB, descriptors {daemon.descriptors()}")
        code, took = daemon.stop()
        check(code == 0, f"the daemon ended with {code}")
        print(f"ok: every call answered, nothing left behind, stopped in {took:.2f} s")


if __name__ == "__main__":
    try:
        main()
    except (Failed, OSError) as error:
        print(f"FAIL: {error}")
        sys.exit(1)
