//! Random sequences of calls against a naive model: a hash map of voxels for each layer, whole
//! copies for the history. `GOXEL_MODEL_SEQUENCES` sets how many sequences are tried;
//! `make test-model` tries 100,000.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::support::service::Daemon;
use proptest::prelude::*;
use serde_json::{Value, json};

type At = [i32; 3];
type Color = [u8; 4];
type Voxels = HashMap<At, Color>;

/// One step of a sequence. Coordinates are few, so that steps meet; they lie on both sides of block
/// edges.
#[derive(Clone, Debug)]
enum Act {
    Add(At, Color),
    Remove(At),
    Paint(At, Color),
    AddMany(Vec<(At, Color)>),
    Box(At, At, Color, &'static str, bool),
    Sphere(At, i32, Color),
    Clear(Option<(At, At)>),
    Copy(At, At, At),
    Move(At, At, At),
    Mirror(usize, i32, bool),
    Rotate(usize, i32),
    Replace(Color, Color),
    Fill(At, Color),
    Hollow,
    Noise(u32),
    BadEdit(At),
    CreateLayer,
    DeleteLayer(i32),
    MergeLayers(i32, i32),
    SetActive(i32),
    Undo(usize),
    Redo(usize),
    GoTo(usize),
    CreateProject,
    Switch(usize),
    CopyFrom(usize, At, At),
}

fn coordinate() -> impl Strategy<Value = i32> {
    prop_oneof![3 => -3..4, 1 => 14..18]
}

fn at() -> impl Strategy<Value = At> {
    [coordinate(), coordinate(), coordinate()]
}

fn color() -> impl Strategy<Value = Color> {
    prop_oneof![Just([255, 0, 0, 255]), Just([0, 255, 0, 255]), Just([0, 0, 255, 255])]
}

fn act() -> impl Strategy<Value = Act> {
    let mode = prop_oneof![
        Just("add"),
        Just("subtract"),
        Just("paint"),
        Just("intersect"),
        Just("replace")
    ];
    prop_oneof![
        4 => (at(), color()).prop_map(|(at, color)| Act::Add(at, color)),
        2 => at().prop_map(Act::Remove),
        1 => (at(), color()).prop_map(|(at, color)| Act::Paint(at, color)),
        1 => prop::collection::vec((at(), color()), 1..6).prop_map(Act::AddMany),
        3 => (at(), at(), color(), mode, any::<bool>())
            .prop_map(|(a, b, color, mode, dry)| Act::Box(a, b, color, mode, dry)),
        1 => (at(), 0..3, color()).prop_map(|(at, r, color)| Act::Sphere(at, r, color)),
        1 => prop::option::of((at(), at())).prop_map(Act::Clear),
        1 => (at(), at(), at()).prop_map(|(a, b, to)| Act::Copy(a, b, to)),
        1 => (at(), at(), at()).prop_map(|(a, b, to)| Act::Move(a, b, to)),
        1 => (0..3usize, -4..5, any::<bool>()).prop_map(|(axis, at, both)| Act::Mirror(axis, at, both)),
        1 => (0..3usize, -1..4).prop_map(|(axis, turns)| Act::Rotate(axis, turns)),
        1 => (color(), color()).prop_map(|(from, to)| Act::Replace(from, to)),
        1 => (at(), color()).prop_map(|(at, color)| Act::Fill(at, color)),
        1 => Just(Act::Hollow),
        1 => any::<u32>().prop_map(Act::Noise),
        1 => at().prop_map(Act::BadEdit),
        1 => Just(Act::CreateLayer),
        1 => (1..4).prop_map(Act::DeleteLayer),
        1 => (1..4, 1..4).prop_map(|(from, into)| Act::MergeLayers(from, into)),
        1 => (1..4).prop_map(Act::SetActive),
        3 => (1..4usize).prop_map(Act::Undo),
        2 => (1..4usize).prop_map(Act::Redo),
        1 => (0..12usize).prop_map(Act::GoTo),
        1 => Just(Act::CreateProject),
        1 => (0..2usize).prop_map(Act::Switch),
        1 => (0..2usize, at(), at()).prop_map(|(from, a, b)| Act::CopyFrom(from, a, b)),
    ]
}

/// A document: layers by id, in the order of their making.
#[derive(Clone, PartialEq, Debug)]
struct Scene {
    layers: Vec<(i32, Voxels)>,
    active: i32,
}

impl Scene {
    fn new() -> Self {
        Scene { layers: vec![(1, Voxels::new())], active: 1 }
    }

