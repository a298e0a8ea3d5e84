//! `voxel_export`: the model as a file of another program.

use std::path::Path;

use super::answer::{Answer, Refusal, counted, quoted};
use super::desk::Desk;
use super::files;
use super::tools::count;

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let given = desk.args.text("path")?.unwrap_or_default();
    let options = desk.args.object("options")?;
    let overwrite = desk.args.flag("overwrite")?;
    for own in ["path", "project", "file_path", "output_path"] {
        if options.contains_key(own) {
            let rule = "path and project are arguments of their own".to_owned();
            return Err(desk.args.wrong("options", format!("it holds \"{own}\""), rule).into());
        }
    }
    let has_format = options.contains_key("format");
    let target = files::target(desk, &given, overwrite)?.with(options);
    let result = desk.call("goxel.export_model", target.export_params()).await?;
    let bytes = count(&result, "bytes");
    let mut answer = Answer::of(format!("wrote {}, {}", quoted(&given), counted(bytes, "byte")));
    target.tell_backup(&mut answer);
    files::tell_warnings(&result, &mut answer);
    if mime_type(target.path()) == "image/png" && !has_format {
        answer.say("a picture: it shows the model and holds no voxels");
    } else if result["lost"].as_array().is_none_or(Vec::is_empty) {
        answer.say("the format holds all of the model");
    }
    let name = target.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let size = (bytes > 0).then_some(bytes);
    answer.link(&file_uri(target.path()), &name, mime_type(target.path()), size);
    Ok(answer)
}

/// A path as `file://` with what is no letter of a URI escaped.
pub fn file_uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(byte.into());
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

/// What a file is, by its ending.
fn mime_type(path: &Path) -> &'static str {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "png" => "image/png",
        "obj" => "model/obj",
        "ply" => "model/ply",
        "stl" => "model/stl",
        "gltf" => "model/gltf+json",
        "glb" => "model/gltf-binary",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}
