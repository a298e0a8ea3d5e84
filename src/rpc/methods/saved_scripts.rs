//! Handlers of scripts that are kept by name.

use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::entries;
use super::script::{LONGEST, check_built_in};
use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::methods::script::*;
use crate::disk;
use crate::file_access::own::make_private;
use crate::job::Slice;
use crate::likeness::nearest;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{LOAD_PROJECT, RpcError, SAVE_PROJECT};
use crate::rpc::table::Handle;
use crate::script::library::{self, BUNDLED, Head};

entries![ListScripts, GetScript, SaveScript, DeleteScript];

/// Scripts of a user that are listed.
const MOST_LISTED: usize = 1000;
/// Bytes of a script that are looked through for its first comment.
const HEAD: u64 = 16 << 10;

impl From<library::HeadParam> for ScriptParam {
    fn from(param: library::HeadParam) -> Self {
        let library::HeadParam { name, kind, default, description } = param;
        ScriptParam { name, r#type: kind, default, description }
    }
}

fn listed(name: &str, script: &str, bytes: usize, origin: &'static str) -> ListedScript {
    let Head { description, params } = library::head(script);
    let params = params.into_iter().map(ScriptParam::from).collect();
    ListedScript { name: name.to_owned(), description, params, origin, bytes }
}

fn text_of(name: String, script: String, origin: &'static str) -> ScriptText {
    let Head { description, params } = library::head(&script);
    let params = params.into_iter().map(ScriptParam::from).collect();
    ScriptText { name, script, description, params, origin }
}

/// The directory of the user's own scripts.
pub(super) fn directory(context: &Context<'_>) -> Option<PathBuf> {
    context.daemon.script_directory.clone().or_else(library::default_directory)
}

fn check_name(name: &str) -> Result<(), RpcError> {
    if library::is_name(name) {
        return Ok(());
    }
    let message = format!(
        "Parameter 'name' must be 1 to 64 small letters, digits, '-' and '_', not '{}'",
        shown(name)
    );
    Err(ParamError::rule("name", message).into())
}

/// The error for a name that no script has.
fn unknown(name: &str) -> RpcError {
    let names = || BUNDLED.iter().map(|(name, _)| *name);
    let message = format!("No such script: '{}'", shown(name));
    let error = RpcError::from(ParamError::rule("name", message))
        .with("got", shown(name))
        .with("known", names().collect::<Vec<_>>())
        .hint("goxel.list_scripts lists all of them");
    match nearest(name, names()) {
        Some(near) => error.with("nearest", near),
        None => error,
    }
}

fn failed(code: i32, action: &str, path: &Path, error: &io::Error) -> RpcError {
    let path = path.display().to_string();
    RpcError::new(code, format!("Failed to {action} '{path}': {error}"))
        .with("path", path)
        .hint("see --script-dir")
}

/// A user's script, as far as it is wanted; none if there is none.
fn read(path: &Path, most: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
    // A pipe in its place would be waited for; a link may lead anywhere.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let opened =
        std::fs::OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path);
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some((bytes, about.len())))
}

/// The text of a script by its name: the user's own, or one of ours.
pub(super) async fn find(
    name: String,
    directory: Option<PathBuf>,
    slice: &Slice,
) -> Result<(String, &'static str), RpcError> {
    check_name(&name)?;
    if let Some(directory) = directory {
        let path = library::file_of(&directory, &name);
        let reading = path.clone();
        let read = disk::run(slice, &path, move |note| {
            note.step("read")?;
            read(&reading, LONGEST)
        });
        let read =
            read.await.map_err(|error| failed(LOAD_PROJECT, "read script", &path, &error))?;
        if let Some((script, bytes)) = read {
            let wrong =
                |why: String| failed(LOAD_PROJECT, "read script", &path, &io::Error::other(why));
            if bytes > LONGEST {
                return Err(wrong(format!("it has {bytes} bytes, and a script at most {LONGEST}")));
            }
            let script = String::from_utf8(script);
            let script = script.map_err(|_| wrong("it is no text in UTF-8".to_owned()))?;
            return Ok((script, "user"));
        }
    }
    let ours = library::bundled(&name).ok_or_else(|| unknown(&name))?;
    Ok((ours.to_owned(), "bundled"))
}

/// The user's own scripts. A directory that is not there holds none.
fn list(directory: &Path) -> io::Result<Vec<ListedScript>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()).take(MOST_LISTED) {
        let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".js"));
        let Some(name) = name.filter(|name| library::is_name(name)) else { continue };
        // One that cannot be read is told when it is asked for.
        if let Ok(Some((script, bytes))) = read(&path, HEAD) {
            let head = String::from_utf8_lossy(&script);
            found.push(listed(name, &head, bytes as usize, "user"));
        }
    }
    Ok(found)
}

