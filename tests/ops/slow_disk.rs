//! A disk that takes its time, and one that never answers: whoever asks for files waits, and nobody
//! else.
//!
//! strace delays the system calls of all threads of the daemon, so a call on the loop would be
//! seen; reads and writes of regular files are delayed by a small library that is preloaded, since
//! sockets are read and written by the same calls.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::process::{Client, Daemon, HANG, command, has_program, page, wait_for};
use crate::support::skip::skip;

/// How long each call takes.
const DELAY: Duration = Duration::from_millis(500);
/// A ping that takes longer has waited for a call. Nearly the delay: other programs want the
/// processor as well.
const TOO_LONG: Duration = Duration::from_millis(400);

const CALLS: &str = "fsync,fdatasync,rename,renameat,renameat2,open,openat,openat2,unlink,unlinkat,mkdir,mkdirat,linkat";

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static void wait_for_disk(int fd) {
    struct stat facts;
    int error = errno;
    const char *flag = getenv("SLOW_DISK");
    if (flag && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink + facts.st_size > 0
        && access(flag, F_OK) == 0)
        usleep(500000);
    errno = error;
}
#define WRAP(result, name, params, args) \
    result name params { \
        static result (*real) params; \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        wait_for_disk(fd); \
        return real args; \
    }
WRAP(ssize_t, read, (int fd, void *buffer, size_t count), (fd, buffer, count))
WRAP(ssize_t, write, (int fd, const void *buffer, size_t count), (fd, buffer, count))
WRAP(ssize_t, pread64, (int fd, void *buffer, size_t count, off_t at), (fd, buffer, count, at))
WRAP(ssize_t, pwrite64, (int fd, const void *buffer, size_t count, off_t at), (fd, buffer, count, at))
WRAP(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
"#;

/// Whether there is time for tests that take minutes: `make test-ops` has it.
fn has_minutes() -> bool {
    let has = std::env::var_os("GOXEL_SLOW_DISK").is_some();
    if !has {
        skip("takes minutes: make test-ops runs it (GOXEL_SLOW_DISK)");
    }
    has
}

/// The library that makes reads and writes slow once the file exists that `SLOW_DISK` names.
fn shim(directory: &Path) -> Option<PathBuf> {
    if !has_program("cc") {
        return None;
    }
    let (source, library) = (directory.join("slow.c"), directory.join("slow.so"));
    fs::write(&source, SHIM).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .status();
    match built.is_ok_and(|status| status.success()) {
        true => Some(library),
        false => {
            skip("cc builds no library here");
            None
        }
    }
}

/// Pings again and again, while something else goes on; the longest.
fn longest_ping(daemon: &Daemon, is_over: &AtomicBool) -> (Duration, usize) {
    let mut client = daemon.connect();
    let (mut longest, mut count) = (Duration::ZERO, 0);
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        client.call("ping", json!({}));
        longest = longest.max(began.elapsed());
        count += 1;
        std::thread::sleep(Duration::from_millis(2));
    }
    (longest, count)
}

/// All that makes file calls, each by a client of its own.
fn use_files(daemon: &Daemon) {
    let at = |name: &str| daemon.directory().join(name).to_str().unwrap().to_owned();
    fs::write(at("colors.gpl"), "GIMP Palette\n1 2 3 one\n").unwrap();
    fs::write(at("model.txt"), "0 0 0 ffffff\n").unwrap();
    let calls: [(&str, Value); 8] = [
        ("goxel.save_project", json!({"path": at("a.gox")})),
        ("goxel.export_model", json!({"path": at("a.obj")})),
        (
            "goxel.render_scene",
            json!({"width": 8, "height": 8, "options": {"return_mode": "file_path"}}),
        ),
        ("goxel.look", json!({"path": at("a.png"), "size": 64})),
        ("goxel.import_palette", json!({"path": at("colors.gpl")})),
        ("goxel.open_project", json!({"path": at("model.txt"), "name": "other"})),
        ("goxel.add_voxel", json!([1, 1, 1, "#ffffff"])),
        ("goxel.save_project", json!({"path": "/nonexistent/x.gox"})),
    ];
    let ask = |(method, params): &(&str, Value)| {
        let mut client = daemon.connect();
        client.ask(method, params.clone())
    };
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let asking: Vec<_> = calls.iter().map(|call| scope.spawn(|| ask(call))).collect();
        daemon.signal("HUP");
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (answer, (method, _)) in answers.iter().zip(&calls[..7]) {
        assert!(answer.get("error").is_none(), "{method}: {answer}");
    }
    let mut client = daemon.connect();
    let path =
        answers[2]["result"]["file"]["path"].as_str().or(answers[2]["result"]["path"].as_str());
    if let Some(path) = path {
        client.call("goxel.cleanup_render", json!({"path": path}));
        assert!(!Path::new(path).exists());
    }
}

