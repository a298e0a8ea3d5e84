#!/usr/bin/env python3
"""What clients can do to a daemon, done to a daemon of its own: killed crowds, connects without end, garbage,
answers that nobody reads, half messages. Beside each a client on its own connection pings once a millisecond.

Prints the pings' latency (aim: p99.9 under 5 ms, on a machine that is not busy), and the daemon's memory and
descriptors before, at their peak, and after. Fails if a stated bound is broken.
"""

import argparse
import contextlib
import os
import pathlib
import select
import selectors
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "stability"))
from harness import HANG, Client, Daemon, Failed, Latencies, Lost, Refused, check, run  # noqa: E402
from simulate_clients import SPARE, Simulated, raise_descriptor_limit  # noqa: E402

FRAMINGS = ("text", "header", "binary")
MIB = 1 << 20
# The daemon's limits that the bounds follow from, given as flags so that both agree.
MESSAGE = 16 * MIB
OUTBOUND_SOFT = 4 * MIB
BUFFERS = 64 * MIB
LIMITS = (
    "--max-message-bytes", str(MESSAGE),
    "--outbound-soft-bytes", str(OUTBOUND_SOFT),
    "--buffer-bytes", str(BUFFERS),
    "--message-timeout", "3s",
    "--stall-timeout", "3s",
)
ALLOWANCE = 16 * MIB  # what the allocator may keep, and one read of each kind
STEADY = 8 * MIB  # what a second round of the same may add to the first
PATIENCE = 600  # seconds for one kind of abuse


@contextlib.contextmanager
def process(work):
    """Runs work(say) in a process of its own; yields it, and kills it in the end in any case."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            with os.fdopen(writer, "wb", buffering=0) as out:
                work(out.write)
            code = 0
        except (Failed, Refused, Lost, OSError) as error:
            print(f"      a client: {type(error).__name__}: {error}", flush=True)
        finally:
            os._exit(code)
    os.close(writer)
    running = Process(child, reader)
    try:
        yield running
    finally:
        running.kill()
        os.close(reader)


class Process:
    """A process that was started here."""

    def __init__(self, child, reader):
        self.child, self.reader, self.code = child, reader, None

    def poll(self):
        if self.code is None:
            ended, status = os.waitpid(self.child, os.WNOHANG)
            if ended:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def kill(self, number=signal.SIGKILL):
        if self.poll() is None:
            os.kill(self.child, number)
            _, status = os.waitpid(self.child, 0)
            self.code = os.waitstatus_to_exitcode(status)

    def read(self, count):
        """Up to so many bytes that it said; nothing once it has ended."""
        return os.read(self.reader, count)


def ping_until_told(path, say):
    """Pings once a millisecond until SIGTERM, then says how long each took."""
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    times = []
    with Client(path) as client:
        client.call("ping")
        say(b"r")
        while not told:
            start = time.perf_counter()
            client.call("ping")
            times.append(time.perf_counter() - start)
            time.sleep(0.001)
    say(struct.pack(f"{len(times)}d", *times))


class Watch:
    """Pings and looks at the daemon while something is done to it."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.before = self.peak = (daemon.resident_kib() * 1024, daemon.descriptors() or 0)
        self.latencies = Latencies()
        self.next_count = 0.0

    def look(self):
        check(self.daemon.is_alive(), "the daemon died")
        memory, descriptors = self.daemon.resident_kib() * 1024, self.peak[1]
        if time.monotonic() >= self.next_count:
            self.next_count = time.monotonic() + 0.2
            descriptors = max(descriptors, self.daemon.descriptors() or 0)
        self.peak = (max(self.peak[0], memory), descriptors)

    @contextlib.contextmanager
    def pinging(self):
        with process(lambda say: ping_until_told(self.daemon.socket, say)) as pinger:
            check(pinger.read(1) == b"r", "the pinger did not get through")
            yield
            # It ends by itself after the ping that is under way.
            os.kill(pinger.child, signal.SIGTERM)
            said = b""
            while piece := pinger.read(1 << 16):
                said += piece
            check(len(said) >= 8, "the pinger was dropped")
            self.latencies.values += struct.unpack(f"{len(said) // 8}d", said)

    def until(self, client, seconds=PATIENCE):
        """Looks until a process has ended, which it must do in good order."""
        deadline = time.monotonic() + seconds
        while client.poll() is None:
            check(time.monotonic() < deadline, f"not done after {seconds} s")
            self.look()
            time.sleep(0.01)
        self.look()
        check(client.code == 0, "a client failed")

    def settle(self):
        """Waits until the descriptors are back; memory is as it is then."""
        if self.before[1]:
            self.daemon.wait_for_descriptors(self.before[1])
        with Client(self.daemon.socket) as client:
            check(client.call("ping")["pong"] is True, "no pong")
        if self.before[1]:
            self.daemon.wait_for_descriptors(self.before[1])
        self.after = (self.daemon.resident_kib() * 1024, self.daemon.descriptors() or 0)

    def bound(self, most, what):
        grown = self.peak[0] - self.before[0]
        check(grown <= most, f"memory grew by {grown / MIB:.1f} MiB; {most / MIB:.0f} MiB is the bound: {what}")
        return f"bound {most / MIB:.0f} MiB above the start ({what})"

    def report(self, calm, *remarks):
        def row(index, unit):
            values = (self.before[index], self.peak[index], self.after[index])
            return " / ".join(f"{value / unit:.1f}" if unit > 1 else str(value) for value in values)

        lines = [
            *remarks,
            f"pings: {summary(self.latencies)}",
            f"calm:  {summary(calm)}",
            f"before / peak / after: memory {row(0, MIB)} MiB, descriptors {row(1, 1)}",
        ]
        return "".join(f"\n      {line}" for line in lines)


