//! Scripts that mean harm, or go wrong as badly as those that do: each ends with a clear error in
//! its time, and neither the daemon nor the document is touched.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::process::{Client, Daemon};

/// How a script may end.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It fails, with a text in its message.
    Fails(&'static str),
    /// Its time is over.
    Late,
    /// Any of these, as the engine has it.
    Stopped,
    /// Well, with this value: there was nothing to be had.
    Well(&'static str),
}
use End::{Fails, Late, Stopped, Well};

const SCRIPTS: &[(&str, End)] = &[
    // Memory.
    ("let a = []; while (true) a.push(new Array(1000).fill(a.length))", Stopped),
    ("let s = 'x'; while (true) s += s", Stopped),
    ("'x'.repeat(2 ** 30)", Stopped),
    ("'x'.padEnd(2 ** 31)", Stopped),
    ("new Uint8Array(2 ** 31)", Stopped),
    ("new ArrayBuffer(2 ** 40)", Stopped),
    ("new Array(2 ** 32 - 1).fill(0)", Stopped),
    ("Array.from({length: 2 ** 32}, () => 1)", Stopped),
    ("let o = {}; for (let i = 0; ; i++) o['k' + i] = {i}", Stopped),
    ("let m = new Map(); for (let i = 0; ; i++) m.set(i, [i])", Stopped),
    ("let v = []; while (true) v.push(new Volume())", Stopped),
    ("for (let i = 0; ; i++) setAt(i * 16, 0, 0, [i & 255, 1, 2])", Stopped),
    ("let v = new Volume(); for (let i = 0; ; i++) v.setAt(i * 16, 0, 0, 'red')", Stopped),
    ("let f = () => {}; for (;;) f = f.bind(null, f)", Stopped),
    ("BigInt(2) ** BigInt(2 ** 40)", Stopped),
    ("let n = 3n; for (;;) n = n * n", Stopped),
    // Depth.
    ("function f() { return f() + 1 } f()", Fails("stack")),
    ("const f = (x) => [x].map(f); f(1)", Fails("stack")),
    ("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)", Stopped),
    ("let a = {}; a.a = a; a", Fails("")),
    ("'('.repeat(1e5) + ')'.repeat(1e5); new RegExp('('.repeat(1e5) + ')'.repeat(1e5))", Stopped),
    ("eval('['.repeat(1e6))", Stopped),
    ("new Proxy({}, {get(t, k, r) { return r[k] }}).x", Fails("stack")),
    ("class A { get x() { return this.x } } new A().x", Fails("stack")),
    ("let o = {toString() { return String(this) }}; String(o)", Fails("stack")),
    // Time.
    ("while (true) {}", Late),
    ("for (;;) { try { for (;;) {} } catch (e) {} finally { for (;;) {} } }", Late),
    ("/(a+)+b/.test('a'.repeat(50))", Stopped),
    ("/^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(60))", Stopped),
    ("const f = () => Promise.resolve().then(f); await f()", Stopped),
    ("async function f() { for (;;) await null } await f()", Late),
    ("function* g() { for (;;) yield 1 } for (const x of g()) {}", Late),
    ("({toJSON() { for (;;) {} }})", Late),
    ("export default () => { for (;;) {} }", Late),
    ("goxel.registerScript({onExecute() { for (;;) {} }})", Late),
    (
        "new Volume().iter(() => {}); box({min: [0,0,0], max: [9,9,9], color: 'red'}); goxel.image.activeLayer.volume.iter(() => { for (;;) {} })",
        Late,
    ),
    ("[1, 2].sort(() => { for (;;) {} })", Late),
    ("await new Promise(() => {})", Fails("promise that nothing settles")),
    ("({then() {}})", Stopped),
    // Output and results.
    ("for (;;) console.log('x'.repeat(1000))", Fails("--script-output")),
    ("'x'.repeat(2e6)", Fails("--script-output")),
    ("new Array(6e5).fill(1)", Fails("--script-output")),
    // Games with what everything is made of.
    ("Object.prototype.op = 'sphere'; Object.prototype.min = [0, 0, 0]; box({})", Stopped),
    ("Array.prototype[Symbol.iterator] = null; console.log('a')", Stopped),
    ("JSON.stringify = JSON.parse = () => { throw 1 }; 5", Well("5")),
    ("delete globalThis.goxel; globalThis.setAt = null; typeof goxel", Well("\"undefined\"")),
    ("Volume.prototype.setAt.call({}, NaN, Infinity, {}, 'red')", Fails("place")),
    ("setAt([{valueOf() { return 1 }}, 2, 3], 'red')", Fails("place")),
    ("setAt(1, 2, 3, [300, -1, 0])", Fails("color")),
    ("setAt({get x() { throw new Error('mine') }, y: 1, z: 2}, 'red')", Fails("")),
    ("Object.setPrototypeOf(globalThis, new Proxy({}, {})); 7", Stopped),
    // Ways out.
    ("import * as std from 'std'\nstd.open('/etc/passwd', 'r')", Fails("no files")),
    ("import * as os from 'os'\nos.exec(['sh'])", Fails("no files")),
    ("import '/etc/passwd'", Fails("")),
    ("await import('/etc/passwd')", Fails("")),
    ("goxel.call('goxel.load_project', {path: '/etc/passwd'})", Fails("cannot be called")),
    ("goxel.call('goxel.export_model', {path: '/tmp/stolen.obj'})", Fails("cannot be called")),
    ("goxel.call('shutdown')", Fails("cannot be called")),
    ("goxel.call('goxel.execute_script', {script: '1'})", Fails("cannot be called")),
    (
        "typeof require + typeof process + typeof fetch + typeof Deno + typeof os + typeof Worker",
        Well("\"undefinedundefinedundefinedundefinedundefinedundefined\""),
    ),
    ("typeof __start", Well("\"undefined\"")),
    ("\u{0}", Stopped),
    ("new Function('return this')().constructor.constructor('return 3')()", Well("3")),
];

/// Nothing here has longer than this, its own time and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(40);

fn try_one(client: &mut Client, script: &str, end: End) {
    let began = Instant::now();
    let answer = client.ask("goxel.execute_script", json!({"script": script, "timeout_ms": 1500}));
    assert!(began.elapsed() < PATIENCE, "{script}: {:?}", began.elapsed());
    let (error, result) = (&answer["error"], &answer["result"]);
    let is_late = error["code"] == -32603 && error["message"] == "Script execution timeout";
    let message = result["error"]["message"].as_str();
    let holds = match end {
        Late => is_late,
        Fails(text) => message.is_some_and(|message| message.contains(text)),
        Stopped => is_late || message.is_some() || result["success"] == true,
        Well(value) => result["result"] == serde_json::from_str::<Value>(value).unwrap(),
    };
    assert!(holds, "{script} should end {end:?}: {answer}");
    assert!(is_late || message.is_none_or(|message| !message.is_empty()), "{script}: {answer}");
}

/// One part of the scripts on a daemon of its own, since each takes up to its time.
fn try_part(part: usize, of: usize) {
    let mut daemon = Daemon::start_with(&["--script-memory", "32MiB"]);
    let mut client = daemon.connect();
    for (script, end) in SCRIPTS.iter().skip(part).step_by(of) {
        client.call("goxel.create_project", json!(["clean"]));
        client.call("goxel.add_voxel", json!([5, 5, 5, "blue"]));
        try_one(&mut client, script, *end);
        let left = client.call("goxel.execute_script", json!({"script": "getAt(5, 5, 5)"}));
        assert!(daemon.is_alive());
        if left["result"] != json!([0, 0, 255, 255]) {
            panic!("{script} left {left}");
        }
    }
}

#[test]
fn hostile_scripts_harm_nobody_first_quarter() {
    try_part(0, 4);
}

#[test]
fn hostile_scripts_harm_nobody_second_quarter() {
    try_part(1, 4);
}

#[test]
fn hostile_scripts_harm_nobody_third_quarter() {
    try_part(2, 4);
}

#[test]
fn hostile_scripts_harm_nobody_last_quarter() {
    try_part(3, 4);
}

#[test]
fn params_are_what_their_json_says_and_nothing_else() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    for (params, script, expected) in [
        (json!({"__proto__": {"x": 1}}), "({}).x ?? 'clean'", json!("clean")),
        (json!({"get a": 1, "toJSON": 5}), "params.toJSON", json!(5)),
        (json!([1, [2]]), "params[1][0]", json!(2)),
        (json!("text"), "params.length", json!(4)),
        (Value::Null, "params", Value::Null),
    ] {
        let call = json!({"script": script, "params": params});
        assert_eq!(client.call("goxel.execute_script", call)["result"], expected, "{script}");
    }
}

