#!/usr/bin/env python3
"""A daemon under mixed load for a long time: progress as it goes, and a failure if anything drifts.

Clients of all framings edit, read, batch, render, save and load; they make layers, projects and clones, undo, delete
and close; some come and go all the time, some vanish in the middle of a message. Every report shows the daemon's
memory, its descriptors, latencies and errors of the time since the last report. At the end the reports are compared:
memory must stay below a ceiling and must not rise after the first tenth, what health counts must explain it,
descriptors must have settled, latencies must not have grown, and there must have been no error.
"""

import argparse
import os
import random
import statistics
import sys
import threading
import time

from harness import Client, Daemon, Failed, Latencies, Lost, Refused, check, parse_duration

REPORTS = 60           # how many there are in all, so that a short run has enough to compare too
LEAST_INTERVAL = 0.5   # seconds
HISTORY = 16 << 20     # bytes that each project's history may keep: full within the first tenth of a minute's run
CEILING = 160 << 10    # KiB: five histories, the documents, buffers, and what the allocator keeps
SETTLED = 300          # seconds after which histories and caches are full
SLOPE = 0.01           # memory may rise by this part an hour after the first tenth of the run,
NOISE = 0.05           # beside what reports differ by from one moment to the next
COUNTED_SLACK = 0.10   # what health counts may differ by this part from what is resident, and by
COUNTED_FLOOR = 8 << 20   # this many bytes, once the pages of the program's own file are taken away
LATENCY_SLACK = 3.0    # the median may be this many times that of the second quarter,
LATENCY_FLOOR = 0.005  # and this many seconds besides: the machine may be busy with something else
SIDE = 32              # edits stay in a cube of this side, so that the document has a bound
DESCRIPTOR_SLACK = 4   # connections that come and go are caught at different moments


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("duration", nargs="?", type=parse_duration, default="24h", help="90s, 30m, 24h (default 24h)")
    parser.add_argument("--clients", type=int, default=6, help="clients that call all the time (default 6)")
    parser.add_argument("--seed", type=int, default=None, help="of the random load (default: a new one)")
    parser.add_argument("--daemon", metavar="PATH", help="the daemon's program; default: what cargo built")
    return parser.parse_args()


class Shared:
    def __init__(self):
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.latencies, self.calls, self.errors = Latencies(), 0, []

    def add(self, seconds):
        with self.lock:
            self.latencies.add(seconds)
            self.calls += 1

    def fail(self, text):
        with self.lock:
            self.errors.append(text)

    def take(self):
        """The latencies since the last time."""
        with self.lock:
            taken, self.latencies = self.latencies, Latencies()
            return taken


