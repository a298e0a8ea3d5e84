#!/usr/bin/env python3
"""Many clients at once, in every framing: each gets its own answers, and what they leave behind is nothing."""

import os
import signal
import socket
import sys
import threading
import time

from harness import Client, Daemon, Failed, Latencies, Lost, Refused, arguments, check, run

OPTIONS = arguments(
    __doc__,
    ("--clients", 100, "clients at once"),
    ("--calls", 50, "calls of each client"),
    ("--connects", 2000, "connections opened and closed one after the other"),
)
FRAMINGS = ("text", "header", "binary")


def together(count, work):
    """Runs work(number) in as many threads, started as close to each other as possible."""
    barrier, errors = threading.Barrier(count), []

    def body(number):
        try:
            barrier.wait(60)
            work(number)
        except (Failed, Refused, Lost, OSError, ValueError) as error:
            errors.append(f"client {number}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=body, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        check(not thread.is_alive(), "a client hangs")
    check(not errors, f"{len(errors)} clients failed, the first: {errors[:1]}")


def everybody_gets_their_own_answers():
    """Clients of all framings at once get their own answers"""
    latencies, lock = Latencies(), threading.Lock()
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as first:
        # Once it answers, all that it keeps open is open.
        first.call("ping")
        before = daemon.descriptors()

        def work(number):
            times = []
            with Client(daemon.socket, FRAMINGS[number % 3]) as client:
                for call in range(OPTIONS.calls):
                    start = time.perf_counter()
                    check(client.call("echo", [number, call]) == [number, call], "somebody else's answer")
                    colour = [number % 256, call % 256, 1, 255]
                    client.call("goxel.add_voxel", [number, call, 0] + colour)
                    check(client.call("goxel.get_voxel", [number, call, 0])["color"] == colour, "not my voxel")
                    times.append(time.perf_counter() - start)
            with lock:
                latencies.values += times

        together(OPTIONS.clients, work)
        check(daemon.is_alive(), "the daemon died")
        if before is not None:
            daemon.wait_for_descriptors(before)
    return f"{OPTIONS.clients} clients, {OPTIONS.clients * OPTIONS.calls * 3} calls; three calls take {latencies}"


def first_messages_all_at_once():
    """200 clients connect and speak in the same moment, and all are served"""
    with Daemon(OPTIONS.daemon) as daemon:
        def work(number):
            with Client(daemon.socket, FRAMINGS[number % 3]) as client:
                check(client.call("ping")["pong"] is True, "no pong")
        together(200, work)


def connect_and_close():
    """Connections opened and closed one after the other leave nothing"""
    with Daemon(OPTIONS.daemon) as daemon:
        with Client(daemon.socket) as client:
            client.call("ping")
        before = daemon.descriptors()
        memory = None
        for number in range(OPTIONS.connects):
            with Client(daemon.socket, FRAMINGS[number % 3]) as client:
                if number % 4:
                    client.call("ping")
            if number == OPTIONS.connects // 4:
                memory = daemon.resident_kib()
        if before is not None:
            daemon.wait_for_descriptors(before)
        grown = daemon.resident_kib() - memory
        check(grown < 4096, f"memory grew by {grown} KiB")
    return f"{OPTIONS.connects} connections"


def vanish(path):
    """The life of a client that is going to be killed: half a message, unread answers, an idle connection."""
    clients = [Client(path, FRAMINGS[number % 3]) for number in range(9)]
    for client in clients:
        client.call("ping")
    clients[0].stream.sendall(b'{"jsonrpc":"2.0","method":"ech')
    clients[1].send(clients[1].request("echo", ["x" * 500_000]))
    clients[2].stream.sendall(b"\0\0\0\1\0\0\0\0\0\0\xff\xff")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.pause()


def killed_clients():
    """Clients killed with -9 in the middle of everything leave nothing, and nobody else notices"""
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as bystander:
        bystander.call("ping")
        before = daemon.descriptors()
        for _ in range(5):
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                os.dup2(writer, 1)
                sys.stdout = os.fdopen(1, "w")
                try:
                    vanish(daemon.socket)
                finally:
                    os._exit(1)
            os.close(writer)
            check(os.read(reader, 6).startswith(b"ready"), "the client did not get ready")
            os.close(reader)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            check(bystander.call("echo", [1]) == [1], "the bystander noticed")
        if before is not None:
            daemon.wait_for_descriptors(before)


def a_client_that_never_reads():
    """A client that asks and never reads does not hold up the others"""
    with Daemon(OPTIONS.daemon) as daemon, Client(daemon.socket) as bystander:
        deaf = Client(daemon.socket, timeout=0.2)
        request = deaf.frame(deaf.request("echo", ["x" * 100_000]))
        sent = 0
        try:
            for _ in range(400):
                deaf.stream.sendall(request)
                sent += len(request)
        except (socket.timeout, OSError):
            pass
        times = Latencies()
        for _ in range(100):
            start = time.perf_counter()
            bystander.call("ping")
            times.add(time.perf_counter() - start)
        check(daemon.is_alive(), "the daemon died")
        memory = daemon.resident_kib()
        check(memory < 256 * 1024, f"the daemon holds {memory} KiB")
        deaf.close()
    return f"{sent >> 20} MiB sent to deaf ears; pings beside it {times}"


def half_closed():
    """A client that closes its sending side still gets every answer"""
    with Daemon(OPTIONS.daemon) as daemon:
        for framing in FRAMINGS:
            with Client(daemon.socket, framing) as client:
                requests = [client.request("echo", [number]) for number in range(50)]
                client.stream.sendall(b"".join(client.frame(request) for request in requests))
                client.stream.shutdown(socket.SHUT_WR)
                for request in requests:
                    check(client.answer(request) == request["params"], "an echo differs")
                check(client.stream.recv(1) == b"", "not closed after the last answer")


if __name__ == "__main__":
    run([(test.__doc__, test) for test in (
        everybody_gets_their_own_answers,
        first_messages_all_at_once,
        connect_and_close,
        killed_clients,
        a_client_that_never_reads,
        half_closed,
    )])
