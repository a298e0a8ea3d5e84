//! Measuring: thread CPU time, subject and peer in turns, minimum and median.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// What a row promises.
#[derive(Clone, Copy)]
pub enum Target {
    /// No more than this many units of time for one unit of work, by the minimum.
    AtMost(f64),
    /// At least this many times as fast as the peer.
    Ratio(f64),
    /// Both.
    Both(f64, f64),
    /// The subject may take at most this many times as long as the peer.
    Slower(f64),
    /// The subject's value may be at most this many times the peer's.
    Share(f64),
}

/// One row of the table.
pub struct Row {
    /// Area and case, for example `edit/coherent`.
    pub name: &'static str,
    /// What one unit of work is: `voxel`, `block`, `call`.
    pub unit: &'static str,
    /// Units of work that one run does.
    pub work: f64,
    /// What the peer is.
    pub peer: &'static str,
    /// What is promised. `AtMost` is in `scale`.
    pub target: Target,
    /// The unit of time to show.
    pub scale: Scale,
}

/// A unit of time, or none.
#[derive(Clone, Copy)]
pub enum Scale {
    /// Not a time.
    Number,
    Nanoseconds,
    Microseconds,
    Milliseconds,
}

impl Scale {
    fn of(self, nanoseconds: f64) -> f64 {
        match self {
            Scale::Number | Scale::Nanoseconds => nanoseconds,
            Scale::Microseconds => nanoseconds / 1e3,
            Scale::Milliseconds => nanoseconds / 1e6,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Scale::Number => "",
            Scale::Nanoseconds => "ns",
            Scale::Microseconds => "us",
            Scale::Milliseconds => "ms",
        }
    }
}

/// Times the part of a run that counts.
#[derive(Default)]
pub struct Clock {
    nanoseconds: f64,
}

impl Clock {
    /// Runs something and adds the CPU time it took.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = cpu_time();
        let result = black_box(work());
        self.nanoseconds += cpu_time() - start;
        result
    }
}

fn cpu_time() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// Minimum and median of some runs, in nanoseconds for one unit of work.
struct Figures {
    min: f64,
    median: f64,
}

impl Figures {
    fn new(mut runs: Vec<f64>) -> Figures {
        runs.sort_by(f64::total_cmp);
        Figures { min: runs[0], median: runs[runs.len() / 2] }
    }
}

struct Outcome {
    row: Row,
    subject: Figures,
    peer: Figures,
}

impl Outcome {
    /// How many times as fast as the peer.
    fn ratio(&self) -> f64 {
        self.peer.min / self.subject.min
    }

    /// By which factor the target is met: 1 or more is met.
    fn margin(&self) -> f64 {
        let time = self.row.scale.of(self.subject.min);
        match self.row.target {
            Target::AtMost(limit) => limit / time,
            Target::Ratio(least) => self.ratio() / least,
            Target::Both(limit, least) => (limit / time).min(self.ratio() / least),
            Target::Slower(most) | Target::Share(most) => most * self.ratio(),
        }
    }

    fn target(&self) -> String {
        let unit = self.row.scale.name();
        match self.row.target {
            Target::AtMost(limit) => format!("<= {limit} {unit}"),
            Target::Ratio(least) => format!(">= {least}x"),
            Target::Both(limit, least) => format!("<= {limit} {unit}, >= {least}x"),
            Target::Slower(most) => format!("<= {most}x the time"),
            Target::Share(most) => format!("<= {most}x as many"),
        }
    }

    fn line(&self) -> String {
        let row = &self.row;
        let show = |figure: f64| format!("{:.3}", row.scale.of(figure));
        format!(
            "{:<28} {:>10} {:>10} {:>3}/{:<6} {:>10} {:>8.2}x  {:<20} {:>6} {:>6.2}  {}",
            row.name,
            show(self.subject.min),
            show(self.subject.median),
            row.scale.name(),
            row.unit,
            show(self.peer.min),
            self.ratio(),
            self.target(),
            if self.margin() >= 1.0 { "met" } else { "MISSED" },
            self.margin(),
            row.peer,
        )
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.row.name,
            "unit": self.row.unit,
            "time_unit": self.row.scale.name(),
            "min": self.row.scale.of(self.subject.min),
            "median": self.row.scale.of(self.subject.median),
            "peer": self.row.peer,
            "peer_min": self.row.scale.of(self.peer.min),
            "peer_median": self.row.scale.of(self.peer.median),
            "ratio": self.ratio(),
            "target": self.target(),
            "margin": self.margin(),
            "met": self.margin() >= 1.0,
        })
    }
}