    fn layer(&mut self, id: i32) -> Option<&mut Voxels> {
        self.layers.iter_mut().find(|(other, _)| *other == id).map(|(_, voxels)| voxels)
    }

    fn voxels(&mut self) -> &mut Voxels {
        let active = self.active;
        self.layer(active).expect("the active layer exists")
    }

    fn free_id(&self) -> i32 {
        (1..).find(|id| self.layers.iter().all(|(other, _)| other != id)).expect("a free id")
    }

    fn remove(&mut self, id: i32) -> Voxels {
        let index = self.layers.iter().position(|(other, _)| *other == id).expect("a layer");
        let (_, voxels) = self.layers.remove(index);
        if self.layers.is_empty() {
            self.layers.push((1, Voxels::new()));
        }
        if self.active == id {
            self.active = self.layers[self.layers.len() - 1].0;
        }
        voxels
    }
}

struct Model {
    states: Vec<Scene>,
    position: usize,
    revision: u64,
}

impl Model {
    fn new() -> Self {
        Model { states: vec![Scene::new()], position: 0, revision: 0 }
    }

    fn now(&self) -> &Scene {
        &self.states[self.position]
    }

    /// A new state; voxel edits that change nothing leave none.
    fn commit(&mut self, scene: Scene, always: bool) {
        if !always && scene == *self.now() {
            return;
        }
        self.states.truncate(self.position + 1);
        self.states.push(scene);
        self.position += 1;
        self.revision += 1;
    }

    fn go_to(&mut self, position: usize) {
        if position != self.position {
            self.position = position;
            self.revision += 1;
        }
    }
}

fn sorted(a: At, b: At) -> (At, At) {
    let pick = |f: fn(i32, i32) -> i32| std::array::from_fn(|i| f(a[i], b[i]));
    (pick(i32::min), pick(i32::max))
}

fn inside(at: At, (low, high): (At, At)) -> bool {
    (0..3).all(|i| low[i] <= at[i] && at[i] <= high[i])
}

fn cells((low, high): (At, At)) -> Vec<At> {
    let mut cells = Vec::new();
    for z in low[2]..=high[2] {
        for y in low[1]..=high[1] {
            cells.extend((low[0]..=high[0]).map(|x| [x, y, z]));
        }
    }
    cells
}

/// All colours are opaque, so the modes are simple.
fn combine(voxels: &mut Voxels, shape: &HashSet<At>, color: Color, mode: &str) {
    match mode {
        "add" | "replace" => voxels.extend(shape.iter().map(|&at| (at, color))),
        "subtract" => voxels.retain(|at, _| !shape.contains(at)),
        "paint" => {
            voxels.iter_mut().filter(|(at, _)| shape.contains(*at)).for_each(|(_, c)| *c = color)
        }
        _ => voxels.retain(|at, _| shape.contains(at)),
    }
}

fn part(voxels: &Voxels, bounds: (At, At)) -> Voxels {
    voxels.iter().filter(|(at, _)| inside(**at, bounds)).map(|(at, color)| (*at, *color)).collect()
}

fn moved(part: &Voxels, by: impl Fn(At) -> At) -> Voxels {
    part.iter().map(|(at, color)| (by(*at), *color)).collect()
}

fn rotated(at: At, axis: usize) -> At {
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut to = at;
    (to[u], to[v]) = (-at[v], at[u]);
    to
}

/// The room in which fills are tried.
const ROOM: (At, At) = ([-4, -4, -4], [5, 5, 5]);

fn fill(voxels: &mut Voxels, at: At, color: Color) {
    let start = voxels.get(&at).copied();
    let (mut waiting, mut region) = (vec![at], HashSet::new());
    while let Some(at) = waiting.pop() {
        if !inside(at, ROOM) || voxels.get(&at).copied() != start || !region.insert(at) {
            continue;
        }
        for axis in 0..3 {
            for step in [-1, 1] {
                let mut beside = at;
                beside[axis] += step;
                waiting.push(beside);
            }
        }
    }
    voxels.extend(region.into_iter().map(|at| (at, color)));
}

const AXES: [&str; 3] = ["x", "y", "z"];
const PROJECTS: [&str; 2] = ["default", "other"];

/// The daemon and the model, side by side.
struct Bench {
    daemon: Daemon,
    models: BTreeMap<&'static str, Model>,
    project: &'static str,
}

impl Bench {
    fn new() -> Self {
        let mut daemon = Daemon::default();
        daemon.call("goxel.open_project", json!(["other"]));
        let models = PROJECTS.map(|name| (name, Model::new())).into();
        Bench { daemon, models, project: PROJECTS[0] }
    }

