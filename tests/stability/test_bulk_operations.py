#!/usr/bin/env python3
"""Thousands of operations over one connection: every one answered, none slower than the first ones, no leak."""

import json
import time

from harness import Client, Daemon, Latencies, Refused, arguments, check, run

OPTIONS = arguments(
    __doc__,
    ("--operations", 20000, "operations on one connection"),
    ("--pipeline", 1000, "requests written before the first answer is read"),
)
SIDE = 32  # operations stay in a cube of this side, so that memory has a bound


def point(number):
    return [number % SIDE, number // SIDE % SIDE, number // (SIDE * SIDE) % SIDE]


def colour(number):
    return [number % 256, number // 256 % 256, 7, 255]


def one_after_the_other():
    """Answers are right, and the last ones come as fast as the first ones."""
    times = []
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as client:
        client.call("goxel.create_project", ["bulk", SIDE, SIDE, SIDE])
        for number in range(OPTIONS.operations):
            start = time.perf_counter()
            if number % 2 == 0:
                client.call("goxel.add_voxel", point(number // 2) + colour(number // 2))
            else:
                voxel = client.call("goxel.get_voxel", point(number // 2))
                check(voxel["color"] == colour(number // 2), f"operation {number}: {voxel}")
            times.append(time.perf_counter() - start)
        check(daemon.is_alive(), "the daemon died")
    tenth = max(1, len(times) // 10)
    first, last = sorted(times[:tenth])[tenth // 2], sorted(times[-tenth:])[tenth // 2]
    # Generous: a machine that is busy with something else must not look like a daemon that slows down.
    check(last < 5 * first + 0.002, f"median {first * 1e6:.0f} us at first, {last * 1e6:.0f} us at last")
    latencies = Latencies()
    latencies.values = times
    return f"{latencies}; median first tenth {first * 1e6:.0f} us, last tenth {last * 1e6:.0f} us"


def memory_and_descriptors_stay():
    """The same work again and again: memory and descriptors settle (the history has a bound of its own)."""
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as client:
        rounds = []
        for _ in range(10):
            client.call("goxel.create_project", ["bulk", SIDE, SIDE, SIDE])
            for number in range(OPTIONS.operations // 6):
                client.call("goxel.add_voxel", point(number) + colour(number))
            rounds.append((daemon.resident_kib(), daemon.descriptors()))
        (early, early_fds), (late, late_fds) = rounds[6], rounds[-1]
        check(late_fds == early_fds, f"descriptors grew from {early_fds} to {late_fds}")
        check(late < early * 1.25 + 8192, f"memory grew from {early} to {late} KiB: {rounds}")
        return f"{early} KiB after the seventh round, {late} KiB after the tenth"


def pipelined(framing):
    """Many requests in one write: all answered, in order."""
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket, framing) as client:
        requests = [client.request("echo", [number, "x" * (number % 50)]) for number in range(OPTIONS.pipeline)]
        client.stream.sendall(b"".join(client.frame(request) for request in requests))
        for request in requests:
            check(client.answer(request) == request["params"], "an echo differs")
    return f"{OPTIONS.pipeline} requests, {framing} framing"


def batches():
    """A batch is answered as one array with every answer in its place."""
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as client:
        calls = [client.request("goxel.add_voxel", point(number) + colour(number)) for number in range(500)]
        calls[100]["method"] = "nonsense"
        client.send(calls)
        answers = client.receive()
        check([answer["id"] for answer in answers] == [call["id"] for call in calls], "ids differ")
        check([i for i, answer in enumerate(answers) if "error" in answer] == [100], "one error expected")
        bounds = client.call("goxel.get_bounding_box")
        check(not bounds["empty"], f"nothing was drawn: {bounds}")


def large_messages():
    """A request of some megabytes is answered; one over the limit is refused and the connection goes on."""
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as client:
        text = "x" * (4 << 20)
        check(client.call("echo", [text]) == [text], "a long echo differs")
        client.stream.sendall(b'["' + b"x" * (17 << 20) + b'"]\n')
        message = client.receive()
        check(message["error"]["code"] == -32700, f"not refused: {json.dumps(message)[:200]}")
        check(client.call("ping")["pong"] is True, "the connection is not usable")


def errors_do_not_wear_the_connection_out():
    """Thousands of refused calls between good ones."""
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as client:
        refused = 0
        for number in range(OPTIONS.operations // 10):
            try:
                client.call("goxel.add_voxel", {"x": "not a number"} if number % 2 else None)
            except Refused as error:
                check(error.code == -32602, f"{error}")
                refused += 1
        check(refused == OPTIONS.operations // 10, f"{refused} refused")
        check(client.call("ping")["pong"] is True, "the connection is not usable")


if __name__ == "__main__":
    run([
        (one_after_the_other.__doc__, one_after_the_other),
        (memory_and_descriptors_stay.__doc__, memory_and_descriptors_stay),
        *((f"{pipelined.__doc__} ({framing})", lambda framing=framing: pipelined(framing))
          for framing in ("text", "header", "binary")),
        (batches.__doc__, batches),
        (large_messages.__doc__, large_messages),
        (errors_do_not_wear_the_connection_out.__doc__, errors_do_not_wear_the_connection_out),
    ])
