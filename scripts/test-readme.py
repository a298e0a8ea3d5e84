#!/usr/bin/env python3
"""Runs the blocks of the README word for word, and those of the guides that are marked `<!-- run -->`.

In the README every block of sh or python runs, in order, in one shell that begins in the source, unless a comment above it
says otherwise: `not run: WHY`; `run: until the end` (in a terminal of its own, ended by Ctrl-C); `run: in the source` (in
that terminal, after the Ctrl-C). A guide's blocks run in one shell beside a daemon, in an empty directory. HOME and the
runtime directory are temporary. Usage: scripts/test-readme.py [FILE.md ...]
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
HANG = 1800
FENCE = re.compile(r"^(?:<!-- (?P<order>.*?) -->\n)?```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$", re.M | re.S)


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOXEL_", "XDG_"))}
    real = Path(os.environ.get("HOME", "/root"))
    kept.setdefault("CARGO_HOME", str(real / ".cargo"))
    kept.setdefault("RUSTUP_HOME", str(real / ".rustup"))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    return kept | {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "TERM": "dumb"}


class Shell:
    """A shell that a person types into: variables and the directory stay from block to block."""

    def __init__(self, directory, variables):
        self.process = subprocess.Popen(["bash", "-e"], cwd=directory, env=variables, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def run(self, block):
        text = block["text"] if block["language"] == "sh" else "python3 - <<'END OF BLOCK'\n" + block["text"] + "END OF BLOCK\n"
        mark = "the block ends here"
        self.process.stdin.write(f"{{\n{text}}} </dev/null\necho '{mark}'\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.rstrip() == mark:
                return "".join(said)
            said.append(line)
        raise SystemExit(f"this block failed:\n{block['text']}\nand said:\n{''.join(said)}")

    def begin(self, block):
        self.process.stdin.write(block["text"])
        self.process.stdin.close()

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=60)


def wait_for_socket(home):
    begun = time.monotonic()
    while not list(home.glob("run/goxel/goxel.sock")):
        if time.monotonic() - begun > HANG:
            raise SystemExit("the daemon did not listen")
        time.sleep(0.05)


def blocks(path):
    for found in FENCE.finditer(path.read_text()):
        if found["language"] in ("sh", "python"):
            yield found.groupdict(default="")


def tell(block, what):
    print(f"  {what}: {block['text'].strip().splitlines()[0]}", flush=True)


def run_readme(path, home):
    variables = environment(home)
    first, second = None, Shell(SOURCE, variables)
    for block in blocks(path):
        order = block["order"]
        if order.startswith("not run"):
            tell(block, order)
        elif order == "run: until the end":
            tell(block, "begins")
            first = Shell(SOURCE, variables)
            first.begin(block)
            wait_for_socket(home)
        elif order == "run: in the source":
            first.interrupt()
            first = second = Shell(SOURCE, variables)
            second.run(block)
            tell(block, "ran in the source")
        else:
            second.run(block)
            tell(block, "ran")
    made = [home / "models/snowman.gox", home / "models/snowman.png", home / ".local/bin/goxelctl",
            home / ".local/share/systemd/user/goxel-daemon.socket"]
    missing = [str(file) for file in made if not file.exists()]
    if missing:
        raise SystemExit(f"not made: {missing}")


def run_guide(path, home):
    marked = [block for block in blocks(path) if block["order"] == "run"]
    if not marked:
        return
    print(path.relative_to(SOURCE), flush=True)
    programs = SOURCE / os.environ.get("BIN", "target/release")
    variables = environment(home)
    variables["PATH"] = f"{programs}:{variables['PATH']}"
    daemon = subprocess.Popen([programs / "goxel-daemon"], cwd=home, env=variables, stderr=subprocess.DEVNULL)
    try:
        wait_for_socket(home)
        work = home / "work"
        work.mkdir()
        shell = Shell(work, variables)
        for block in marked:
            shell.run(block)
            tell(block, "ran")
    finally:
        daemon.terminate()
        daemon.wait()


def main():
    paths = [Path(name).resolve() for name in sys.argv[1:]]
    paths = paths or [SOURCE / "README.md", *sorted((SOURCE / "src/guide").glob("*.md"))]
    for path in paths:
        with tempfile.TemporaryDirectory() as home:
            if path.name == "README.md":
                print("README.md", flush=True)
                run_readme(path, Path(home))
            else:
                run_guide(path, Path(home))
    print("every block ran")


main()