fn flags(directory: &Path) -> Vec<String> {
    let at = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    vec![
        "--health-interval=300ms".to_owned(),
        format!("--log-file={}", at("x.log")),
        format!("--journal={}", at("journal")),
        "--journal-sync=always".to_owned(),
    ]
}

fn is_quick(daemon: &Daemon, work: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    let (longest, count) = std::thread::scope(|scope| {
        let pinging = scope.spawn(|| longest_ping(daemon, &is_over));
        work();
        is_over.store(true, Ordering::Relaxed);
        pinging.join().unwrap()
    });
    println!("longest of {count} pings: {longest:?}");
    assert!(longest < TOO_LONG, "somebody waited for the disk: {longest:?} of {count} pings");
    assert!(count > 20, "{count}");
}

#[test]
fn names_and_syncs_that_take_half_a_second_hold_up_nobody_else() {
    if !has_minutes() {
        return;
    }
    if !has_program("strace") {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let flags = flags(own.path());
    let daemon = Daemon::start_with(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    daemon.connect().call("goxel.add_voxel", json!([0, 0, 0, "#ffffff"]));
    let inject = format!("inject={CALLS}:delay_enter={}", DELAY.as_micros());
    let mut strace = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-p", &daemon.pid().to_string()])
        .args(["-e", &format!("trace={CALLS}"), "-e", &inject])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", daemon.pid());
    let mut is_traced = false;
    wait_for("strace", || {
        is_traced = fs::read_to_string(&status)
            .unwrap()
            .lines()
            .any(|l| l.starts_with("TracerPid:") && !l.ends_with("\t0"));
        is_traced || strace.try_wait().unwrap().is_some()
    });
    if !is_traced {
        return skip("strace may not trace here");
    }
    is_quick(&daemon, || use_files(&daemon));
    let pid = rustix::process::Pid::from_child(&strace);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    strace.wait().unwrap();
}

#[test]
fn reads_and_writes_that_take_half_a_second_hold_up_nobody_else() {
    if !has_minutes() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let Some(shim) = shim(own.path()) else { return };
    let flag = own.path().join("slow");
    let mut slow = command();
    slow.env("LD_PRELOAD", &shim).env("SLOW_DISK", &flag);
    let flags = flags(own.path());
    let daemon = Daemon::start_as(slow, &flags.iter().map(String::as_str).collect::<Vec<_>>());
    daemon.connect().call("goxel.add_voxel", json!([0, 0, 0, "#ffffff"]));
    fs::write(&flag, "").unwrap();
    is_quick(&daemon, || use_files(&daemon));
    fs::remove_file(&flag).unwrap();
}

/// Mounts a file system whose server reads no request, and lets go of it when its standard input
/// ends.
const MOUNT: &str = r#"
import ctypes, os, sys
libc = ctypes.CDLL(None)
fuse = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"stuck", sys.argv[1].encode(), b"fuse", 0, options):
    sys.exit(1)
print("mounted", flush=True)
sys.stdin.read()
libc.umount2(sys.argv[1].encode(), 3)
"#;

/// A directory that never answers; it is let go when this is dropped.
struct Stuck {
    server: Child,
    directory: PathBuf,
}

impl Stuck {
    fn mount(directory: PathBuf) -> Option<Stuck> {
        if !rustix::process::geteuid().is_root() || !has_program("python3") {
            skip("a file system that never answers needs root and python3");
            return None;
        }
        fs::create_dir(&directory).unwrap();
        let mut server = Command::new("python3");
        server.args(["-c", MOUNT]).arg(&directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = server.stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let stuck = Stuck { server, directory };
        if line != "mounted\n" {
            skip("FUSE cannot be mounted here");
            return None;
        }
        Some(stuck)
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

#[test]
fn a_disk_that_never_answers_costs_its_callers_an_error_and_nobody_else_anything() {
    if !has_minutes() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let Some(stuck) = Stuck::mount(own.path().join("stuck")) else { return };
    let mut daemon =
        Daemon::start_with(&["--disk-timeout=1s", "--drain=1s", "--health-interval=200ms"]);
    daemon.connect().call("goxel.add_voxel", json!([0, 0, 0, "#ffffff"]));
    let at = |name: &str| stuck.directory.join(name).to_str().unwrap().to_owned();
    is_quick(&daemon, || {
        let error = daemon.connect().ask("goxel.save_project", json!({"path": at("a.gox")}));
        assert_eq!(error["error"]["code"], -1003, "{error}");
        assert_eq!(error["error"]["data"]["reason"], "disk_timeout", "{error}");
        let again = daemon.connect().ask("goxel.save_project", json!({"path": at("a.gox")}));
        assert_eq!(again["error"]["data"]["reason"], "disk_timeout", "the same path: {again}");
        let error = daemon.connect().ask("goxel.load_project", json!({"path": at("b.gox")}));
        assert_eq!(error["error"]["data"]["reason"], "disk_timeout", "{error}");
        let path = daemon.directory().join("elsewhere.gox");
        daemon.connect().call("goxel.save_project", json!({"path": path}));
    });
    let health = daemon.connect().call("goxel.health", json!({}));
    assert_ne!(health["status"], "pass", "{health}");
    daemon.connect().call("goxel.add_voxel", json!([1, 0, 0, "#ffffff"]));
    // A call is on its way when the daemon is told to end.
    let mut last = daemon.connect();
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "goxel.save_project", "params": {"path": at("c.gox")}});
    last.send(format!("{call}\n"));
    std::thread::sleep(Duration::from_millis(50));
    let began = Instant::now();
    daemon.signal("TERM");
    wait_for("the daemon to be through", || {
        // What a call in the system holds is given up by the process itself, which may stay until
        // the system lets go.
        let state =
            fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap_or_default();
        !daemon.is_alive() || state.contains("(zombie)")
    });
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(stuck);
    daemon.wait();
}

#[test]
fn a_stop_of_the_process_is_no_fault_once_it_goes_on() {
    let daemon = Daemon::start_with(&["--health-interval=60s"]);
    let mut client = daemon.connect();
    client.call("ping", json!({}));
    // The turn of the call is over: one that is stopped on its way looks like one that hangs.
    std::thread::sleep(Duration::from_millis(300));
    daemon.signal("STOP");
    std::thread::sleep(Duration::from_secs(6));
    daemon.signal("CONT");
    client.call("ping", json!({}));
    for path in ["/live", "/ready", "/health"] {
        let answer = page(&daemon, path);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    let health = client.call("goxel.health", json!({}));
    assert_eq!(health["status"], "pass", "{health}");
}

#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    if !has_program("mkfifo") {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let fifo = own.path().join("log");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // It is open, and never read.
    let reader = fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    let log = format!("--log-file={}", fifo.display());
    let mut daemon = Daemon::start_with(&[&log, "--log-level=debug", "--log-repeats=1000000"]);
    let began = Instant::now();
    for _ in 0..1500 {
        Client::connect(daemon.socket()).call("ping", json!({}));
    }
    assert!(began.elapsed() < HANG, "{:?}", began.elapsed());
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0), "and it ends");
    drop(reader);
}
