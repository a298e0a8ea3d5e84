//! Scripts on a running daemon: what they come to, what they may take, and that they harm nobody.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::process::{Client, Daemon, wait_for};

fn execute(client: &mut Client, script: &str) -> Value {
    client.call("goxel.execute_script", json!({"script": script}))
}

/// The value of a script that ends well.
fn value(client: &mut Client, script: &str) -> Value {
    let answer = execute(client, script);
    assert_eq!(answer["success"], true, "{script}: {answer}");
    answer["result"].clone()
}

/// The processes that the daemon has started and that are still there, ended or not.
fn children(daemon: &Daemon) -> usize {
    let pid = daemon.pid();
    let path = format!("/proc/{pid}/task/{pid}/children");
    std::fs::read_to_string(path).map_or(0, |list| list.split_whitespace().count())
}

#[test]
fn the_first_call_after_the_start_works_and_answers_as_the_older_daemon_did() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let answer =
        execute(&mut client, "setAt(1, 2, 3, [255, 0, 0]); console.log('hi', [1]); getAt(1, 2, 3)");
    assert_eq!(answer["success"], true, "{answer}");
    assert_eq!(answer["code"], 0);
    assert_eq!(answer["message"], "Script executed successfully");
    assert_eq!(answer["result"], json!([255, 0, 0, 255]));
    assert_eq!(answer["output"], "hi [1]\n");
    assert_eq!(answer["changed"], 1);
    assert_eq!(answer["box"]["min"], json!([1, 2, 3]));
    assert_eq!(answer["revision"], 1);
    assert!(answer["memory"].as_u64() > Some(0) && answer["seconds"].as_f64() > Some(0.0));
    let voxel = client.call("goxel.get_voxel", json!([1, 2, 3]));
    assert_eq!(voxel["color"], json!([255, 0, 0, 255]), "{voxel}");
    client.call("goxel.undo", json!([]));
    let count = client.call("goxel.measure", json!({}));
    assert_eq!(count["voxel_count"], 0, "one step takes all of it back: {count}");
}

#[test]
fn the_value_of_a_script_is_its_last_expression_or_what_it_exports() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    for (script, expected) in [
        ("1 + 1", json!(2)),
        ("let a = 5; a * 2", json!(10)),
        ("await Promise.resolve([1, {b: null}])", json!([1, {"b": null}])),
        ("export default 42", json!(42)),
        ("const x = await Promise.resolve(3)\nexport default {x}", json!({"x": 3})),
        ("export default () => 'made'", json!("made")),
        (
            "goxel.registerScript({name: 'n', onExecute() { return goxel.image.layers.length }})",
            json!(1),
        ),
        ("undefined", Value::Null),
        ("(() => 1)", Value::Null),
        ("getAt(9, 9, 9)", Value::Null),
        ("new Date().toISOString()", json!("2000-01-01T00:00:00.000Z")),
        ("[Date.now(), new Date(0).getTime()]", json!([946_684_800_000_u64, 0])),
        ("new Vec(1, 2, 3).add([1, 1, 1])", json!([2, 3, 4])),
        (
            "typeof require + typeof process + typeof setTimeout",
            json!("undefinedundefinedundefined"),
        ),
    ] {
        assert_eq!(value(&mut client, script), expected, "{script}");
    }
}

/// What the scripts that come with Goxel do, said in its names.
const OF_GOXEL: &str = r"
    import * as std from 'std'
    const any = () => Math.floor(Math.random() * 256)
    goxel.registerFormat({name: 'Test', exts: ['*.test'], export(image, path) { std.open(path, 'w') }})
    goxel.registerScript({
      name: 'FillRandom',
      description: 'every voxel of the selection gets a colour of its own',
      onExecute: function() {
        const volume = goxel.image.activeLayer.volume
        goxel.image.selectionBox.iterVoxels(function(pos) { volume.setAt(pos, [any(), any(), any(), 255]) })
      },
    })
    goxel.registerScript({
      name: 'Dilate',
      onExecute: function() {
        const volume = goxel.image.activeLayer.volume
        volume.copy().iter(function(pos, color) {
          for (let z = -1; z < 2; z++)
            for (let y = -1; y < 2; y++)
              for (let x = -1; x < 2; x++) volume.setAt([pos.x + x, pos.y + y, pos.z + z], color)
        })
      },
    })
    goxel.registerScript({
      name: 'Slices',
      onExecute: function() {
        let [count, alpha] = [0, 0]
        goxel.image.getLayersVolume().iter(function(pos, color) { count++; alpha += color.a })
        print('voxels: ' + count + ', opaque: ' + (alpha / 255) + ', paints with ' + goxel.palette.color)
      },
    })";

