//! Which methods are called, how often, with which params.

use std::fmt;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::context::raw_json;
use super::super::exit::Failure;
use crate::client::{Effect, Framing, effect_of};

/// Random points lie in a box of this side.
const SIDE: u64 = 64;

/// Methods that open, close or name projects, or end the daemon.
const ELSEWHERE: [&str; 5] =
    ["open_project", "close_project", "duplicate_project", "shutdown", "save_project"];

/// Methods with their weights.
#[derive(Debug)]
pub struct Mix {
    entries: Vec<Entry>,
    total: u64,
}

#[derive(Debug)]
struct Entry {
    method: String,
    weight: u64,
    params: Params,
}

#[derive(Debug)]
enum Params {
    None,
    Fixed(Box<RawValue>),
    /// A random point, in a project.
    Point(Option<String>),
    /// A random point and a random colour.
    ColouredPoint(Option<String>),
}

impl Mix {
    /// Reads `METHOD[:WEIGHT],...` and the given params.
    pub fn new(text: &str, params: &[String]) -> Result<Mix, Failure> {
        let mut entries = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (method, weight) = part.rsplit_once(':').unwrap_or((part, "1"));
            let weight = weight.parse().ok().filter(|weight| *weight > 0 && *weight <= 1_000_000);
            let weight = weight.ok_or_else(|| {
                Failure::Usage(format!("{part:?}: the weight must be a number from 1 to 1000000"))
            })?;
            let params = usual_params(method);
            entries.push(Entry { method: method.to_owned(), weight, params });
        }
        if entries.is_empty() {
            return Err(Failure::Usage("the mix names no method".into()));
        }
        for given in params {
            let (method, json) = given.split_once('=').ok_or_else(|| {
                Failure::Usage(format!("{given:?} is not of the form METHOD=JSON"))
            })?;
            let entry =
                entries.iter_mut().find(|entry| entry.method == method).ok_or_else(|| {
                    Failure::Usage(format!("params for {method}, which is not in the mix"))
                })?;
            entry.params =
                Params::Fixed(raw_json(json.to_owned(), &format!("params of {method}"))?);
        }
        let total = entries.iter().map(|entry| entry.weight).sum();
        Ok(Mix { entries, total })
    }

    /// Whether a method of it is none that only reads.
    pub fn changes_something(&self) -> bool {
        self.entries.iter().any(|entry| effect_of(&entry.method) == Effect::Change)
    }

    /// Has all calls about projects act on this one.
    pub fn act_on(&mut self, project: &str) -> Result<(), Failure> {
        for entry in &mut self.entries {
            let name = entry.method.strip_prefix("goxel.").unwrap_or(&entry.method);
            let is_change = effect_of(&entry.method) == Effect::Change;
            if is_change && ELSEWHERE.contains(&name) {
                let text = format!(
                    "{} acts on more than one project, so bench does not call it",
                    entry.method
                );
                return Err(Failure::Usage(text));
            }
            match &mut entry.params {
                Params::Fixed(params) => {
                    let members: Result<Map<String, Value>, _> = serde_json::from_str(params.get());
                    if let Ok(mut members) = members {
                        members.insert("project".into(), project.into());
                        let text = Value::Object(members).to_string();
                        *params = raw_json(text, &format!("params of {}", entry.method))?;
                    } else if is_change {
                        let text = format!(
                            "give the params of {} by name, so that bench can add its project",
                            entry.method
                        );
                        return Err(Failure::Usage(text));
                    }
                }
                Params::None if is_change => {
                    let text = json!({ "project": project }).to_string();
                    entry.params = Params::Fixed(raw_json(text, "the project")?);
                }
                Params::None => {}
                Params::Point(own) | Params::ColouredPoint(own) => *own = Some(project.to_owned()),
            }
        }
        Ok(())
    }

    /// A method and its params.
    pub fn draw(&self, random: &mut Draws) -> (&str, Option<Box<RawValue>>) {
        let mut left = random.below(self.total);
        let chosen = self.entries.iter().find(|entry| {
            let here = left < entry.weight;
            left = left.saturating_sub(entry.weight);
            here
        });
        // The weights add up to the total, so one is always chosen.
        let entry = chosen.unwrap_or(&self.entries[0]);
        (&entry.method, entry.params.make(random))
    }

    /// Bytes as long as a request of the first method.
    pub fn sample(&self, framing: Framing) -> Vec<u8> {
        let entry = &self.entries[0];
        let params = entry.params.make(&mut Draws::new(1));
        let params = params.map_or(String::new(), |params| format!(r#""params":{params},"#));
        let mut bytes =
            format!(r#"{{"jsonrpc":"2.0","method":"{}",{params}"id":100000}}"#, entry.method)
                .into_bytes();
        let extra = if framing == Framing::Binary { 16 } else { 1 };
        bytes.resize(bytes.len() + extra, b'\n');
        bytes
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.entries.iter().map(|entry| format!("{}:{}", entry.method, entry.weight));
        out.write_str(&parts.collect::<Vec<_>>().join(","))
    }
}

fn usual_params(method: &str) -> Params {
    match method.strip_prefix("goxel.").unwrap_or(method) {
        "get_voxel" | "remove_voxel" => Params::Point(None),
        "add_voxel" => Params::ColouredPoint(None),
        _ => Params::None,
    }
}

impl Params {
    fn make(&self, random: &mut Draws) -> Option<Box<RawValue>> {
        let text = match self {
            Params::None => return None,
            Params::Fixed(params) => return Some(params.clone()),
            Params::Point(None) => format!("[{}]", random.point()),
            Params::Point(Some(project)) => {
                format!(r#"{{"position":[{}],"project":"{project}"}}"#, random.point())
            }
            Params::ColouredPoint(project) => {
                let [r, g, b] = [0; 3].map(|_: u8| random.below(256));
                let point = random.point();
                match project {
                    None => format!("[{point},{r},{g},{b},255]"),
                    Some(project) => format!(
                        r#"{{"position":[{point}],"color":[{r},{g},{b},255],"project":"{project}"}}"#
                    ),
                }
            }
        };
        RawValue::from_string(text).ok()
    }
}

/// Random numbers from a seed: the same load for the same seed.
#[derive(Debug)]
pub struct Draws(u64);

impl Draws {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Draws(seed)
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn point(&mut self) -> String {
        let [x, y, z] = [0; 3].map(|_: u8| self.below(SIDE));
        format!("{x},{y},{z}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_drawn_by_their_weights() {
        let mix = Mix::new("ping:1, goxel.add_voxel:3", &[]).unwrap();
        assert_eq!(mix.to_string(), "ping:1,goxel.add_voxel:3");
        let mut random = Draws::new(7);
        let pings = (0..4000).filter(|_| mix.draw(&mut random).0 == "ping").count();
        assert!((800..1200).contains(&pings), "{pings}");
    }

    #[test]
    fn bad_mixes_are_refused() {
        for bad in ["", "ping:0", "ping:x", ","] {
            assert!(Mix::new(bad, &[]).is_err(), "{bad}");
        }
        for bad in ["echo", "other={}", "echo={"] {
            assert!(Mix::new("echo", &[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
