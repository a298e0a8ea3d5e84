//! Starting a daemon when there is none.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The environment variable that names the daemon's program.
pub const DAEMON_VARIABLE: &str = "GOXEL_DAEMON_BINARY";

/// What to do when nobody listens on the socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Autostart {
    /// Nothing: wait for whoever starts it (a person, a service manager, socket activation).
    #[default]
    Never,
    /// Start this program in the background, with a process group of its own.
    Spawn(DaemonCommand),
}

/// How to start a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments; `--socket PATH` is added.
    pub arguments: Vec<OsString>,
    /// Where its log goes; `None` drops it.
    pub log: Option<PathBuf>,
}

impl DaemonCommand {
    /// The daemon's program: the one that the environment names, else the one beside this program,
    /// else whatever the search path finds.
    pub fn find() -> DaemonCommand {
        let named = std::env::var_os(DAEMON_VARIABLE).filter(|name| !name.is_empty());
        let beside = || {
            let path = std::env::current_exe().ok()?.with_file_name("goxel-daemon");
            path.is_file().then_some(path)
        };
        let program = named.map(PathBuf::from).or_else(beside);
        DaemonCommand {
            program: program.unwrap_or_else(|| "goxel-daemon".into()),
            arguments: Vec::new(),
            log: None,
        }
    }

    /// Starts it. Two clients that do so at once are no problem: the daemon's own lock lets one
    /// win.
    pub(super) fn spawn(&self, socket: &Path) -> io::Result<()> {
        let log = match &self.log {
            None => Stdio::null(),
            Some(path) => std::fs::File::options().create(true).append(true).open(path)?.into(),
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg("--socket")
            .arg(socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // An interrupt at this program's terminal is not meant for the daemon.
            .process_group(0)
            .spawn()?;
        // Somebody has to take note of its end, or it stays behind as a zombie.
        std::thread::Builder::new()
            .name("goxel-daemon-reaper".into())
            .spawn(move || child.wait())?;
        Ok(())
    }
}
