//! Health under stress: many clients and a long piece of work, and the numbers add up.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::process::{Client, Daemon, wait_for};

const CLIENTS: usize = 1000;
const CALLS: u64 = 10;

fn snapshot(daemon: &Daemon) -> Value {
    let file = daemon.directory().join("goxel.health.json");
    std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[test]
fn with_a_thousand_clients_and_a_job_snapshots_come_and_the_numbers_add_up() {
    let daemon = Daemon::start_with(&[
        "--health-interval=200ms",
        "--max-connections=2000",
        "--max-connections-per-peer=0",
    ]);
    let mut worker = daemon.connect();
    worker.call("goxel.create_project", json!({"name": "big", "size": [512, 512, 512]}));
    let shape = json!({"shape_type": "sphere", "size_x": 501, "size_y": 501, "size_z": 501});
    let job =
        json!({"jsonrpc": "2.0", "id": 99, "method": "goxel.procedural_shape", "params": shape});
    worker.send(format!("{job}\n"));
    let threads: Vec<_> = (0..10)
        .map(|_| {
            let socket = daemon.socket().to_owned();
            std::thread::spawn(move || {
                let mut clients: Vec<_> =
                    (0..CLIENTS / 10).map(|_| Client::connect(&socket)).collect();
                for _ in 0..CALLS {
                    clients.iter_mut().for_each(|client| drop(client.call("ping", json!({}))));
                }
                clients
            })
        })
        .collect();
    let clients: Vec<Client> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
    assert_eq!(clients.len(), CLIENTS);
    while worker.receive()["id"] != 99 {}

    let made = CLIENTS as u64 * CALLS + 2;
    let health = worker.call("goxel.health", json!({}));
    assert_eq!(health["calls"]["total"], made, "{}", health["calls"]);
    assert_eq!(health["calls"]["errors"], 0);
    assert_eq!(health["connections"]["active"], CLIENTS + 1);
    assert_eq!(health["connections"]["peak"], CLIENTS + 1);
    let methods = health["calls"]["methods"].as_array().unwrap();
    let sum: u64 = methods.iter().map(|method| method["calls"].as_u64().unwrap()).sum();
    assert_eq!(sum, made);
    let pings = methods.iter().find(|method| method["method"] == "ping").unwrap();
    assert_eq!(pings["calls"], CLIENTS as u64 * CALLS);
    let by_protocol = health["connections"]["by_protocol"]["json"].as_u64().unwrap();
    assert_eq!(by_protocol, CLIENTS as u64 + 1);

    wait_for("a snapshot with all calls", || snapshot(&daemon)["calls"]["total"] == made + 1);
    let first = snapshot(&daemon)["timestamp"].clone();
    std::thread::sleep(Duration::from_secs(1));
    wait_for("a later snapshot", || snapshot(&daemon)["timestamp"] != first);
    let log = daemon.log();
    assert!(log.matches("health status=").count() >= 3, "{log}");
    drop(clients);
    wait_for("all to be gone", || {
        worker.call("goxel.health", json!({}))["connections"]["active"] == 1
    });
    let health = worker.call("goxel.health", json!({}));
    let accepted = health["connections"]["accepted"].as_u64().unwrap();
    let ended = health["connections"]["ended"].as_object().unwrap();
    let ended: u64 = ended.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(accepted, ended + 1, "{health}");
}