impl Handle for ListScripts {
    fn handle(
        context: &mut Context<'_>,
        _: ListScriptsParams,
    ) -> Result<Outcome<ScriptList>, RpcError> {
        check_built_in(context)?;
        let directory = directory(context);
        Outcome::work(context, |slice| async move {
            let mut scripts = match &directory {
                None => Vec::new(),
                Some(directory) => {
                    let place = directory.clone();
                    let listed = disk::run(&slice, directory, move |note| {
                        note.step("list")?;
                        list(&place)
                    });
                    listed.await.map_err(|error| failed(LOAD_PROJECT, "list", directory, &error))?
                }
            };
            for (name, script) in BUNDLED {
                if !scripts.iter().any(|own| own.name == *name) {
                    scripts.push(listed(name, script, script.len(), "bundled"));
                }
            }
            scripts.sort_by(|a, b| a.name.cmp(&b.name));
            let directory = directory.map(|path| path.display().to_string());
            Ok(ScriptList { count: scripts.len(), scripts, directory })
        })
    }
}

impl Handle for GetScript {
    fn handle(
        context: &mut Context<'_>,
        params: ScriptNameParams<'_>,
    ) -> Result<Outcome<ScriptText>, RpcError> {
        check_built_in(context)?;
        let (name, directory) = (params.name.into_owned(), directory(context));
        Outcome::work(context, |slice| async move {
            let (script, origin) = find(name.clone(), directory, &slice).await?;
            Ok(text_of(name, script, origin))
        })
    }
}

/// Keeps a script. It is written beside its place and then put there, so that nobody reads half of
/// one.
fn save(directory: &Path, name: &str, script: &str, overwrite: bool) -> io::Result<PathBuf> {
    make_private(directory)?;
    let path = library::file_of(directory, name);
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let beside = directory.join(format!(".{name}.{}", std::process::id()));
    let _ = std::fs::remove_file(&beside);
    let options =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
    let mut file = options?;
    let written = io::Write::write_all(&mut file, script.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&beside, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map(|()| path)
}

impl Handle for SaveScript {
    fn handle(
        context: &mut Context<'_>,
        params: SaveScriptParams<'_>,
    ) -> Result<Outcome<SavedScript>, RpcError> {
        check_built_in(context)?;
        check_name(&params.name)?;
        let nowhere = "there is no directory for scripts: give --script-dir, or set HOME";
        let directory = directory(context).ok_or_else(|| RpcError::new(SAVE_PROJECT, nowhere))?;
        let (name, script) = (params.name.into_owned(), params.script.into_owned());
        if script.len() as u64 > LONGEST {
            let message = format!("A script has at most {LONGEST} bytes");
            return Err(ParamError::rule("script", message).into());
        }
        let overwrite = params.overwrite;
        Outcome::work(context, move |slice| async move {
            let Head { description, params } = library::head(&script);
            let (place, called, text) = (directory.clone(), name.clone(), script);
            let saved = disk::run(&slice, &directory, move |note| {
                note.step("write")?;
                save(&place, &called, &text, overwrite)
            });
            let path = saved.await.map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => ParamError::rule(
                    "name",
                    format!("There is a script '{name}'; give overwrite: true to replace it"),
                )
                .into(),
                _ => failed(SAVE_PROJECT, "save script", &directory, &error),
            })?;
            let params = params.into_iter().map(ScriptParam::from).collect();
            let path = path.display().to_string();
            Ok(SavedScript { success: true, name, path, description, params })
        })
    }
}

impl Handle for DeleteScript {
    fn handle(
        context: &mut Context<'_>,
        params: ScriptNameParams<'_>,
    ) -> Result<Outcome<DeletedScript>, RpcError> {
        check_built_in(context)?;
        check_name(&params.name)?;
        let (name, directory) = (params.name.into_owned(), directory(context));
        Outcome::work(context, move |slice| async move {
            let missing = |name: &str| match library::bundled(name) {
                Some(_) => {
                    let message = format!("The script '{name}' comes with the program and stays");
                    ParamError::rule("name", message).into()
                }
                None => unknown(name),
            };
            let Some(directory) = directory else { return Err(missing(&name)) };
            let path = library::file_of(&directory, &name);
            let removing = path.clone();
            let removed = disk::run(&slice, &path, move |note| {
                note.step("remove")?;
                std::fs::remove_file(removing)
            });
            match removed.await {
                Ok(()) => Ok(DeletedScript { success: true, name }),
                Err(error) if error.kind() == ErrorKind::NotFound => Err(missing(&name)),
                Err(error) => Err(failed(SAVE_PROJECT, "delete script", &path, &error)),
            }
        })
    }
}