def summary(latencies):
    shown = ((50, 0.5), (99, 0.99), (99.9, 0.999))
    parts = [f"p{name} {latencies.quantile(fraction) * 1e3:.2f}" for name, fraction in shown]
    most = max(latencies.values, default=0.0) * 1e3
    return f"{' '.join(parts)} max {most:.2f} ms, {len(latencies.values)} pings"


def wait_for_rest(daemon):
    """Waits until the daemon has opened what it needs and closed what is gone."""
    deadline, last = time.monotonic() + HANG, None
    while (now := daemon.descriptors()) != last:
        check(time.monotonic() < deadline, "the daemon does not come to rest")
        last = now
        time.sleep(0.1)


@contextlib.contextmanager
def watched(options, flags=LIMITS):
    """A daemon, how its pings are in peace, and a watch over it."""
    with Daemon(options.daemon, flags) as daemon:
        with Client(daemon.socket) as client:
            client.call("ping")
        wait_for_rest(daemon)
        calm = Watch(daemon)
        with calm.pinging():
            time.sleep(options.calm)
        daemon.wait_for_descriptors(calm.before[1])
        yield daemon, Watch(daemon), calm.latencies


def crowd(path, count, say):
    """So many clients that call without end; says when each has had an answer."""
    clients = [Simulated(path, number, sys.maxsize) for number in range(count)]
    selector, answered = selectors.DefaultSelector(), set()
    for client in clients:
        selector.register(client.stream, selectors.EVENT_READ, client)
        client.next_call()
    while True:
        ready = selector.select(HANG)
        check(ready, "no answer comes")
        for key, _ in ready:
            client = key.data
            client.check_answer(client.receive())
            client.next_call()
            if len(answered) < count:
                answered.add(client.number)
                if len(answered) == count:
                    say(b"r")