class Worker(threading.Thread):
    """One client's life: calls, and every now and then a new connection."""

    def __init__(self, daemon, number, seed, shared):
        super().__init__(daemon=True)
        self.daemon_process, self.number, self.shared = daemon, number, shared
        self.random = random.Random(seed * 1000 + number)
        self.client = None

    def run(self):
        while not self.shared.stop.is_set():
            try:
                self.live()
            except (Lost, Refused, Failed, OSError) as error:
                if not self.shared.stop.is_set():
                    self.shared.fail(f"client {self.number}: {type(error).__name__}: {error}")
                    time.sleep(0.1)

    def live(self):
        framing = self.random.choice(("text", "header", "binary"))
        with Client(self.daemon_process.socket, framing) as self.client:
            for _ in range(self.random.randrange(1, 400)):
                if self.shared.stop.is_set():
                    return
                self.random.choices(
                    (self.edit, self.read, self.echo, self.batch, self.picture, self.file, self.layers, self.undo,
                     self.project, self.clone),
                    (40, 30, 15, 5, 0.5, 0.5, 2, 3, 0.5, 0.5),
                )[0]()
                time.sleep(self.random.random() * 0.002)
            if self.random.random() < 0.3:
                # Vanish in the middle of a message, with an answer on its way.
                self.client.send(self.client.request("echo", ["x" * 10_000]))
                self.client.stream.sendall(self.client.frame(self.client.request("ping"))[:-4])

    def call(self, method, params=None):
        start = time.perf_counter()
        result = self.client.call(method, params)
        self.shared.add(time.perf_counter() - start)
        return result

    def point(self):
        return [self.random.randrange(SIDE) for _ in range(3)]

    def edit(self):
        colour = [self.random.randrange(256) for _ in range(3)]
        self.call("goxel.add_voxel", self.point() + colour + [255])
        if self.random.random() < 0.2:
            self.call("goxel.remove_voxel", self.point())

    def read(self):
        self.call("goxel.get_voxel", self.point())
        if self.random.random() < 0.05:
            self.call("goxel.get_bounding_box")

    def echo(self):
        text = "x" * self.random.randrange(2000)
        check(self.call("echo", [text]) == [text], "an echo differs")

    def batch(self):
        calls = [self.client.request("goxel.get_voxel", self.point()) for _ in range(50)]
        start = time.perf_counter()
        self.client.send(calls)
        answers = self.client.receive()
        self.shared.add(time.perf_counter() - start)
        check([answer["id"] for answer in answers] == [call["id"] for call in calls], "a batch's ids differ")

    def picture(self):
        path = os.path.join(self.daemon_process.directory, f"{self.number}.png")
        self.client.call("goxel.render_scene", {"output_path": path, "width": 64, "height": 64})
        check(os.path.getsize(path) > 0, "an empty picture")

    def file(self):
        path = os.path.join(self.daemon_process.directory, f"{self.number}.gox")
        self.client.call("goxel.save_project", {"path": path})
        if self.random.random() < 0.3:
            self.client.call("goxel.load_project", {"path": path})

    def undo(self):
        self.call("goxel.undo", {"steps": self.random.randrange(1, 4)})

    def project(self):
        """A project that is opened, drawn in, undone and closed again."""
        name = f"of client {self.number}"
        try:
            self.call("goxel.open_project", {"name": name})
            self.call("goxel.edit", {"project": name, "operations": [
                {"op": "sphere", "center": self.point(), "radius": 12, "color": "red"},
                {"op": "noise", "amount": 0.5, "seed": self.random.randrange(99)}]})
            self.call("goxel.undo", {"project": name})
            self.call("goxel.close_project", {"name": name, "discard": True})
        except Refused:
            pass  # another client has a project of this name, or has just closed it

    def clone(self):
        """A layer of a shape and one that is deleted again."""
        try:
            made = self.call("goxel.create_layer", {"name": "passing"})
            self.call("goxel.edit", {"operations": [
                {"op": "box", "min": [0, 0, 0], "max": [SIDE - 1] * 3, "color": "blue", "layer_id": made["id"]}]})
            self.call("goxel.delete_layer", {"layer_id": made["id"]})
        except Refused:
            pass  # the project was begun anew meanwhile

    def layers(self):
        listed = self.call("goxel.list_layers")
        if listed["count"] < 8:
            self.call("goxel.create_layer", {"name": f"layer of {self.number}"})
        elif self.number == 0:
            # Everything from the start again: the document must not grow for ever.
            start_anew(self.client, self.random)


def start_anew(client, dice):
    """A project that is as full as it is going to be, so that the load is the same from the start."""
    client.call("goxel.create_project", ["long run"])
    points = [[dice.randrange(SIDE) for _ in range(3)] for _ in range(4000)]
    voxels = [dict(zip("xyzrgb", [*point, *point])) for point in points]
    client.call("add_voxels", [voxels])


class Report:
    def __init__(self, daemon, shared):
        self.memory, self.descriptors = daemon.resident_kib(), daemon.descriptors()
        with Client(daemon.socket) as client:
            health = client.call("goxel.health")["memory"]
        self.counted, self.resident = health["counted_bytes"], health["resident_bytes"] or 0
        self.program = daemon.program_bytes()
        self.latencies = shared.take()
        self.calls, self.errors = shared.calls, len(shared.errors)

    def line(self, elapsed):
        hours, rest = divmod(int(elapsed), 3600)
        return (f"{hours:02}:{rest // 60:02}:{rest % 60:02}  rss {self.memory} KiB  fds {self.descriptors}  "
                f"calls {self.calls}  errors {self.errors}  {self.latencies}")