#[test]
fn pings_are_answered_beside_busy_scripts() {
    let daemon = Daemon::start();
    let mut busy: Vec<Client> = (0..4).map(|_| daemon.connect()).collect();
    for client in &mut busy {
        let params = json!({"script": "for (;;) {}", "timeout_ms": 3000});
        let call =
            json!({"jsonrpc": "2.0", "id": 1, "method": "goxel.execute_script", "params": params});
        client.send(format!("{call}\n"));
    }
    let mut client = daemon.connect();
    let began = Instant::now();
    let mut pings = 0;
    while pings < 1_000 && began.elapsed() < Duration::from_millis(2_500) {
        client.call("ping", json!([]));
        pings += 1;
    }
    // A machine with nothing else to do answers them in a fraction of the time; a daemon that
    // waits for scripts answers two. At least 40 a second, however busy the machine is.
    assert!(pings > 100, "{pings}");
    for client in &mut busy {
        assert_eq!(client.receive()["error"]["message"], "Script execution timeout");
    }
}

/// Pieces that scripts are made of at random: most of them make no sense together.
const PIECES: [&str; 36] = [
    "setAt(1, 2, 3, 'red')",
    "getAt(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    "=>",
    "for (;;) ",
    "while (x) ",
    "let x = ",
    "x",
    "1e999",
    "'text'",
    "`${x}`",
    "goxel.image",
    ".layers",
    ".volume",
    ".iter((a) => a)",
    "new Volume()",
    "new Box(",
    "null",
    "await ",
    "async ",
    "function f() ",
    "f()",
    "export default ",
    "throw x",
    "try {",
    "} catch (e) {}",
    "Math.random()",
    "box({})",
    "[...'abc']",
    "/(/",
    "\n",
];

#[test]
fn scripts_made_at_random_harm_nobody() {
    let mut daemon = Daemon::start_with(&["--script-memory", "32MiB"]);
    let mut client = daemon.connect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..40 {
        let pieces: Vec<&str> = (0..next(12) + 1).map(|_| PIECES[next(PIECES.len())]).collect();
        let script = pieces.join(" ");
        let answer =
            client.ask("goxel.execute_script", json!({"script": script, "timeout_ms": 200}));
        let result = &answer["result"];
        let is_late = answer["error"]["message"] == "Script execution timeout";
        let has_failed = result["error"]["message"].as_str().is_some_and(|text| !text.is_empty());
        assert!(is_late || has_failed || result["success"] == true, "{script}: {answer}");
    }
    assert!(daemon.is_alive());
}