def killed_crowd(options):
    """A crowd that calls, killed with -9"""
    count = options.clients
    with watched(options, ["--max-connections", str(count + SPARE), "--max-connections-per-peer", "0"]) as (daemon, watch, calm):
        settled = []
        for _ in range(2):
            with watch.pinging(), process(lambda say: crowd(daemon.socket, count, say)) as clients:
                check(clients.read(1) == b"r", "the crowd was not served")
                until = time.monotonic() + options.seconds
                while time.monotonic() < until:
                    watch.look()
                    time.sleep(0.01)
                check(clients.poll() is None, "the crowd ended before it was killed")
                clients.kill()
            watch.settle()
            settled.append(watch.after[0])
        check(watch.peak[1] == 0 or watch.peak[1] >= count, f"only {watch.peak[1]} descriptors at the peak")
        more = settled[1] - settled[0]
        check(more <= STEADY, f"the second crowd left {more / MIB:.1f} MiB more than the first")
        left = settled[1] - watch.before[0]
        check(left <= ALLOWANCE, f"the crowds left {left / MIB:.1f} MiB; {ALLOWANCE / MIB:.0f} MiB is the bound")
        return watch.report(calm, f"{count} connections, twice; the second left {more / MIB:+.1f} MiB "
                            f"(bound {STEADY / MIB:.0f}), both {left / MIB:.1f} MiB (bound {ALLOWANCE / MIB:.0f})")


def connect_and_close(path, count):
    for number in range(count):
        with Client(path, FRAMINGS[number % 3]) as client:
            if number % 8 == 0:
                client.call("ping")
            elif number % 8 == 1:
                client.stream.sendall(b'{"half')


def connects(options):
    """Connects and closes without end"""
    with watched(options) as (daemon, watch, calm):
        start = time.monotonic()
        with watch.pinging(), process(lambda _: connect_and_close(daemon.socket, options.connects)) as client:
            watch.until(client)
        seconds = time.monotonic() - start
        watch.settle()
        with Client(daemon.socket) as client:
            accepted = client.call("health")["connections"]["accepted"]
        check(accepted >= options.connects, f"only {accepted} connections were accepted")
        watch.bound(STEADY, "nothing stays")
        return watch.report(calm, f"{options.connects} in {seconds:.1f} s, memory bound {STEADY / MIB:.0f} MiB")


def first_messages(path, count, rounds):
    """All connect; then all send their first message, and only then anybody reads."""
    for turn in range(rounds):
        clients = [Client(path, FRAMINGS[number % 3]) for number in range(count)]
        requests = [client.request("echo", [turn, number]) for number, client in enumerate(clients)]
        for client, request in zip(clients, requests):
            client.send(request)
        for client, request in zip(clients, requests):
            check(client.answer(request) == request["params"], "somebody else's answer")
            client.close()


def simultaneous(options):
    """200 first messages at once"""
    with watched(options) as (daemon, watch, calm):
        rounds = options.rounds
        with watch.pinging(), process(lambda _: first_messages(daemon.socket, 200, rounds)) as clients:
            watch.until(clients)
        watch.settle()
        watch.bound(ALLOWANCE, "200 small messages")
        return watch.report(calm, f"200 clients, {rounds} rounds, each answered with its own answer")


def garbage_kinds():
    """Blocks of garbage by name. A kind with a head begins each connection with it."""
    noise = os.urandom(MIB)
    lines = b"".join(b"%d nonsense }{ [\n" % number for number in range(50_000))[:MIB]
    return (
        ("random bytes", b"", noise),
        ("lines of nonsense", b"", lines),
        ("a string without an end", b'{"a":"', noise.replace(b'"', b"x").replace(b"\\", b"x").replace(b"\n", b"x")),
        ("a frame of 4 GiB", struct.pack(">IIII", 1, 0, 0xFFFFFFFF, 0), noise),
        ("frames of noise", b"", (struct.pack(">IIII", 1, 0, MIB - 16, 0) + noise[:MIB - 16])),
        ("frames that are too long", struct.pack(">IIII", 1, 0, 200 * MIB, 0), noise),
        ("a header without an end", b"Content-Length: 5\r\n", noise.replace(b"\n", b"x")),
        ("openings", b"", b"[" * MIB),
    )


