//! Three users: root, who runs the test and plays the machine; the one whose daemon it is; and Eve.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown, lchown, symlink};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::{Client, command, wait_for};
use crate::support::skip::skip;

/// The user whose daemon it is.
pub const OWNER: u32 = 47_001;
/// The other one.
pub const EVE: u32 = 47_002;

/// What the files hold that an attack is after.
pub const PRECIOUS: &str = "precious\n";

/// Directories of all three.
pub struct Stage {
    top: TempDir,
    programs: Arc<TempDir>,
}

/// A daemon of [`OWNER`]; killed when it is dropped.
pub struct Daemon {
    child: Child,
    socket: PathBuf,
}

/// A directory for the programs where every user can run them, as long as a stage stands.
fn programs() -> Arc<TempDir> {
    static PLACE: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());
    let mut place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    place.upgrade().unwrap_or_else(|| {
        let directory = tempfile::Builder::new().prefix("goxel-programs-").tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        for built in [env!("CARGO_BIN_EXE_goxel-daemon"), env!("CARGO_BIN_EXE_goxelctl")] {
            let name = Path::new(built).file_name().unwrap();
            fs::copy(built, directory.path().join(name)).unwrap();
        }
        let directory = Arc::new(directory);
        *place = Arc::downgrade(&directory);
        directory
    })
}

impl Stage {
    /// None, and said so, where the test does not run as root.
    pub fn set() -> Option<Stage> {
        if !rustix::process::geteuid().is_root() {
            skip("several users need root");
            return None;
        }
        let top = tempfile::tempdir().unwrap();
        fs::set_permissions(top.path(), Permissions::from_mode(0o755)).unwrap();
        let stage = Stage { top, programs: programs() };
        for (name, mode, user) in
            [("home", 0o700, OWNER), ("eve", 0o755, EVE), ("shared", 0o1777, 0)]
        {
            let path = stage.top.path().join(name);
            DirBuilder::new().mode(mode).create(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            chown(&path, Some(user), Some(user)).unwrap();
        }
        stage.put(&stage.victim(), PRECIOUS, OWNER, 0o600);
        Some(stage)
    }

    /// The owner's private directory.
    pub fn home(&self, name: &str) -> PathBuf {
        self.top.path().join("home").join(name)
    }

    /// A directory that all can write to, as `/tmp` is.
    pub fn shared(&self, name: &str) -> PathBuf {
        self.top.path().join("shared").join(name)
    }

    /// Eve's own directory, which all can read.
    pub fn eves(&self, name: &str) -> PathBuf {
        self.top.path().join("eve").join(name)
    }

    /// A file of the owner that no attack may change.
    pub fn victim(&self) -> PathBuf {
        self.home("bashrc")
    }

    /// Nothing of the owner's was changed or made.
    pub fn is_unharmed(&self) {
        assert_eq!(fs::read_to_string(self.victim()).unwrap(), PRECIOUS);
        assert!(fs::symlink_metadata(self.home("new")).is_err(), "nothing was made");
    }

    /// A file of somebody.
    pub fn put(&self, path: &Path, text: &str, user: u32, mode: u32) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        chown(path, Some(user), Some(user)).unwrap();
    }

    /// A link of Eve's.
    pub fn plant(&self, target: &Path, at: &Path) {
        symlink(target, at).unwrap();
        lchown(at, Some(EVE), Some(EVE)).unwrap();
    }

    /// The daemon as a command of the owner's, with all that it keeps in the owner's home.
    pub fn command(&self) -> Command {
        self.command_with_umask(0o022)
    }

    /// The same under another umask.
    pub fn command_with_umask(&self, umask: u32) -> Command {
        let plain = command();
        let program = self.programs.path().join("goxel-daemon");
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("umask {umask:03o} && exec \"$0\" \"$@\"")).arg(program);
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("HOME", self.home("")).current_dir(self.home("")).stdin(Stdio::null());
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
        command.uid(OWNER).gid(OWNER);
        command
    }

    /// A daemon that has to start.
    pub fn start(&self, flags: &[&str]) -> Daemon {
        self.start_as(self.command(), flags)
    }

    /// The same by a command that was changed.
    pub fn start_as(&self, mut command: Command, flags: &[&str]) -> Daemon {
        let socket = self.home("g.sock");
        let log = fs::File::create(self.top.path().join("log")).unwrap();
        command.arg("--socket").arg(&socket).args(flags);
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut daemon = Daemon { child, socket };
        wait_for("the daemon to listen", || {
            let ended = daemon.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", self.log());
            UnixStream::connect(&daemon.socket).is_ok()
        });
        daemon
    }

    /// What the daemon said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.top.path().join("log")).unwrap_or_default()
    }

    /// A daemon that must refuse to start; what it says.
    pub fn refuses(&self, flags: &[&str]) -> String {
        let mut command = self.command();
        if !flags.contains(&"--socket") {
            command.arg("--socket").arg(self.home("g.sock"));
        }
        let mut child =
            command.args(flags).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut status = None;
        let end = std::time::Instant::now() + crate::support::process::HANG;
        while status.is_none() && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(5));
            status = child.try_wait().unwrap();
        }
        if status.is_none() {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(status.is_some_and(|status| !status.success()), "{flags:?} was taken: {said}");
        said
    }

    /// The hand tool, as some user.
    pub fn ctl(&self, user: u32, arguments: &[&str]) -> Output {
        let program = self.programs.path().join("goxelctl");
        Command::new(program).args(arguments).current_dir("/").uid(user).gid(user).output().unwrap()
    }
}

impl Daemon {
    pub fn connect(&self) -> Client {
        Client::connect(&self.socket)
    }

    /// The reason of the error of a call that must fail.
    pub fn reason(&self, method: &str, params: Value) -> String {
        let answer = self.connect().ask(method, params);
        assert!(answer.get("error").is_some(), "{method} should fail: {answer}");
        answer["error"]["data"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// Ends it in good order.
    pub fn stop(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let mut ended = None;
        wait_for("the daemon to end", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Params of each method that writes a file; of palettes where the name is that of one.
pub fn writers(path: &Path) -> Vec<(&'static str, Value)> {
    let is_palette = path.extension().is_some_and(|extension| extension == "gpl");
    let path = path.to_str().unwrap();
    let mut all = vec![
        ("goxel.save_project", json!({"path": path, "format": "gox"})),
        ("goxel.export_model", json!({"path": path, "format": "text"})),
        ("goxel.render_scene", json!({"output_path": path, "width": 8, "height": 8})),
        ("goxel.render_image", json!({"output_path": path, "width": 8, "height": 8})),
        ("goxel.look", json!({"path": path, "size": 64})),
    ];
    if is_palette {
        all.push(("goxel.export_palette", json!({"path": path})));
    }
    all
}

/// Params of each method that reads a file; of palettes where the name is that of one.
pub fn readers(path: &Path) -> Vec<(&'static str, Value)> {
    let is_palette = path.extension().is_some_and(|extension| extension == "gpl");
    let path = path.to_str().unwrap();
    let stamp = json!({"op": "stamp", "path": path, "at": [0, 0, 0]});
    let mut all = vec![
        ("goxel.load_project", json!({"path": path})),
        ("goxel.import_model", json!({"path": path})),
        ("goxel.open_project", json!({"path": path, "name": "other"})),
        ("goxel.create_image_layer", json!({"path": path})),
        ("goxel.edit", json!({"operations": [stamp]})),
    ];
    if is_palette {
        all.push(("goxel.import_palette", json!({"path": path})));
    }
    all
}