    fn model(&mut self) -> &mut Model {
        self.models.get_mut(self.project).expect("a model")
    }

    fn reply(&mut self, method: &str, mut params: Value) -> Value {
        params["project"] = json!(self.project);
        self.daemon.reply(method, params)
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.reply(method, params.clone());
        assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
        answer["result"].clone()
    }

    /// One operation, and what it should do to the active layer.
    fn edit(&mut self, operation: Value, change: impl FnOnce(&mut Voxels)) {
        self.call("goxel.edit", json!({"operations": [operation]}));
        self.change(change);
    }

    fn change(&mut self, change: impl FnOnce(&mut Voxels)) {
        let mut scene = self.model().now().clone();
        change(scene.voxels());
        self.model().commit(scene, false);
    }

    fn act(&mut self, act: &Act) {
        match act.clone() {
            Act::Add(at, color) => {
                self.call("goxel.add_voxel", json!({"position": at, "color": color}));
                self.change(|voxels| {
                    voxels.insert(at, color);
                });
            }
            Act::Remove(at) => {
                let result = self.call("goxel.remove_voxel", json!({"position": at}));
                let there = self.model().now().clone().voxels().contains_key(&at);
                assert_eq!(result["removed"], there);
                self.change(|voxels| {
                    voxels.remove(&at);
                });
            }
            Act::Paint(at, color) => {
                let there = self.model().now().clone().voxels().contains_key(&at);
                let answer =
                    self.reply("goxel.paint_voxels", json!({"position": at, "color": color}));
                assert_eq!(answer.get("result").is_some(), there, "{answer}");
                if there {
                    self.change(|voxels| {
                        voxels.insert(at, color);
                    });
                }
            }
            Act::AddMany(list) => {
                let entries: Vec<_> = list
                    .iter()
                    .map(|(at, color)| json!({"position": at, "color": color}))
                    .collect();
                self.call("add_voxels", json!({"voxels": entries}));
                self.change(|voxels| voxels.extend(list));
            }
            Act::Box(a, b, color, mode, true) => {
                let operation =
                    json!({"op": "box", "min": a, "max": b, "color": color, "mode": mode});
                let result =
                    self.call("goxel.edit", json!({"operations": [operation], "dry_run": true}));
                let mut scene = self.model().now().clone();
                let before = scene.voxels().clone();
                let shape = cells(sorted(a, b)).into_iter().collect();
                combine(scene.voxels(), &shape, color, mode);
                let after = scene.voxels();
                let all: HashSet<_> = before.keys().chain(after.keys()).collect();
                let changed =
                    all.into_iter().filter(|at| before.get(*at) != after.get(*at)).count();
                assert_eq!(result["changed"], changed);
            }
            Act::Box(a, b, color, mode, false) => {
                let operation =
                    json!({"op": "box", "min": a, "max": b, "color": color, "mode": mode});
                let shape = cells(sorted(a, b)).into_iter().collect();
                self.edit(operation, |voxels| combine(voxels, &shape, color, mode));
            }
            Act::Sphere(at, r, color) => {
                let operation = json!({"op": "sphere", "center": at, "radius": r, "color": color});
                let bounds = (at.map(|value| value - r), at.map(|value| value + r));
                let near = |p: &At| {
                    let square: i32 = (0..3).map(|i| (p[i] - at[i]).pow(2)).sum();
                    // A ball reaches half a voxel farther than its radius.
                    4 * square <= (2 * r + 1).pow(2)
                };
                let shape = cells(bounds).into_iter().filter(near).collect();
                self.edit(operation, |voxels| combine(voxels, &shape, color, "add"));
            }
            Act::Clear(bounds) => {
                let operation = match bounds {
                    Some((a, b)) => json!({"op": "clear", "min": a, "max": b}),
                    None => json!({"op": "clear"}),
                };
                self.edit(operation, |voxels| match bounds {
                    Some((a, b)) => voxels.retain(|at, _| !inside(*at, sorted(a, b))),
                    None => voxels.clear(),
                });
            }
            Act::Copy(a, b, to) | Act::Move(a, b, to) => {
                let op = if matches!(act, Act::Move(..)) { "move" } else { "copy" };
                let bounds = sorted(a, b);
                let operation = json!({"op": op, "min": a, "max": b, "to": to});
                self.edit(operation, |voxels| {
                    let taken = part(voxels, bounds);
                    if op == "move" {
                        voxels.retain(|at, _| !inside(*at, bounds));
                    }
                    let by = |at: At| std::array::from_fn(|i| at[i] - bounds.0[i] + to[i]);
                    voxels.extend(moved(&taken, by));
                });
            }
            Act::Mirror(axis, plane, both) => {
                let at = f64::from(plane) / 2.0;
                let operation = json!({"op": "mirror", "axis": AXES[axis], "at": at, "both": both});
                self.edit(operation, |voxels| {
                    let image = moved(voxels, |mut at| {
                        at[axis] = plane - at[axis];
                        at
                    });
                    if !both {
                        voxels.clear();
                    }
                    voxels.extend(image);
                });
            }
            Act::Rotate(axis, turns) => {
                let operation = json!({"op": "rotate", "axis": AXES[axis], "turns": turns, "center": [0, 0, 0]});
                self.edit(operation, |voxels| {
                    for _ in 0..turns.rem_euclid(4) {
                        *voxels = moved(voxels, |at| rotated(at, axis));
                    }
                });
            }
            Act::Replace(from, to) => {
                let operation = json!({"op": "replace_color", "from": from, "to": to});
                self.edit(operation, |voxels| {
                    voxels
                        .values_mut()
                        .filter(|color| **color == from)
                        .for_each(|color| *color = to);
                });
            }
            Act::Fill(at, color) => {
                let at = at.map(|value| value.clamp(-4, 5));
                let operation = json!({"op": "fill", "at": at, "color": color, "within": ROOM});
                self.edit(operation, |voxels| fill(voxels, at, color));
            }
            Act::Hollow => self.edit(json!({"op": "hollow"}), |voxels| {
                let before = voxels.clone();
                voxels.retain(|at, _| {
                    !(0..6).all(|side| {
                        let mut beside = *at;
                        beside[side / 2] += if side % 2 == 0 { 1 } else { -1 };
                        before.contains_key(&beside)
                    })
                });
            }),
            Act::Noise(seed) => {
                // Chance is the daemon's own: what it made is taken over, but only colours may
                // differ.
                self.call("goxel.edit", json!({"operations": [{"op": "noise", "seed": seed}]}));
                let active = self.model().now().active;
                let made = self.layer_of_daemon(active);
                let before: HashSet<_> =
                    self.model().now().clone().voxels().keys().copied().collect();
                assert_eq!(before, made.keys().copied().collect());
                self.change(|voxels| *voxels = made);
            }
            Act::BadEdit(at) => {
                let operations = json!([
                    {"op": "box", "min": at, "max": at, "color": "white"},
                    {"op": "clear"},
                    {"op": "combine", "source": 99},
                ]);
                let answer = self.reply("goxel.edit", json!({"operations": operations}));
                assert_eq!(answer["error"]["data"]["operation"], 2, "{answer}");
            }
            Act::CreateLayer => {
                let id = self.model().now().free_id();
                let result = self.call("goxel.create_layer", json!({}));
                assert_eq!(result["id"], id);
                let mut scene = self.model().now().clone();
                scene.layers.push((id, Voxels::new()));
                scene.active = id;
                self.model().commit(scene, true);
            }
            Act::DeleteLayer(id) => {
                let mut scene = self.model().now().clone();
                let known = scene.layer(id).is_some();
                let answer = self.reply("goxel.delete_layer", json!({"layer_id": id}));
                assert_eq!(answer.get("result").is_some(), known, "{answer}");
                if known {
                    scene.remove(id);
                    self.model().commit(scene, true);
                }
            }
            Act::MergeLayers(from, into) => {
                let mut scene = self.model().now().clone();
                let known =
                    from != into && scene.layer(from).is_some() && scene.layer(into).is_some();
                let params = json!({"source_layer_id": from, "target_layer_id": into});
                let answer = self.reply("goxel.merge_layers", params);
                assert_eq!(answer.get("result").is_some(), known, "{answer}");
                if known {
                    let source = scene.remove(from);
                    scene.layer(into).expect("a layer").extend(source);
                    self.model().commit(scene, true);
                }
            }
            Act::SetActive(id) => {
                let mut scene = self.model().now().clone();
                let known = scene.layer(id).is_some();
                let answer = self.reply("goxel.set_active_layer", json!({"layer_id": id}));
                assert_eq!(answer.get("result").is_some(), known, "{answer}");
                if known {
                    scene.active = id;
                    self.model().commit(scene, false);
                }
            }
            Act::Undo(steps) => {
                self.call("goxel.undo", json!({"steps": steps}));
                let position = self.model().position.saturating_sub(steps);
                self.model().go_to(position);
            }
            Act::Redo(steps) => {
                self.call("goxel.redo", json!({"steps": steps}));
                let position = (self.model().position + steps).min(self.model().states.len() - 1);
                self.model().go_to(position);
            }
            Act::GoTo(position) => {
                let known = position < self.model().states.len();
                let answer = self.reply("goxel.go_to", json!({"position": position}));
                assert_eq!(answer.get("result").is_some(), known, "{answer}");
                if known {
                    self.model().go_to(position);
                }
            }
            Act::CreateProject => {
                self.call("goxel.create_project", json!({"name": "New"}));
                self.model().commit(Scene::new(), true);
            }
            Act::Switch(index) => self.project = PROJECTS[index],
            Act::CopyFrom(index, a, b) => {
                let from = PROJECTS[index];
                let mut source = self.models[from].now().clone();
                let taken = part(source.voxels(), sorted(a, b));
                self.call("goxel.copy_region", json!({"from_project": from, "min": a, "max": b}));
                self.change(|voxels| voxels.extend(taken));
            }
        }
        let revision = self.call("goxel.get_status", json!({}))["revision"].clone();
        assert_eq!(revision, self.model().revision, "after {act:?}");
    }

