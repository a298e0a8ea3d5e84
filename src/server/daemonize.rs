//! The background, another user, another directory: what a process changes about itself before it
//! serves.
//!
//! Nothing is forked. To go to the background the program starts itself anew, in a session of its
//! own, and waits until the copy serves or fails; to run as another user it replaces itself. So
//! each process is what it is from its first instruction, and there are no threads or locks to
//! lose.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use super::users;

/// Tells the copy that it is one: the process id of the one that waits.
const MARKER: &str = "GOXEL_DAEMON_LAUNCHER";
/// What the copy says when it serves.
const READY: &[u8] = b"ready\n";

/// Whether this process is the copy in the background.
pub fn is_background_copy() -> bool {
    let launcher = std::env::var(MARKER).ok().and_then(|pid| pid.parse::<i32>().ok());
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    launcher.is_some() && launcher == parent
}

/// Starts the copy and waits until it serves; the exit code of the command.
pub fn launch(arguments: &[OsString]) -> Result<ExitCode, String> {
    let program = own_path()?;
    let mut child = Command::new(&program)
        .args(arguments)
        .env(MARKER, std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let mut said = Vec::new();
    if let Some(mut output) = child.stdout.take() {
        let mut bytes = [0; 64];
        while said != READY {
            match output.read(&mut bytes) {
                Ok(count) if count > 0 => said.extend_from_slice(&bytes[..count]),
                _ => break,
            }
        }
    }
    if said == READY {
        return Ok(ExitCode::SUCCESS);
    }
    // It has said why on the standard error that it shares with us.
    let status = child.wait().map_err(|error| format!("cannot wait for the daemon: {error}"))?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

fn own_path() -> Result<std::path::PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("cannot find the program's own file: {error}"))
}

/// Leaves the session of whoever started the copy.
pub fn leave_session() {
    if let Err(error) = rustix::process::setsid() {
        log::warn!("cannot begin a session: {error}");
    }
}

/// Says that the copy serves, and lets go of the terminal.
pub fn let_go() -> io::Result<()> {
    io::stdout().write_all(READY)?;
    io::stdout().flush()?;
    let nothing = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;
    Ok(())
}

/// Becomes another user and group, by replacing the program with itself. Returns only if there is
/// nothing to do, or with an error.
pub fn become_user(
    user: Option<&str>,
    group: Option<&str>,
    arguments: &[OsString],
) -> Result<(), String> {
    let user = user.map(users::user).transpose()?;
    let group = group.map(users::group).transpose()?.or(user.as_ref().and_then(|user| user.group));
    let (is_user, is_group) =
        (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let differs = user.as_ref().is_some_and(|user| user.id != is_user)
        || group.is_some_and(|group| group != is_group);
    if !differs {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        return Err("only root can start the daemon as another user or group".to_owned());
    }
    let mut command = Command::new(own_path()?);
    command.args(arguments);
    if let Some(group) = group {
        command.gid(group);
    }
    if let Some(user) = user {
        command.uid(user.id);
        // What these name is the old user's, and perhaps closed to the new one.
        command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_RUNTIME_DIR");
        command.env("HOME", user.home.unwrap_or_else(|| "/".to_owned()));
    }
    Err(format!("cannot become another user: {}", command.exec()))
}