def send_garbage(path, head, block, total):
    """Sends so many bytes, reading what comes back, and connects again whenever it is closed."""
    sent = connections = 0
    deadline = time.monotonic() + PATIENCE
    while sent < total:
        check(time.monotonic() < deadline, f"only {sent} bytes were taken")
        connections += 1
        with Client(path) as client:
            stream = client.stream
            stream.setblocking(False)
            waiting, selector = memoryview(head + block), selectors.DefaultSelector()
            selector.register(stream, selectors.EVENT_READ | selectors.EVENT_WRITE)
            try:
                while sent < total:
                    ready = selector.select(HANG)
                    check(ready, "the daemon neither reads nor answers nor closes")
                    for _, events in ready:
                        if events & selectors.EVENT_READ and not stream.recv(1 << 20):
                            raise ConnectionResetError
                        if events & selectors.EVENT_WRITE:
                            count = stream.send(waiting)
                            sent += count
                            waiting = waiting[count:] or memoryview(block)
            except (BrokenPipeError, ConnectionResetError):
                pass
            finally:
                selector.close()
    print(f"      {connections} connections for {sent / MIB:.0f} MiB", flush=True)


def garbage(options):
    """A gigabyte of garbage"""
    with watched(options) as (daemon, watch, calm):
        kinds = garbage_kinds()
        each = options.garbage_mib * MIB // len(kinds)
        with watch.pinging():
            for name, head, block in kinds:
                print(f"    {name}:", flush=True)
                with process(lambda _: send_garbage(daemon.socket, head, block, each)) as client:
                    watch.until(client)
        watch.settle()
        bound = watch.bound(2 * MESSAGE + ALLOWANCE, "a message of the greatest length while its buffer grows")
        return watch.report(calm, f"{options.garbage_mib} MiB of {len(kinds)} kinds", bound)


def never_read(path, count, block, total):
    """So many clients that each send the block until it is so many bytes, never read, and wait for their end."""
    poll, left = select.poll(), {}
    for _ in range(count):
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(path)
        stream.setblocking(False)
        poll.register(stream, select.POLLOUT)
        left[stream.fileno()] = [stream, total, memoryview(block)]
    deadline = time.monotonic() + PATIENCE
    while left:
        check(time.monotonic() < deadline, f"{len(left)} clients that never read were not dropped")
        for descriptor, events in poll.poll(1000):
            state = left[descriptor]
            stream, unsent, waiting = state
            if events & (select.POLLHUP | select.POLLERR):
                poll.unregister(stream)
                del left[descriptor]
                stream.close()
                continue
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sent = stream.send(waiting[:unsent])
                state[1:] = [unsent - sent, waiting[sent:] or memoryview(block)]
            if state[1] == 0:
                # It has asked for everything. Only its end is waited for.
                poll.modify(stream, 0)


