//! `voxel_script`: a script in JavaScript. It is offered only where whoever started the server
//! allowed it.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, box_text, counted, quoted};
use super::desk::Desk;
use super::look::{self, Looking};
use super::teach;
use super::tools::count;
use crate::mcp::CallFault;

/// Pixels of a sheet that comes with the answer.
const PICTURE: u32 = 384;
/// Characters of output and of a result that a model is shown.
const MOST_SHOWN: usize = 4000;

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let (script, name) = (desk.args.text("script")?, desk.args.text("name")?);
    let given = desk.args.has("params");
    let params = desk.args.object("params")?;
    let dry_run = desk.args.flag("dry_run")?;
    let seed = desk.args.whole("seed")?;
    let views = desk.args.words("look")?;
    if script.is_some() == name.is_some() {
        let what = "give one of script and name".to_owned();
        let rule = "script is JavaScript, name a saved script".to_owned();
        return Err(desk.args.wrong("script", what, rule).into());
    }
    let params = Desk::params(&[
        ("script", script.map(Value::from)),
        ("name", name.map(Value::from)),
        ("params", given.then_some(Value::Object(params))),
        ("dry_run", dry_run.then_some(json!(true))),
        ("seed", seed.map(Value::from)),
    ]);
    let result = match desk.ask("goxel.execute_script", params).await {
        Ok(result) => result,
        Err(fault) if fault.data["known"].is_array() && fault.data["param"] == "name" => {
            return Err(no_script(desk, &fault));
        }
        Err(fault) => return Err(teach::refusal(desk, &fault).await),
    };
    let mut answer = Answer::of(outcome(&result, dry_run));
    if result["success"] != true {
        answer.fail();
    }
    for (what, text) in [("result", &result["result"]), ("output", &result["output"])] {
        let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
        if !text.is_empty() && text != "null" {
            answer.say(format!("{what}: {}", cut(&text)));
        }
    }
    for warning in result["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        answer.say(format!("warning: {warning}"));
    }
    if result["success"] == true && !views.is_empty() && !dry_run {
        let looking = Looking { views, size: PICTURE, ..Looking::default() };
        match look::draw(desk, looking).await {
            Ok(picture) => picture.put_into(&mut answer),
            Err(Refusal(reason)) => answer.say(format!("only the picture failed: {reason}")),
        }
    }
    Ok(answer)
}

/// There is no saved script of the name that was given.
fn no_script(desk: &Desk, fault: &CallFault) -> Refusal {
    let data = &fault.data;
    let names = data["known"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let names = names.collect::<Vec<_>>().join(", ");
    let name = quoted(data["got"].as_str().unwrap_or_default());
    let what = match data["nearest"].as_str() {
        Some(near) => format!("there is no script {name}; did you mean \"{near}\"?"),
        None => format!("there is no script {name}"),
    };
    desk.args.wrong("name", what, format!("one of {names}")).into()
}

fn outcome(result: &Value, dry_run: bool) -> String {
    if result["success"] != true {
        let error = &result["error"];
        return format!(
            "the script failed, nothing was changed: {} (line {}: {})",
            error["message"].as_str().unwrap_or_default(),
            error["line"],
            error["text"].as_str().unwrap_or_default().trim()
        );
    }
    let (changed, revision) = (counted(count(result, "changed"), "voxel"), &result["revision"]);
    let place = if result["box"].is_object() {
        format!(" within {}", box_text(&result["box"]))
    } else {
        String::new()
    };
    let would = if dry_run { "dry run: would be " } else { "" };
    format!("{would}{changed} changed{place}; revision {revision}")
}

/// The contract of the tool: what a script finds, and the saved ones with what they take.
pub async fn contract(desk: &Desk) -> Result<String, Refusal> {
    let list = desk.call_plain("goxel.list_scripts", json!({})).await?;
    let mut text = format!("{}\nSaved scripts:", CONTRACT);
    for script in list["scripts"].as_array().into_iter().flatten() {
        let word = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let one = |param: &Value| match param["default"].as_str() {
            Some(default) if !default.is_empty() => format!("{}={default}", word(param, "name")),
            _ => word(param, "name"),
        };
        let params: Vec<String> =
            script["params"].as_array().into_iter().flatten().map(one).collect();
        let (name, about) = (word(script, "name"), word(script, "description"));
        text.push_str(&format!("\n  {name}({}): {}", params.join(", "), cut(&about)));
    }
    Ok(text)
}

const CONTRACT: &str = "voxel_script runs JavaScript (ES2023) on a copy of the model: one undo step, or nothing if it throws. \
    setAt(x,y,z,color), getAt(x,y,z) (null if empty); every operation of voxel_edit as a function: \
    box({min:[0,0,0],max:[7,7,3],color:'red'}); goxel.image (layers, addLayer, activeLayer.volume.iter), \
    fbm(x,y,z,{seed}), noise.value, measure({}), params, console.log. The last expression is the result. \
    name runs a saved script with params. seed is that of Math.random; dry_run only tells what would change; look \
    draws views into the answer.\n\
    Example: {\"script\":\"for (let x = 0; x < 8; x++) setAt(x, 0, x, 'red')\"}\n\
    Example: {\"name\":\"tree\",\"params\":{\"height\":24}}";

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => {
            format!("{}... ({} in all)", &text[..end], counted(text.len() as u64, "byte"))
        }
        None => text.to_owned(),
    }
}