/// The run of the program.
pub struct Bench {
    words: Vec<String>,
    json: bool,
    rounds: usize,
    outcomes: Vec<Outcome>,
}

impl Bench {
    /// Reads the command line. `--bench`, which cargo adds, means nothing.
    pub fn from_args(args: impl Iterator<Item = String>) -> Bench {
        let mut bench = Bench { words: Vec::new(), json: false, rounds: 7, outcomes: Vec::new() };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {}
                "--json" => bench.json = true,
                "--rounds" => {
                    let rounds = args.next().and_then(|n| n.parse::<usize>().ok());
                    bench.rounds =
                        rounds.unwrap_or_else(|| usage("--rounds needs a number")).max(5);
                }
                word if word.starts_with('-') => usage(&format!("unknown option {word}")),
                word => bench.words.push(word.to_owned()),
            }
        }
        bench
    }

    /// Whether rows whose names begin with `area` may be wanted: for preparations that take long.
    pub fn wants(&self, area: &str) -> bool {
        let may = |word: &String| word.contains(area) || area.contains(&**word);
        self.words.is_empty() || self.words.iter().any(may)
    }

    /// Measures a row: subject and peer in turns, each first once for warm-up.
    pub fn row(
        &mut self,
        row: Row,
        mut subject: impl FnMut(&mut Clock),
        mut peer: impl FnMut(&mut Clock),
    ) {
        if !self.picks(&row) {
            return;
        }
        let run = |work: &mut dyn FnMut(&mut Clock)| {
            let mut clock = Clock::default();
            work(&mut clock);
            clock.nanoseconds / row.work
        };
        run(&mut subject);
        run(&mut peer);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            ours.push(run(&mut subject));
            theirs.push(run(&mut peer));
        }
        self.report(Outcome { row, subject: Figures::new(ours), peer: Figures::new(theirs) });
    }

    /// Reports a value that was measured elsewhere: nanoseconds if the row has a unit of time.
    pub fn value(&mut self, row: Row, ours: f64, theirs: f64) {
        if self.picks(&row) {
            let [subject, peer] = [ours, theirs].map(|value| Figures { min: value, median: value });
            self.report(Outcome { row, subject, peer });
        }
    }

    fn picks(&self, row: &Row) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| row.name.contains(&**word))
    }

    fn report(&mut self, outcome: Outcome) {
        if !self.json {
            if self.outcomes.is_empty() {
                println!("{}", heading());
            }
            println!("{}", outcome.line());
        }
        self.outcomes.push(outcome);
    }

    /// Prints what is left to print.
    pub fn finish(self) {
        let rows: Vec<_> = self.outcomes.iter().map(Outcome::json).collect();
        if self.json {
            let report =
                serde_json::json!({ "machine": machine(), "rounds": self.rounds, "rows": rows });
            println!("{report:#}");
        } else {
            println!("\n{}; minimum of {} runs, thread CPU time", machine(), self.rounds);
        }
    }
}

fn heading() -> String {
    format!(
        "{:<28} {:>10} {:>10} {:>10} {:>10} {:>9}  {:<20} {:>6} {:>6}  {}",
        "row", "min", "median", "unit", "peer", "ratio", "target", "", "margin", "peer is"
    )
}

/// The processor's name and how many of them there are.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    format!("{} x {}, {}", cores, name.unwrap_or("unknown processor"), std::env::consts::OS)
}

fn usage(problem: &str) -> ! {
    eprintln!("{problem}\nusage: bench [--json] [--rounds N] [WORD...]");
    std::process::exit(2);
}

/// Numbers that look random and are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }
}