#[test]
fn scripts_of_goxel_work_as_they_are() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    client.call("goxel.select_box", json!({"min": [0, 0, 0], "max": [3, 2, 1]}));
    let answer = execute(&mut client, OF_GOXEL);
    assert_eq!(answer["success"], true, "{answer}");
    let voxels = 6 * 5 * 4;
    assert_eq!(answer["changed"], voxels, "{answer}");
    let said = answer["output"].as_str().unwrap();
    assert!(said.contains("the format Test is not used"), "{said}");
    assert!(said.contains(&format!("voxels: {voxels}, opaque: {voxels}, paints with")), "{said}");
    let facts = client.call("goxel.measure", json!({}));
    assert_eq!(facts["bounds"], json!({"min": [-1, -1, -1], "max": [4, 3, 2]}), "{facts}");
    let colors = client.call("goxel.get_color_histogram", json!([]));
    assert!(colors["unique_colors"].as_u64().unwrap() > 12, "{colors}");
}

#[test]
fn the_same_seed_gives_the_same_chance_and_another_one_another() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let mut chance = |seed: u64| {
        let params = json!({"script": "[Math.random(), Math.random()]", "seed": seed});
        client.call("goxel.execute_script", params)["result"].clone()
    };
    assert_eq!(chance(7), chance(7));
    assert_ne!(chance(7), chance(8));
}

#[test]
fn what_throws_changes_nothing_and_is_told_with_its_place() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let answer = execute(&mut client, "setAt(0, 0, 0, 'red')\nconst f = () => {\n  null.x\n}\nf()");
    assert_eq!((&answer["success"], &answer["code"]), (&json!(false), &json!(-1)), "{answer}");
    let error = &answer["error"];
    assert!(error["message"].as_str().unwrap().contains("TypeError"), "{error}");
    assert_eq!((&error["line"], &error["text"]), (&json!(3), &json!("  null.x")), "{error}");
    assert_eq!(error["file"], "script.js");
    let answer = execute(&mut client, "let a = 1;\nlet b = ;");
    assert_eq!(answer["error"]["line"], 2, "{answer}");
    let answer = execute(&mut client, "throw {a: 1}");
    assert_eq!(answer["error"]["message"], r#"{"a":1}"#);
    let info = client.call("goxel.get_project_info", json!({}));
    assert_eq!((&info["revision"], &info["total_voxels"]), (&json!(0), &json!(0)));
}

#[test]
fn operations_layers_and_questions_are_functions() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let script = "
        const drawn = sphere({center: [0, 0, 8], radius: params.r, color: 'gold'}).changed
        const layer = goxel.image.addLayer('Roof')
        layer.volume.setAt([5, 5, 5], [1, 2, 3, 255])
        layer.opacity = 0.5
        goxel.image.selectionBox = new Box([0, 0, 0], [3, 3, 3])
        const copy = layer.volume.copy()
        copy.setAt(0, 0, 0, '#ffffff')
        let seen = 0
        goxel.image.getLayersVolume().iter((at, color) => { seen += at.x === at[0] && color.length === 4 ? 1 : 0 })
        replaceColor({from: 'gold', to: 'red', layer: 1})
        goxel.palette = ['#ff0000', '#00ff00']
        ;[drawn, seen, layer.count, copy.count(), measure({layer: 1}).voxel_count, goxel.palette.length,
          goxel.layers.map((layer) => layer.name), goxel.selection.size]";
    let params = json!({"script": script, "params": {"r": 3}});
    let answer = client.call("goxel.execute_script", params);
    assert_eq!(answer["success"], true, "{answer}");
    let result = &answer["result"];
    let drawn = result[0].as_u64().unwrap();
    assert_eq!(result[1].as_u64(), Some(drawn + 1), "{result}");
    assert_eq!((&result[2], &result[3]), (&json!(1), &json!(2)), "{result}");
    assert_eq!((&result[5], &result[7]), (&json!(2), &json!([4, 4, 4])), "{result}");
    let layers = client.call("goxel.list_layers", json!({}));
    assert_eq!(layers["layers"][1]["name"], "Roof", "{layers}");
    assert_eq!(layers["layers"][1]["opacity"], 0.5);
    client.call("goxel.undo", json!([]));
    assert_eq!(client.call("goxel.list_layers", json!({}))["count"], 1, "all of it is one step");
}

