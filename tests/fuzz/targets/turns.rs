//! Nobody waits: the first byte chooses a hostile document, the rest is a message, and no turn of
//! it looks at more than its share. Looks are counted by the engine itself (`job::effort`). Calls
//! that touch files are left out.

#![no_main]

use std::time::{Duration, Instant};

use goxel_daemon::job::{Budget, effort};
use goxel_daemon::rpc::{ConnectionId, ConnectionInfo, Handled, Host, Service};
use libfuzzer_sys::fuzz_target;

/// As in `tests/api/turns.rs`.
const MOST_LOOKS: u64 = 60_000;
/// A message may go on for long, and the next one shall have its time.
const MOST_TURNS: u32 = 300;

struct Nobody(Instant);

impl Host for Nobody {
    fn now(&self) -> Instant {
        self.0
    }
    fn at_once(&self) -> Budget {
        Budget::units(1)
    }
    fn started(&self) -> Instant {
        self.0
    }
    fn connections(&self) -> Vec<ConnectionInfo> {
        Vec::new()
    }
    fn close(&mut self, _: ConnectionId) -> bool {
        false
    }
    fn set_name(&mut self, _: ConnectionId, _: &str) {}
    fn set_keepalive(&mut self, _: ConnectionId, _: Option<Duration>) {}
    fn notify(&mut self, _: ConnectionId, _: &[u8]) -> bool {
        true
    }
    fn shut_down(&mut self) -> bool {
        false
    }
}

/// Words in the names of methods that read or write files.
const FILE_WORDS: [&[u8]; 9] =
    [b"save", b"load", b"export", b"import", b"render", b"open", b"file", b"path", b"script"];

fn touches_files(message: &[u8]) -> bool {
    // A word may be spelt with escapes.
    message.contains(&b'\\')
        || FILE_WORDS.iter().any(|word| message.windows(word.len()).any(|part| part == *word))
}

/// The longest turn of a message, in looks.
fn longest_turn(service: &mut Service, message: &[u8]) -> u64 {
    let (mut host, mut out) = (Nobody(Instant::now()), Vec::new());
    effort::take();
    let handled = service.handle(message, ConnectionId(1), &mut host, &mut out);
    let mut longest = effort::take();
    let Handled::Pending(mut exchange) = handled else { return longest };
    for _ in 0..MOST_TURNS {
        let is_over = service.step(&mut exchange, &mut host, &mut Budget::units(1), &mut out);
        longest = longest.max(effort::take());
        if is_over {
            return longest;
        }
    }
    service.cancel(*exchange, &mut host);
    longest.max(effort::take())
}

fn build(service: &mut Service, kind: u8) {
    let mut edit = |operations: &str| {
        let call =
            format!(r#"{{"id":1,"method":"goxel.edit","params":{{"operations":[{operations}]}}}}"#);
        longest_turn(service, call.as_bytes());
    };
    match kind % 4 {
        0 => edit(r#"{"op":"box","min":[0,0,0],"max":[60,60,60],"color":"red"}"#),
        1 => {
            let points: Vec<String> =
                (0..500).map(|n| format!("[{},{},{}]", n * 300, n * 77 % 9000, n * 13)).collect();
            edit(&format!(r#"{{"op":"voxels","points":[{}],"color":"gold"}}"#, points.join(",")));
        }
        2 => {
            let voxels: Vec<String> = (0..2000)
                .map(|n| format!(r##"[{},{},0,"#{:06x}"]"##, n % 50, n / 50, n * 331))
                .collect();
            edit(&format!(r#"{{"op":"voxels","voxels":[{}]}}"#, voxels.join(",")));
        }
        _ => {
            edit(r#"{"op":"sphere","center":[0,0,0],"radius":5,"color":"red"}"#);
            for number in 0..20 {
                let call = format!(
                    r#"{{"id":1,"method":"goxel.create_clone_layer","params":{{"base_id":1,"offset":[{},0,0]}}}}"#,
                    number * 20
                );
                longest_turn(service, call.as_bytes());
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, message)) = input.split_first() else { return };
    if touches_files(message) {
        return;
    }
    let mut service = Service::default();
    build(&mut service, *kind);
    let looks = longest_turn(&mut service, message);
    assert!(looks <= MOST_LOOKS, "a turn took {looks} looks");
});