def unread(options, clients, method, params, bound, what):
    with watched(options) as (daemon, watch, calm):
        with Client(daemon.socket) as client:
            request = client.request(method, params)
            line = client.frame(request)
            client.send(request)
            answer = len(client.frame(client.answer(request)))
        calls = max(1, options.answers_mib * MIB // answer)
        total = calls * len(line)
        # Many small requests in one piece: else this program would be the slow one.
        block = line * max(1, (1 << 16) // len(line))
        daemon.wait_for_descriptors(watch.before[1])
        work = process(lambda _: never_read(daemon.socket, clients, block, total))
        with watch.pinging(), work as deaf:
            watch.until(deaf)
        watch.settle()
        with Client(daemon.socket) as client:
            ended = client.call("health")["connections"]["ended"]
        dropped = ended.get("stalled_reader", 0) + ended.get("buffer_limit", 0)
        check(dropped > 0, f"nobody was dropped: {ended}")
        text = watch.bound(bound, what)
        return watch.report(calm, f"{clients} clients ask for {calls} answers of {answer} bytes each; "
                            f"dropped {dropped}", text)


def unread_echoes(options):
    """A gigabyte of answers that one client never reads: long echoes"""
    bound = OUTBOUND_SOFT * 2 + ALLOWANCE
    return unread(options, 1, "echo", ["x" * 100_000], bound, "the soft limit of unsent bytes, twice while it grows")


def unread_descriptions(options):
    """The same with short requests that have long answers"""
    bound = OUTBOUND_SOFT * 2 + ALLOWANCE
    return unread(options, 1, "rpc.discover", None, bound, "the soft limit of unsent bytes, twice while it grows")


def many_that_never_read(options):
    """The same by 50 clients at once"""
    return unread(options, 50, "echo", ["x" * 100_000], 2 * BUFFERS + ALLOWANCE,
                  "the limit of all buffers, twice while they grow")


def half_messages(path, count):
    """Half a message each, then silence: each is told why and closed."""
    request = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    halves = (
        request[:20],
        b"Content-Length: 40\r\n\r\n" + request[:20],
        b"Content-Le",
        struct.pack(">IIII", 1, 0, 40, 0) + request[:20],
        struct.pack(">IIII", 1, 0, 40, 0)[:9],
        b"GET /health HT",
    )
    clients = [Client(path) for _ in range(count)]
    for number, client in enumerate(clients):
        client.stream.sendall(halves[number % len(halves)])
    for number, client in enumerate(clients):
        said = b""
        while piece := client.stream.recv(4096):
            said += piece
        check(said, f"closed without a word after {halves[number % len(halves)]}")
        client.close()


def half(options):
    """Half a message and silence"""
    with watched(options) as (daemon, watch, calm):
        with watch.pinging(), process(lambda _: half_messages(daemon.socket, options.halves)) as clients:
            watch.until(clients)
        watch.settle()
        watch.bound(ALLOWANCE, "what was sent")
        return watch.report(calm, f"{options.halves} clients, each told why and closed after 3 s")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", metavar="PATH", help="the daemon's program; default: what cargo built")
    parser.add_argument("--quick", action="store_true", help="everything in short, for a look whether it works")
    parser.add_argument("--only", metavar="WORD", default="", help="only the kinds with this word in their name")
    sizes = (
        ("clients", 4000, 100, "clients of the crowd"),
        ("seconds", 5.0, 0.5, "how long the crowd calls"),
        ("connects", 100_000, 1000, "connects and closes"),
        ("rounds", 25, 2, "rounds of simultaneous first messages"),
        ("garbage-mib", 1024, 16, "MiB of garbage"),
        ("answers-mib", 1024, 64, "MiB of answers that each deaf client asks for"),
        ("halves", 300, 30, "clients with half a message"),
        ("calm", 2.0, 0.2, "seconds of pings in peace, for comparison"),
    )
    for name, full, quick, text in sizes:
        parser.add_argument(f"--{name}", type=type(full), help=f"{text} (default {full}; quick {quick})")
    options = parser.parse_args()
    for name, full, quick, _ in sizes:
        key = name.replace("-", "_")
        if getattr(options, key) is None:
            setattr(options, key, quick if options.quick else full)
        if getattr(options, key) <= 0:
            parser.error(f"--{name} must be more than 0")
    return options


KINDS = (
    killed_crowd, connects, simultaneous, garbage, unread_echoes, unread_descriptions, many_that_never_read, half,
)


def main():
    options = parse()
    raise_descriptor_limit(options.clients + SPARE)
    chosen = [kind for kind in KINDS if options.only.lower() in (kind.__doc__ + kind.__name__).lower()]
    if not chosen:
        sys.exit(f"no kind has {options.only!r} in its name: {', '.join(kind.__doc__ for kind in KINDS)}")
    run([(kind.__doc__, lambda kind=kind: kind(options)) for kind in chosen])


if __name__ == "__main__":
    main()