#[test]
fn a_loop_without_end_is_stopped_at_its_time_and_the_next_script_runs() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let began = Instant::now();
    let answer = client.ask(
        "goxel.execute_script",
        json!({"script": "setAt(0,0,0,'red'); while (true) {}", "timeout_ms": 200}),
    );
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert_eq!(answer["error"]["message"], "Script execution timeout");
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(value(&mut client, "measure({}).voxel_count"), 0);
}

#[test]
fn other_calls_go_on_beside_a_script_and_a_conflict_tells_what_changed() {
    let daemon = Daemon::start();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    for (on_conflict, x, expected) in
        [("error", 100, 1003), ("rebase", 101, 0), ("rebase", 1, 1003)]
    {
        // Another voxel each time, or there is nothing to put in place.
        let slow =
            format!("setAt(0, {x} % 16, 0, 'red'); for (let i = 0; i < 3e6; i++) Math.abs(i); 1");
        let params = json!({"script": slow, "on_conflict": on_conflict});
        let call =
            json!({"jsonrpc": "2.0", "id": 1, "method": "goxel.execute_script", "params": params});
        client.send(format!("{call}\n"));
        wait_for("the script runs", || other.call("goxel.jobs", json!({}))["count"] == 1);
        other.call("goxel.add_voxel", json!([x, 0, 0, "blue"]));
        let answer = client.receive();
        match expected {
            0 => assert_eq!(answer["result"]["success"], true, "{answer}"),
            code => assert_eq!(answer["error"]["code"], code, "{on_conflict} {x}: {answer}"),
        }
    }
    assert_eq!(value(&mut client, "measure({}).voxel_count"), 4);
    let params = json!({"script": "1", "expected_revision": 99});
    assert_eq!(client.ask("goxel.execute_script", params)["error"]["code"], 1003);
}

#[test]
fn a_script_is_cancelled_and_gone_when_its_caller_says_so_or_leaves() {
    let daemon = Daemon::start();
    let mut other = daemon.connect();
    let mut client = daemon.connect();
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "goxel.execute_script", "params": {"script": "while (true) {}"}});
    client.send(format!("{call}\n"));
    wait_for("the script runs", || other.call("goxel.jobs", json!({}))["count"] == 1);
    client.send("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":7}}\n");
    assert_eq!(client.receive()["error"]["code"], -32800);
    client.send(format!("{call}\n"));
    wait_for("the script runs", || other.call("goxel.jobs", json!({}))["count"] == 1);
    drop(client);
    wait_for("the script is gone", || other.call("goxel.jobs", json!({}))["count"] == 0);
    wait_for("its process is gone", || children(&daemon) <= 1);
}

#[test]
fn a_hundred_scripts_in_a_row_leave_nothing_behind() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    for _ in 0..20 {
        value(&mut client, "sphere({center: [0, 0, 0], radius: 5, color: 'red'}).op");
    }
    wait_for("only the spare one is left", || children(&daemon) <= 1);
    let (descriptors, memory) = (daemon.descriptors_at_rest(), daemon.resident_kib());
    for _ in 0..80 {
        value(&mut client, "sphere({center: [0, 0, 0], radius: 5, color: 'red'}).op");
    }
    wait_for("only the spare one is left", || children(&daemon) <= 1);
    assert_eq!(daemon.descriptors_at_rest(), descriptors);
    assert!(
        daemon.resident_kib() < memory + 2048,
        "{} KiB, before {memory}",
        daemon.resident_kib()
    );
}