def judge(reports, shared, seconds):
    """Compares the last quarter with the second one; the first is for warming up."""
    check(not shared.errors, f"{len(shared.errors)} errors, the first: {shared.errors[:1]}")
    quarter = max(1, len(reports) // 4)
    early, late = reports[quarter:2 * quarter], reports[-quarter:]
    check(early, "too short to compare anything")

    def median(reports, value):
        return statistics.median(value(report) for report in reports)

    memory = [median(part, lambda report: report.memory) for part in (early, late)]
    highest = max(report.memory for report in reports)
    check(highest <= CEILING, f"{highest} KiB are resident, the ceiling is {CEILING} KiB")
    settled = reports[len(reports) // 10:]
    third = max(1, len(settled) // 3)
    first, last = (median(part, lambda report: report.memory) for part in (settled[:third], settled[-third:]))
    hours = seconds / 3600 * 0.9 * 2 / 3
    allowed = first * (1 + NOISE + SLOPE * hours)
    # In a short run the histories are still filling: only the ceiling says something about it.
    check(last <= allowed or seconds < SETTLED, f"memory rises from {first} to {last} KiB within {hours:.2f} hours")
    for report in settled:
        beside = abs(report.counted - (report.resident - report.program))
        # In a short run of a debug program what the program itself holds is most of it.
        check(beside <= report.resident * COUNTED_SLACK + COUNTED_FLOOR or seconds < SETTLED,
              f"health counts {report.counted} bytes, {report.resident} are resident")
    if reports[0].descriptors is not None:
        open_ = [median(part, lambda report: report.descriptors) for part in (early, late)]
        check(open_[1] <= open_[0] + DESCRIPTOR_SLACK, f"descriptors drift from {open_[0]} to {open_[1]}")
    times = [median(part, lambda report: report.latencies.quantile(0.5)) for part in (early, late)]
    check(times[1] <= times[0] * LATENCY_SLACK + LATENCY_FLOOR, f"latency drifts from {times[0] * 1e3:.3f} to {times[1] * 1e3:.3f} ms")
    return (f"memory {memory[0]:.0f} to {memory[1]:.0f} KiB, median latency "
            f"{times[0] * 1e3:.3f} to {times[1] * 1e3:.3f} ms")


def main():
    options = parse()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"{options.duration:.0f} s, {options.clients} clients, --seed {seed}", flush=True)
    shared, reports, start = Shared(), [], time.monotonic()
    interval = max(options.duration / REPORTS, LEAST_INTERVAL)
    with Daemon(options.daemon, [f"--history-memory={HISTORY}"]) as daemon:
        idle = daemon.descriptors()
        with Client(daemon.socket) as client:
            start_anew(client, random.Random(seed))
        workers = [Worker(daemon, number, seed, shared) for number in range(options.clients)]
        for worker in workers:
            worker.start()
        while (elapsed := time.monotonic() - start) < options.duration:
            time.sleep(min(interval, max(0.0, options.duration - elapsed)))
            check(daemon.is_alive(), f"the daemon died: {daemon.log()}")
            reports.append(Report(daemon, shared))
            print(reports[-1].line(time.monotonic() - start), flush=True)
        shared.stop.set()
        for worker in workers:
            worker.join(60)
            check(not worker.is_alive(), "a call hangs")
        if idle is not None:
            daemon.wait_for_descriptors(idle)
        summary = judge(reports, shared, options.duration)
        code, took = daemon.stop()
        check(code == 0, f"the daemon ended with {code}")
    print(f"ok: {shared.calls} calls, no error, no drift: {summary}; stopped in {took:.2f} s")


if __name__ == "__main__":
    try:
        main()
    except (Failed, OSError) as error:
        print(f"FAIL: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(130)
