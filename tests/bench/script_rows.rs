//! Voxels set and read by a script, against a loop that calls a function of the engine that does
//! next to nothing; and how long a script takes from call to answer. The programs have to be built:
//! the script runs in a process of goxel-daemon.

use std::time::{Duration, Instant};

use goxel_daemon::job::Budget;
use goxel_daemon::rpc::{ConnectionId, Handled, Host, Service};
use serde_json::{Value, json};

use crate::harness::{Bench, Row, Scale, Target};

/// Medians of five, in milliseconds, of loops over a million places.
const LOOPS: &str = "
    const median = (loop) => Array.from({length: 5}, () => {
      const start = performance.now()
      loop()
      return performance.now() - start
    }).sort((a, b) => a - b)[2]
    const volume = goxel.image.activeLayer.volume
    ;({
      empty: median(() => { for (let i = 0; i < 1e6; i++) Math.abs(i) }),
      set: median(() => { for (let i = 0; i < 1e6; i++) setAt(i % 100, (i >> 7) % 100, i >> 14, 'red') }),
      get: median(() => { for (let i = 0; i < 1e6; i++) getAt(i % 100, (i >> 7) % 100, i >> 14) }),
      array: median(() => {
        for (let i = 0; i < 1e6; i++) volume.setAt([i % 100, (i >> 7) % 100, i >> 14], [9, 8, 7, 255])
      }),
    })";

struct Alone(Instant);

impl Host for Alone {
    fn now(&self) -> Instant {
        Instant::now()
    }
    fn started(&self) -> Instant {
        self.0
    }
}

fn execute(service: &mut Service, script: &str) -> Value {
    let params = json!({"script": script, "allow_time": true});
    let call =
        json!({"jsonrpc": "2.0", "id": 1, "method": "goxel.execute_script", "params": params});
    let (mut out, mut host, caller) = (Vec::new(), Alone(Instant::now()), ConnectionId(1));
    let handled = service.handle(call.to_string().as_bytes(), caller, &mut host, &mut out);
    if let Handled::Pending(mut exchange) = handled {
        while !service.step(&mut exchange, &mut host, &mut Budget::unlimited(), &mut out) {}
    }
    let answer: Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(answer["result"]["success"], true, "{answer}");
    answer["result"]["result"].clone()
}

fn row(name: &'static str, target: Target) -> Row {
    Row { name, unit: "call", work: 1e6, peer: "Math.abs", scale: Scale::Milliseconds, target }
}

/// From call to answer, of a script that does nothing.
fn start(name: &'static str, limit: &'static str) -> Row {
    let (work, scale, target) = (1.0, Scale::Milliseconds, Target::Slower(1.0));
    Row { name, unit: "call", work, peer: limit, scale, target }
}

fn times(count: usize, mut each: impl FnMut(&dyn Fn(&mut Service) -> f64) -> f64) -> Vec<f64> {
    let clock = |service: &mut Service| {
        let began = Instant::now();
        execute(service, "1");
        began.elapsed().as_nanos() as f64
    };
    (0..count).map(|_| each(&clock)).collect()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub fn rows(bench: &mut Bench) {
    if !bench.wants("script") {
        return;
    }
    let mut service = Service::default();
    let mut cold = times(5, |clock| {
        // Whatever was kept ready goes.
        goxel_daemon::script::crew::let_go();
        clock(&mut service)
    });
    let mut warm = times(15, |clock| {
        std::thread::sleep(Duration::from_millis(200));
        clock(&mut service)
    });
    let limit = |milliseconds: f64| milliseconds * 1e6;
    bench.value(start("script/cold", "30 ms"), median(&mut cold), limit(30.0));
    bench.value(start("script/warm", "5 ms"), median(&mut warm), limit(5.0));
    let loops = execute(&mut service, LOOPS);
    println!("a million calls in milliseconds, medians of five: {loops}");
    let nanoseconds = |name: &str| loops[name].as_f64().unwrap_or(f64::MAX) * 1e6;
    for (name, key, most) in
        [("script/set", "set", 3.0), ("script/get", "get", 3.0), ("script/array", "array", 8.0)]
    {
        bench.value(row(name, Target::Slower(most)), nanoseconds(key), nanoseconds("empty"));
    }
}