#[test]
fn more_scripts_than_may_run_at_once_wait_for_each_other() {
    let daemon = Daemon::start_with(&["--max-scripts", "2"]);
    let mut clients: Vec<Client> = (0..8).map(|_| daemon.connect()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        let script = format!("for (let i = 0; i < 2e5; i++) Math.abs(i); {index}");
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "goxel.execute_script", "params": {"script": script}});
        client.send(format!("{call}\n"));
    }
    let scripts = daemon.connect().call("goxel.health", json!({}))["scripts"].clone();
    assert!(scripts["running"].as_u64() <= Some(2), "{scripts}");
    for (index, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.receive()["result"]["result"], index);
    }
}

fn blocks_read(client: &mut Client) -> u64 {
    client.call("goxel.health", json!([]))["scripts"]["blocks_read"].as_u64().unwrap()
}

#[test]
fn a_script_reads_the_blocks_that_it_needs_and_what_it_did_not_read_stays() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    // 32,768 blocks.
    let whole = json!({"op": "box", "min": [0, 0, 0], "max": [511, 511, 511], "color": "red"});
    client.call("goxel.edit", json!({"operations": [whole]}));
    let before = blocks_read(&mut client);
    let script = "const layer = goxel.image.activeLayer
        setAt(300, 300, 300, 'blue')
        layer.volume.setAt([300, 300, 301], null)
        const glass = goxel.image.addLayer('Glass')
        glass.volume.setAt(0, 0, 0, 'white')
        layer.name = 'Red'
        layer.activate()
        sphere({center: [100, 100, 100], radius: 5, color: 'green'});
        [getAt(300, 300, 300), getAt(300, 300, 301), getAt(5000, 0, 0), layer.name]";
    assert_eq!(value(&mut client, script), json!([[0, 0, 255, 255], null, null, "Red"]));
    let read = blocks_read(&mut client) - before;
    assert!((1..=512).contains(&read), "{read} blocks of 32,768");
    let counted = client.call("goxel.list_layers", json!([]));
    let counts: Vec<_> =
        counted["layers"].as_array().unwrap().iter().map(|layer| &layer["voxel_count"]).collect();
    assert_eq!(counts, [&json!(512 * 512 * 512 - 1), &json!(1)]);

    // Whoever asks for everything gets everything.
    let count = "goxel.image.activeLayer.count + goxel.image.layers.length";
    assert_eq!(value(&mut client, count), 512 * 512 * 512 - 1 + 2);
    assert!(blocks_read(&mut client) - before > 32_000);
}

#[test]
fn what_a_script_did_is_the_same_whether_the_layer_came_at_once_or_by_blocks() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let script = "const volume = goxel.image.activeLayer.volume
        for (let step = 0; step < 400; step++) {
          const [x, y, z] = [0, 0, 0].map(() => Math.floor(Math.random() * 120))
          if (step % 5 === 0) volume.setAt(x, y, z, null)
          else if (step % 7 === 0) box({min: [x, y, z], max: [x + 20, y + 2, z + 2], mode: 'subtract'})
          else if (getAt(x, y, z)) setAt(x, y, z, [step % 256, 1, 2])
          else setAt(x, y, z, 'white')
        }
        if (params) volume.iter((at, color) => { if (at.x === 7) volume.setAt(at, 'black') })
        goxel.image.layers.map((layer) => layer.name).join()";
    let dots = json!({"operations": [
        {"op": "box", "min": [0, 0, 0], "max": [119, 119, 40], "color": "red"},
        {"op": "box", "min": [0, 0, 100], "max": [79, 119, 100], "color": "gold"},
    ]});
    client.call("goxel.edit", dots);
    for whole in [json!(null), json!(true)] {
        let mut seen = Vec::new();
        for first in ["", "goxel.image.activeLayer.count;"] {
            let script = format!("{first}{script}");
            let call = json!({"script": script, "seed": 3, "params": whole, "timeout_ms": 300_000});
            let answer = client.call("goxel.execute_script", call);
            assert_eq!(answer["success"], true, "{answer}");
            let colors = client.call("goxel.get_color_histogram", json!([]));
            seen.push((answer["changed"].clone(), answer["box"].clone(), colors));
            client.call("goxel.undo", json!([]));
        }
        assert_eq!(seen[0], seen[1]);
    }
}

