//! `goxelctl upgrade`: puts the installed program in the place of the daemon that runs, and looks
//! whether all is there.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::context::Context;
use super::exit::Failure;

/// Flags of the running daemon that mean nothing to the one that takes over.
const LEFT_OUT: [&str; 4] = ["--fresh", "--takeover", "--foreground", "-f"];
/// Variables that were meant for the running daemon alone.
const OWN_VARIABLES: [&str; 3] = ["GOXEL_FRESH", "GOXEL_TAKEOVER", "GOXEL_DAEMON_LAUNCHER"];

/// Start the installed daemon in the place of the one that runs, with the same flags; nobody is
/// refused meanwhile
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  goxelctl upgrade\n  \
    goxelctl upgrade --program /opt/goxel-new/bin/goxel-daemon")]
pub struct Arguments {
    /// The program to start; by default the file that the running daemon was started from
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let before = Facts::ask(context)?;
    let process = Path::new("/proc").join(before.pid.to_string());
    let start = Start::of(&process).map_err(|error| {
        Failure::Unavailable(format!(
            "how the daemon (pid {}) was started cannot be seen ({error}); run goxel-daemon --takeover with its flags",
            before.pid
        ))
    })?;
    if start.has_manager(before.pid) {
        return Err(Failure::Failed(
            "the daemon belongs to a service manager: restart its unit, which loses nothing either"
                .to_owned(),
        ));
    }
    let program = match &arguments.program {
        Some(program) => super::context::absolute(program)?,
        None => start.program.clone(),
    };
    let began = Instant::now();
    let status = start.command(&program).status();
    let status = status.map_err(|error| Failure::NoInput(program.clone(), error))?;
    let took = began.elapsed().as_millis();
    if !status.success() {
        let still = Facts::ask(context).is_ok_and(|facts| facts.instance == before.instance);
        let goes_on = if still { "; the running daemon goes on" } else { "" };
        return Err(Failure::Failed(format!("{} did not take over{goes_on}", program.display())));
    }
    let after = Facts::ask(context)?;
    after.check(&before)?;
    let told = json!({
        "pid": after.pid,
        "version_before": before.version,
        "version": after.version,
        "projects": after.projects.len(),
        "took_ms": took as u64,
    });
    if context.output.json { context.output.object(&told) } else { context.output.fields(&told) }
}

/// What the daemon that answers says.
struct Facts {
    pid: u64,
    instance: String,
    version: String,
    /// The name and the revision of each.
    projects: Vec<(String, u64)>,
}

impl Facts {
    fn ask(context: &Context) -> Result<Facts, Failure> {
        let mut connection = context.connect()?;
        let status: Value = connection.call("status", Value::Null)?;
        let listed: Value = connection.call("goxel.list_projects", json!({}))?;
        let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
        let project = |project: &Value| {
            let name = project["name"].as_str().unwrap_or_default().to_owned();
            (name, project["revision"].as_u64().unwrap_or_default())
        };
        Ok(Facts {
            pid: status["pid"].as_u64().unwrap_or_default(),
            instance: text("instance"),
            version: text("version"),
            projects: listed["projects"].as_array().into_iter().flatten().map(project).collect(),
        })
    }

    /// Whether everything that was open before is there.
    fn check(&self, before: &Facts) -> Result<(), Failure> {
        if self.instance == before.instance {
            return Err(Failure::Failed("the daemon that answers is still the old one".to_owned()));
        }
        for (name, revision) in &before.projects {
            let now = self.projects.iter().find(|(now, _)| now == name).map(|(_, now)| *now);
            if now.is_none_or(|now| now < *revision) {
                let now = now.map_or("closed".to_owned(), |now| format!("at revision {now}"));
                let problem = format!("project {name} was at revision {revision} and is {now}");
                return Err(Failure::Failed(problem));
            }
        }
        Ok(())
    }
}

/// How a process was started.
struct Start {
    program: PathBuf,
    arguments: Vec<OsString>,
    directory: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

impl Start {
    fn of(process: &Path) -> std::io::Result<Start> {
        let list = |name: &str| {
            let bytes = std::fs::read(process.join(name))?;
            let texts = bytes.split(|byte| *byte == 0).filter(|text| !text.is_empty());
            Ok::<_, std::io::Error>(texts.map(|text| text.to_vec()).collect::<Vec<_>>())
        };
        let program = std::fs::read_link(process.join("exe"))?.into_os_string().into_vec();
        // A file that was replaced meanwhile, as an installation does.
        let program = program.strip_suffix(b" (deleted)").unwrap_or(&program).to_vec();
        let variable = |text: Vec<u8>| {
            let at = text.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (&text[..at], &text[at + 1..]);
            Some((OsStr::from_bytes(name).to_owned(), OsStr::from_bytes(value).to_owned()))
        };
        Ok(Start {
            program: OsString::from_vec(program).into(),
            arguments: list("cmdline")?.into_iter().skip(1).map(OsString::from_vec).collect(),
            directory: std::fs::read_link(process.join("cwd"))?,
            variables: list("environ")?.into_iter().filter_map(variable).collect(),
        })
    }

    fn has_manager(&self, pid: u64) -> bool {
        let value = |wanted: &str| {
            self.variables.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let is_activated =
            value("LISTEN_PID").is_some_and(|listener| *listener == *pid.to_string());
        value("NOTIFY_SOCKET").is_some() || is_activated
    }

    /// The same in the background, taking over.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let is_kept = |argument: &&OsString| !LEFT_OUT.iter().any(|left| *argument == left);
        command.args(self.arguments.iter().filter(is_kept)).args(["--takeover", "--daemonize"]);
        let is_own = |name: &OsString| OWN_VARIABLES.iter().any(|own| name == own);
        command.env_clear();
        command.envs(self.variables.iter().filter(|(name, _)| !is_own(name)).cloned());
        command.current_dir(&self.directory);
        command
    }
}