    fn layer_of_daemon(&mut self, id: i32) -> Voxels {
        let page = self.call("goxel.get_layer_voxels", json!({"layer_id": id, "limit": 0}));
        let number = |value: &Value| value.as_i64().expect("a number") as i32;
        let voxels = page["voxels"].as_array().expect("voxels");
        let voxel = |voxel: &Value| {
            let at = ["x", "y", "z"].map(|axis| number(&voxel[axis]));
            (at, std::array::from_fn(|i| number(&voxel["color"][i]) as u8))
        };
        voxels.iter().map(voxel).collect()
    }

    /// Every layer of every project is as the model has it.
    fn compare(&mut self) {
        for name in PROJECTS {
            self.project = name;
            let list = self.call("goxel.list_layers", json!({}));
            let ids: Vec<i32> = list["layers"]
                .as_array()
                .expect("layers")
                .iter()
                .map(|layer| layer["id"].as_i64().expect("an id") as i32)
                .collect();
            let expected = self.model().now().clone();
            assert_eq!(ids, expected.layers.iter().map(|(id, _)| *id).collect::<Vec<_>>());
            assert_eq!(list["active_layer"], expected.active);
            for (id, voxels) in expected.layers {
                assert_eq!(self.layer_of_daemon(id), voxels, "layer {id} of {name}");
            }
        }
    }
}

fn sequences() -> u32 {
    let asked = std::env::var("GOXEL_MODEL_SEQUENCES").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(100)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sequences(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_leaves_what_a_naive_model_has(
        acts in prop::collection::vec(act(), 1..30)
    ) {
        let mut bench = Bench::new();
        for (index, act) in acts.iter().enumerate() {
            bench.act(act);
            if index % 8 == 7 {
                let project = bench.project;
                bench.compare();
                bench.project = project;
            }
        }
        bench.compare();
        // All the way back and forth again.
        for name in PROJECTS {
            bench.project = name;
            bench.act(&Act::GoTo(0));
            bench.compare();
            bench.project = name;
            bench.act(&Act::Redo(1_000));
        }
        bench.compare();
    }
}