#[test]
fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let params = json!({"script": "box({min: [0, 0, 0], max: [1, 1, 1], color: 'red'}); 1", "dry_run": true});
    let answer = client.call("goxel.execute_script", params);
    assert_eq!((&answer["changed"], &answer["revision"]), (&json!(8), &json!(0)), "{answer}");
    assert_eq!(value(&mut client, "measure({}).voxel_count"), 0);
}

#[test]
fn health_tells_what_is_in_force_where_scripts_run() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let before = client.call("goxel.health", json!({}))["scripts"].clone();
    value(&mut client, "1");
    let after = client.call("goxel.health", json!({}))["scripts"].clone();
    for name in ["no_new_privs", "seccomp", "landlock"] {
        assert_eq!(before[name], after[name], "{before} {after}");
    }
    if cfg!(target_os = "linux") {
        assert_eq!(after["no_new_privs"], true);
    }
}

#[test]
fn scripts_that_are_switched_off_answer_that_they_are() {
    let daemon = Daemon::start_with(&["--no-scripts"]);
    let mut client = daemon.connect();
    let methods = ["goxel.execute_script", "goxel.list_scripts", "goxel.get_script"];
    for method in methods {
        let answer = client.ask(method, json!({"script": "1", "name": "terrain"}));
        assert!(
            matches!(answer["error"]["code"].as_i64(), Some(1005 | -32602)),
            "{method}: {answer}"
        );
    }
    assert_eq!(client.ask("goxel.execute_script", json!({"script": "1"}))["error"]["code"], 1005);
    assert!(client.call("goxel.health", json!({}))["scripts"].is_null());
}

#[test]
fn scripts_are_kept_by_name_and_run_by_it() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("kept");
    let daemon = Daemon::start_with(&["--script-dir", directory.to_str().unwrap()]);
    let mut client = daemon.connect();
    let script =
        "/** Tells twice a number.\n * @param {number} [n=1] - the number\n */\nparams.n * 2";
    let saved = client.call("goxel.save_script", json!({"name": "twice", "script": script}));
    assert_eq!(saved["description"], "Tells twice a number.", "{saved}");
    assert_eq!(saved["params"][0]["default"], "1");
    let again = client.ask("goxel.save_script", json!({"name": "twice", "script": "1"}));
    assert_eq!(again["error"]["code"], -32602, "{again}");
    let run = client.call("goxel.execute_script", json!({"name": "twice", "params": {"n": 21}}));
    assert_eq!(run["result"], 42, "{run}");
    let list = client.call("goxel.list_scripts", json!({}));
    let names: Vec<&str> =
        list["scripts"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert!(
        names.contains(&"twice") && names.contains(&"terrain") && names.len() == 11,
        "{names:?}"
    );
    assert_eq!(client.call("goxel.get_script", json!({"name": "twice"}))["script"], script);
    client.call("goxel.delete_script", json!({"name": "twice"}));
    assert_eq!(client.ask("goxel.get_script", json!({"name": "twice"}))["error"]["code"], -32602);
    assert_eq!(
        client.ask("goxel.delete_script", json!({"name": "terrain"}))["error"]["code"],
        -32602
    );
    for name in ["../x", "A", "", "a/b", "a.js"] {
        let answer = client.ask("goxel.save_script", json!({"name": name, "script": "1"}));
        assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
    }
}

#[test]
fn a_script_may_come_from_a_file() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let path = daemon.directory().join("a.js");
    std::fs::write(&path, "throw new Error('no')").unwrap();
    let answer = client.call("goxel.execute_script", json!({"path": path}));
    assert_eq!(answer["error"]["file"], "a.js", "{answer}");
    let missing = Path::new("/nowhere/b.js");
    let answer = client.ask("goxel.execute_script", json!({"path": missing}));
    assert_eq!(answer["error"]["code"], -1002, "{answer}");
}

#[test]
fn an_error_tells_nothing_of_a_file_that_does_not_look_like_a_script() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let path = daemon.directory().join("secret.txt");
    for content in ["hunter2 is = the password", "hunter2", "let x; hunter2()", "throw 'hunter2'"] {
        std::fs::write(&path, content).unwrap();
        let answer = client.ask("goxel.execute_script", json!({"path": path})).to_string();
        assert!(!answer.contains("hunter2"), "{answer}");
        assert!(answer.contains("does not end in .js"), "{answer}");
    }
    std::fs::write(&path, "while (true) 'hunter2'").unwrap();
    let params = json!({"path": path, "timeout_ms": 100});
    let answer = client.ask("goxel.execute_script", params).to_string();
    assert!(answer.contains("timeout") && !answer.contains("hunter2"), "{answer}");
    std::fs::write(&path, "box({min: [0, 0, 0], max: [1, 1, 1], color: 'red'}).changed").unwrap();
    assert_eq!(client.call("goxel.execute_script", json!({"path": path}))["result"], 8);
}

#[test]
fn hashes_of_the_scripts_that_come_with_us_stay() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let mut seen = Vec::new();
    for (name, prepare) in [
        ("terrain", ""),
        ("scatter", "box({min: [-8, -8, 0], max: [8, 8, 2], color: 'green'})"),
        ("tree", ""),
        ("house", ""),
        ("cave", ""),
        ("erosion", "cone({min: [-12, -12, 0], max: [12, 12, 16], axis: 'z', color: 'gray'})"),
        ("text", ""),
        (
            "dither",
            "sphere({center: [0, 0, 0], radius: 8, color: '#8899aa'}); noise({amount: 0.3, seed: 3})",
        ),
        ("hollow", "sphere({center: [0, 0, 10], radius: 9, color: 'white'})"),
        ("symmetry", "box({min: [0, 0, 0], max: [5, 3, 3], color: 'red'}); setAt(0, 0, 9, 'red')"),
    ] {
        let project = json!({"name": name});
        client.call("goxel.open_project", project);
        let call = |client: &mut Client, params: Value| {
            let answer = client.call("goxel.execute_script", params);
            assert_eq!(answer["success"], true, "{name}: {answer}");
            answer
        };
        call(&mut client, json!({"script": prepare, "project": name}));
        let answer = call(&mut client, json!({"name": name, "project": name}));
        let hash = "
            let hash = 0, count = 0
            goxel.image.getLayersVolume().iter((at, color) => {
                count++
                for (const part of [...at, ...color]) hash = (Math.imul(hash, 31) + part) | 0
            })
            ;[count, hash >>> 0]";
        let hash = call(&mut client, json!({"script": hash, "project": name}))["result"].clone();
        seen.push(json!([name, answer["result"], hash]));
    }
    let golden: Value = serde_json::from_str(include_str!("scripts_golden.json")).unwrap();
    assert_eq!(Value::from(seen.clone()), golden, "{}", Value::from(seen));
}

#[test]
fn every_script_that_comes_with_us_has_a_picture_in_the_guide() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let page = std::fs::read_to_string(guide.join("scripts.md")).unwrap();
    let ours: Value = serde_json::from_str(include_str!("scripts_golden.json")).unwrap();
    for name in ours.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()) {
        let picture = format!("scripts-{name}.png");
        assert!(page.contains(&format!("]({picture}) | `{name}")), "{name}");
        let bytes = std::fs::read(guide.join(&picture)).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{picture}");
    }
}

#[test]
fn every_example_of_the_guide_does_what_it_says() {
    let daemon = Daemon::start();
    let mut client = daemon.connect();
    let guide = include_str!("../../src/guide/scripts.md");
    let mut examples = 0;
    for block in guide.split("```javascript\n").skip(1) {
        let script = block.split("```").next().unwrap();
        let expected = script.lines().last().and_then(|line| line.strip_prefix("// -> ")).unwrap();
        client.call("goxel.create_project", json!(["example"]));
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(value(&mut client, script), expected, "{script}");
        examples += 1;
    }
    assert_eq!(examples, 10);
}
