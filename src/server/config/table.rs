//! The one table of settings. From it come the command line, the environment variables, the keys of
//! the configuration file, the help, the guide's list and the list that `server.config` shows.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use log::LevelFilter;

use super::kinds::*;

/// When a new value of a setting takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At a reload.
    Live,
    /// At the next start.
    Start,
    /// Never: it is accepted so that old service files start.
    Gone,
}

/// One setting.
pub struct Setting {
    /// `section.name` in the configuration file.
    pub key: &'static str,
    /// The long flag, without dashes.
    pub flag: &'static str,
    /// The short flag.
    pub short: Option<char>,
    /// The environment variable.
    pub variable: &'static str,
    /// What its value is called in the help; empty for a switch.
    pub value: &'static str,
    /// Whether it can be given several times.
    pub many: bool,
    /// The default as text.
    pub default: &'static str,
    /// When a new value takes effect.
    pub effect: Effect,
    /// What it does.
    pub help: &'static str,
    /// Reads texts that were given in one place.
    pub read: fn(&mut Settings, &[OsString]) -> Result<(), String>,
    /// Shows the value as text that can be read back.
    pub show: fn(&Settings) -> String,
    /// Takes the value over from other settings.
    pub copy: fn(&mut Settings, &Settings),
}

impl Setting {
    /// The section of its key.
    pub fn section(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// The help text on one line.
    pub fn help(&self) -> &'static str {
        self.help.trim()
    }
}

macro_rules! settings {
    ($(
        $(#[doc = $help:literal])+
        $field:ident : $kind:ty = $default:literal,
        $key:literal, $flag:literal $(/ $short:literal)?, $variable:literal, $effect:ident;
    )*) => {
        /// The values of all settings.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $( $(#[doc = $help])+ pub $field: $kind, )*
        }

        impl Default for Settings {
            fn default() -> Self {
                Settings {
                    $( $field: <$kind as SettingType>::parse(OsStr::new($default))
                        .unwrap_or_else(|error| panic!("default of {}: {error}", $key)), )*
                }
            }
        }

        /// All settings, by section.
        pub const TABLE: &[Setting] = &[
            $( Setting {
                key: $key,
                flag: $flag,
                short: settings!(@short $($short)?),
                variable: $variable,
                value: <$kind as SettingType>::VALUE,
                many: <$kind as SettingType>::MANY,
                default: $default,
                effect: Effect::$effect,
                help: concat!($($help),+),
                read: |settings, texts| {
                    settings.$field = <$kind as SettingType>::parse_all(texts)?;
                    Ok(())
                },
                show: |settings| SettingType::show(&settings.$field),
                copy: |settings, other| settings.$field = other.$field.clone(),
            }, )*
        ];
    };
    (@short $short:literal) => { Some($short) };
    (@short) => { None };
}

settings! {
    /// Listen here; may be given several times, and all are served
    socket: Vec<PathBuf> = "", "socket.path", "socket"/'s', "GOXEL_SOCKET_PATH", Start;
    /// Permissions of the socket
    socket_mode: FileMode = "0600", "socket.mode", "socket-mode", "GOXEL_SOCKET_MODE", Start;
    /// Group of the socket, by name or number
    socket_group: Option<String> = "", "socket.group", "socket-group", "GOXEL_SOCKET_GROUP", Start;
    /// Serve only this user, by name or number; may be given several times
    allow_uid: Vec<u32> = "", "socket.allow_uid", "allow-uid", "GOXEL_ALLOW_UID", Start;

    /// Go to the background; the command returns when the socket is served
    daemonize: Switch = "false", "process.daemonize", "daemonize"/'D', "GOXEL_DAEMONIZE", Start;
    /// Write the process id here, or none; when daemonized the default is beside the socket
    pid_file: Place = "", "process.pid_file", "pid-file"/'p', "GOXEL_PID_FILE", Start;
    /// Directory for relative paths; the default is that of the start
    working_dir: Option<PathBuf> =
        "", "process.working_dir", "working-dir"/'w', "GOXEL_WORKING_DIR", Start;
    /// Keep what the next start needs here; the default is ~/.local/state/goxel
    state_dir: Option<PathBuf> = "", "process.state_dir", "state-dir", "GOXEL_STATE_DIR", Start;
    /// Have the system refuse what a running daemon never needs: the network, other processes and
    /// users (Linux)
    seccomp: Switch = "false", "process.seccomp", "seccomp", "GOXEL_SECCOMP", Start;
    /// Run as this user, by name or number; needs to be started by root
    user: Option<String> = "", "process.user", "user"/'u', "GOXEL_DAEMON_USER", Start;
    /// Run as this group, by name or number; needs to be started by root
    group: Option<String> = "", "process.group", "group"/'g', "GOXEL_DAEMON_GROUP", Start;
    /// Take the place of the daemon that runs, with all that is open in it; if none runs, start as
    /// usual
    takeover: Switch = "false", "process.takeover", "takeover", "GOXEL_TAKEOVER", Start;
    /// Let a call stop the daemon
    allow_shutdown: Switch =
        "false", "process.allow_shutdown", "allow-shutdown", "GOXEL_ALLOW_SHUTDOWN", Live;

    /// Stop when nobody was connected for this long and nothing would be lost by it; 0 for never
    idle_exit: Time<0, { 365 * DAY }> =
        "0", "process.idle_exit", "idle-exit", "GOXEL_IDLE_EXIT", Live;

    /// Open this file as the default project; if it does not exist, saving creates it
    project: Option<PathBuf> = "", "project.file", "project", "GOXEL_PROJECT", Start;
    /// Save changed projects when the daemon stops: to their own files, or where they are found
    /// again
    save_on_exit: Switch =
        "false", "project.save_on_exit", "save-on-exit", "GOXEL_SAVE_ON_EXIT", Live;

    /// Keep every change in a journal in this directory, or none; by default in the state directory
    journal: Place = "", "journal.directory", "journal", "GOXEL_JOURNAL", Start;
    /// When the journal is brought to the disk: always (before a change is answered), second or no
    journal_sync: JournalSync =
        "second", "journal.sync", "journal-sync", "GOXEL_JOURNAL_SYNC", Start;
    /// Write the journal anew once it has grown by so much, or by as much as it was then
    journal_compact_bytes: Bytes<4096, { 1 << 50 }> =
        "64MiB", "journal.compact_bytes", "journal-compact-bytes", "GOXEL_JOURNAL_COMPACT_BYTES", Start;
    /// Begin with nothing, and set aside the journal of the last run
    fresh: Switch = "false", "journal.fresh", "fresh", "GOXEL_FRESH", Start;

    /// Confine clients to this directory, to read and write; may be given several times
    root: Vec<PathBuf> = "", "files.root", "root", "GOXEL_ROOT", Start;
    /// Let clients read this directory, too; may be given several times
    read_root: Vec<PathBuf> = "", "files.read_root", "read-root", "GOXEL_READ_ROOT", Start;

    /// Keep pictures that calls ask for by path here; by default in a directory for the user's eyes
    /// only
    render_dir: Option<PathBuf> = "", "render.dir", "render-dir", "GOXEL_RENDER_DIR", Start;
    /// Time that a kept picture lives
    render_ttl: Time<SECOND, { 365 * DAY }> =
        "1h", "render.ttl", "render-ttl", "GOXEL_RENDER_TTL", Start;
    /// Bytes of all kept pictures; beyond, the oldest are removed
    render_max_size: Bytes<1, { 1 << 50 }> =
        "1GiB", "render.max_size", "render-max-size", "GOXEL_RENDER_MAX_SIZE", Start;
    /// Time between two looks for pictures whose time is over
    render_cleanup_interval: Time<SECOND, DAY> =
        "5m", "render.cleanup_interval", "render-cleanup-interval", "GOXEL_RENDER_CLEANUP_INTERVAL", Start;

    /// Write the log here, not to standard error, or none; when daemonized the default is beside
    /// the socket
    log_file: Place = "", "log.file", "log-file"/'l', "GOXEL_LOG_FILE", Live;
    /// The least important lines that are written: off, error, warn, info, debug or trace
    log_level: LevelFilter = "info", "log.level", "log-level", "GOXEL_LOG_LEVEL", Live;
    /// The form of log lines: text or json
    log_format: LogFormat = "text", "log.format", "log-format", "GOXEL_LOG_FORMAT", Live;
    /// Of one place in the program, log lines written a second; further ones are counted
    log_repeats: Count<1, 1_000_000> =
        "20", "log.repeats", "log-repeats", "GOXEL_LOG_REPEATS", Live;
    /// The same as --log-level debug
    verbose: Switch = "false", "log.verbose", "verbose"/'V', "GOXEL_VERBOSE", Live;

    /// Keep the state of health in this file, or none; the default is a file beside the first
    /// socket
    health_file: Place =
        "", "health.file", "health-file", "GOXEL_HEALTH_FILE", Start;
    /// Time between snapshots of the state of health; 0 for none
    health_interval: Time<0, DAY> =
        "30s", "health.interval", "health-interval", "GOXEL_HEALTH_INTERVAL", Live;
    /// Warn when connections pass this share of their limit
    warn_connections: Percent =
        "80", "health.warn_connections", "warn-connections", "GOXEL_WARN_CONNECTIONS", Live;
    /// Warn when open files pass this share of their limit
    warn_descriptors: Percent =
        "80", "health.warn_descriptors", "warn-descriptors", "GOXEL_WARN_DESCRIPTORS", Live;
    /// Warn when buffers pass this share of their limit
    warn_buffers: Percent =
        "50", "health.warn_buffers", "warn-buffers", "GOXEL_WARN_BUFFERS", Live;
    /// Warn when a turn of the loop took longer since the last snapshot
    warn_turn: Time<MILLISECOND, HOUR> =
        "100ms", "health.warn_turn", "warn-turn", "GOXEL_WARN_TURN", Live;
    /// Has no meaning any more: a loop that answers turns, and one that does not answers no probe
    fail_turn: Time<MILLISECOND, HOUR> =
        "5s", "health.fail_turn", "fail-turn", "GOXEL_FAIL_TURN", Gone;
    /// Warn when the process takes more memory; 0 for never
    warn_memory: Bytes<0, { 1 << 50 }> =
        "0", "health.warn_memory", "warn-memory", "GOXEL_WARN_MEMORY", Live;

    /// Keep calls that took longer in the slow log; 0 keeps all
    slow_call: Time<0, HOUR> = "50ms", "slowlog.threshold", "slow-call", "GOXEL_SLOW_CALL", Live;
    /// Calls that the slow log keeps
    slowlog_length: Count<0, 65536> =
        "128", "slowlog.length", "slowlog-length", "GOXEL_SLOWLOG_LENGTH", Live;
    /// Calls a second that one monitoring connection is shown; further ones are counted
    monitor_rate: Count<1, 1_000_000> =
        "1000", "slowlog.monitor_rate", "monitor-rate", "GOXEL_MONITOR_RATE", Live;

    /// Open connections; a newcomer beyond is told so and closed
    max_connections: Count<1, 65536> =
        "4096", "limits.connections", "max-connections"/'m', "GOXEL_MAX_CONNECTIONS", Live;
    /// Connections kept for the user of the daemon, of those that may be open, at most half of them
    reserve_connections: Count<0, 65536> =
        "8", "limits.reserve_connections", "reserve-connections", "GOXEL_RESERVE_CONNECTIONS", Live;
    /// Open connections of one process; "half" of those that may be open, 0 for no limit
    max_connections_per_peer: Share =
        "half", "limits.connections_per_peer", "max-connections-per-peer",
        "GOXEL_MAX_CONNECTIONS_PER_PEER", Live;
    /// Longest message
    max_message: Bytes<1024, { 256 << 20 }> =
        "16MiB", "limits.message", "max-message-bytes", "GOXEL_MAX_MESSAGE_BYTES", Live;
    /// Unread bytes kept for a connection whose calls have to wait
    max_inbound: Bytes<4096, { 256 << 20 }> =
        "64KiB", "limits.inbound", "inbound-bytes", "GOXEL_INBOUND_BYTES", Live;
    /// Unsent bytes of a connection beyond which its calls wait
    outbound_soft: Bytes<4096, { 1 << 32 }> =
        "4MiB", "limits.outbound_soft", "outbound-soft-bytes", "GOXEL_OUTBOUND_SOFT_BYTES", Live;
    /// Unsent bytes of a connection beyond which an answer becomes an error
    outbound_hard: Bytes<4096, { 1 << 32 }> =
        "64MiB", "limits.outbound_hard", "outbound-hard-bytes", "GOXEL_OUTBOUND_HARD_BYTES", Live;
    /// Bytes in the buffers of all connections; beyond, the largest holder is dropped
    max_buffers: Bytes<65536, { 1 << 40 }> =
        "256MiB", "limits.buffers", "buffer-bytes", "GOXEL_BUFFER_BYTES", Live;
    /// Resident memory; beyond, growth is refused; 0: half of what there is
    max_memory: Bytes<0, { 1 << 50 }> =
        "0", "limits.memory", "max-memory", "GOXEL_MAX_MEMORY", Live;
    /// Bytes of voxels in memory; beyond, edits that add to them are refused; 0 for no limit
    max_voxel_memory: Bytes<0, { 1 << 50 }> =
        "0", "limits.voxel_memory", "max-voxel-memory", "GOXEL_MAX_VOXEL_MEMORY", Live;
    /// Bytes that the history of each project keeps; beyond, its oldest changes are forgotten
    history_memory: Bytes<65536, { 1 << 50 }> =
        "256MiB", "limits.history_memory", "history-memory", "GOXEL_HISTORY_MEMORY", Start;
    /// Open projects
    max_projects: Count<1, 65536> =
        "256", "limits.projects", "max-projects", "GOXEL_MAX_PROJECTS", Start;
    /// Operations in one call of goxel.edit
    max_edit_operations: Count<1, { 1 << 32 }> =
        "1048576", "limits.edit_operations", "max-edit-operations", "GOXEL_MAX_EDIT_OPERATIONS", Start;
    /// Voxels that one operation may touch
    max_edit_voxels: Count<4096, { 1 << 48 }> =
        "1073741824", "limits.edit_voxels", "max-edit-voxels", "GOXEL_MAX_EDIT_VOXELS", Start;
    /// Voxels in one request or answer of the binary bulk lane
    max_bulk_voxels: Count<1, { 1 << 32 }> =
        "16777216", "limits.bulk_voxels", "max-bulk-voxels", "GOXEL_MAX_BULK_VOXELS", Start;
    /// Subscriptions of one connection to changes of projects
    max_subscriptions: Count<1, 65536> =
        "64", "limits.subscriptions", "max-subscriptions", "GOXEL_MAX_SUBSCRIPTIONS", Start;
    /// Longest file that is read
    max_file_bytes: Bytes<1024, { 1 << 40 }> =
        "1GiB", "limits.file_bytes", "max-file-bytes", "GOXEL_MAX_FILE_BYTES", Start;
    /// Bytes of voxels that one file may hold; a block of 16x16x16 counts 16 KiB
    max_voxel_bytes: Bytes<16384, { 1 << 50 }> =
        "2GiB", "limits.voxel_bytes", "max-voxel-bytes", "GOXEL_MAX_VOXEL_BYTES", Start;
    /// Bytes that a schematic may have when it is unpacked
    max_unpacked_bytes: Bytes<1024, { 1 << 40 }> =
        "64MiB", "limits.unpacked_bytes", "max-unpacked-bytes", "GOXEL_MAX_UNPACKED_BYTES", Start;
    /// Pixels of a picture that is read
    max_picture_pixels: Count<1, { 1 << 32 }> =
        "67108864", "limits.picture_pixels", "max-picture-pixels", "GOXEL_MAX_PICTURE_PIXELS", Start;
    /// Layers in a file that is no .gox
    max_file_layers: Count<1, { 1 << 20 }> =
        "4096", "limits.file_layers", "max-file-layers", "GOXEL_MAX_FILE_LAYERS", Start;
    /// Columns of the grid that the triangles of a file may cross
    max_surface_columns: Count<1, { 1 << 48 }> =
        "268435456", "limits.surface_columns", "max-surface-columns", "GOXEL_MAX_SURFACE_COLUMNS", Start;
    /// Longest palette file that is read
    max_palette_bytes: Bytes<64, { 1 << 30 }> =
        "16MiB", "limits.palette_bytes", "max-palette-bytes", "GOXEL_MAX_PALETTE_BYTES", Start;
    /// Colours of a palette
    max_palette_colors: Count<1, { 1 << 16 }> =
        "4096", "limits.palette_colors", "max-palette-colors", "GOXEL_MAX_PALETTE_COLORS", Start;
    /// Longest name of a layer, in bytes; .gox files hold no longer one than 255
    max_layer_name: Count<1, 255> =
        "255", "limits.layer_name", "max-layer-name", "GOXEL_MAX_LAYER_NAME", Start;
    /// Longest name of a material or camera, in bytes; .gox files hold no longer one than 127
    max_material_name: Count<1, 127> =
        "127", "limits.material_name", "max-material-name", "GOXEL_MAX_MATERIAL_NAME", Start;
    /// Longest name of a palette, in bytes
    max_palette_name: Count<1, 4096> =
        "255", "limits.palette_name", "max-palette-name", "GOXEL_MAX_PALETTE_NAME", Start;
    /// Longest name of a project, in bytes
    max_project_name: Count<1, 4096> =
        "128", "limits.project_name", "max-project-name", "GOXEL_MAX_PROJECT_NAME", Start;
    /// Longest name of a checkpoint, in bytes
    max_checkpoint_name: Count<1, 4096> =
        "256", "limits.checkpoint_name", "max-checkpoint-name", "GOXEL_MAX_CHECKPOINT_NAME", Start;
    /// Calls of one connection in a row
    turn_requests: Count<1, 65536> =
        "64", "limits.turn_requests", "turn-requests", "GOXEL_TURN_REQUESTS", Live;
    /// Bytes of one connection in a row
    turn_bytes: Bytes<4096, { 1 << 30 }> =
        "256KiB", "limits.turn_bytes", "turn-bytes", "GOXEL_TURN_BYTES", Live;
    /// Time of one connection in a row
    turn_time: Time<{ 100 * MICROSECOND }, SECOND> =
        "1ms", "limits.turn_time", "turn-time", "GOXEL_TURN_TIME", Live;
    /// Time of all connections in a row before answers are sent
    turn_total: Time<{ 100 * MICROSECOND }, SECOND> =
        "2ms", "limits.turn_total", "turn-total", "GOXEL_TURN_TOTAL", Live;
    /// Length of a slice of long work
    slice: Time<{ 100 * MICROSECOND }, SECOND> =
        "1ms", "limits.slice", "slice-time", "GOXEL_SLICE_TIME", Live;
    /// Log turns of the loop that take longer
    slow_turn: Time<MILLISECOND, HOUR> =
        "100ms", "limits.slow_turn", "slow-turn-time", "GOXEL_SLOW_TURN_TIME", Live;
    /// Pack the voxels of a project that nobody changes for this long or up to twice as long; 0 for
    /// never
    pack_after: Time<0, { 365 * DAY }> =
        "30s", "limits.pack_after", "pack-after", "GOXEL_PACK_AFTER", Live;
    /// Close a connection without a byte for this long; 0 for never
    idle_timeout: Time<0, { 365 * DAY }> =
        "0", "limits.idle", "idle-timeout", "GOXEL_IDLE_TIMEOUT", Live;
    /// Time to finish a message that was begun; 0 for no limit
    message_timeout: Time<0, DAY> =
        "30s", "limits.unfinished", "message-timeout", "GOXEL_MESSAGE_TIMEOUT", Live;
    /// Drop a connection that takes no byte of its answers for this long; 0 for never
    stall_timeout: Time<0, DAY> =
        "60s", "limits.stalled", "stall-timeout", "GOXEL_STALL_TIMEOUT", Live;
    /// Time that a closing connection waits for its peer
    linger: Time<0, HOUR> = "2s", "limits.linger", "linger-time", "GOXEL_LINGER_TIME", Live;
    /// Time that a stop waits for answers
    drain: Time<0, HOUR> = "1500ms", "limits.drain", "drain-timeout", "GOXEL_DRAIN_TIMEOUT", Live;
    /// Stop a call that takes longer, and take back what it had begun; 0 for never
    call_timeout: Time<0, { 365 * DAY }> =
        "0", "limits.call", "call-timeout", "GOXEL_CALL_TIMEOUT", Start;
    /// Time after which a file system call that does not come back is given up
    disk_timeout: Time<{ 100 * MILLISECOND }, DAY> =
        "30s", "limits.disk", "disk-timeout", "GOXEL_DISK_TIMEOUT", Start;

    /// Refuse scripts
    no_scripts: Switch = "false", "scripts.off", "no-scripts", "GOXEL_NO_SCRIPTS", Start;
    /// Keep scripts by name here; the default is ~/.local/share/goxel/scripts
    script_dir: Option<PathBuf> = "", "scripts.directory", "script-dir", "GOXEL_SCRIPT_DIR", Start;
    /// Scripts that run at once; more wait
    max_scripts: Count<1, 256> =
        "4", "scripts.at_once", "max-scripts", "GOXEL_MAX_SCRIPTS", Start;
    /// Bytes that the values of a script may take, and as much again for the voxels that it adds
    script_memory: Bytes<{ 4 << 20 }, { 1 << 40 }> =
        "256MiB", "scripts.memory", "script-memory", "GOXEL_SCRIPT_MEMORY", Start;
    /// Stack of a script
    script_stack: Bytes<{ 64 << 10 }, { 4 << 20 }> =
        "1MiB", "scripts.stack", "script-stack", "GOXEL_SCRIPT_STACK", Start;
    /// Bytes that a script may write, and of its result
    script_output: Bytes<1024, { 64 << 20 }> =
        "1MiB", "scripts.output", "script-output", "GOXEL_SCRIPT_OUTPUT", Start;
    /// How long a script runs unless its call says otherwise
    script_time: Time<{ 100 * MILLISECOND }, { 300 * SECOND }> =
        "30s", "scripts.time", "script-time", "GOXEL_SCRIPT_TIME", Start;

    /// Sessions of repeatable calls; while all are in use, a new one is refused
    max_sessions: Count<1, { 1 << 24 }> =
        "65536", "sessions.count", "max-sessions", "GOXEL_MAX_SESSIONS", Start;
    /// Answers kept of one session
    session_answers: Count<1, 65536> =
        "256", "sessions.answers", "session-answers", "GOXEL_SESSION_ANSWERS", Start;
    /// Bytes of answers kept of one session
    session_bytes: Bytes<1024, { 1 << 30 }> =
        "1MiB", "sessions.bytes", "session-bytes", "GOXEL_SESSION_BYTES", Start;
    /// Bytes of answers kept of all sessions; beyond, each keeps its latest only
    session_memory: Bytes<1024, { 1 << 40 }> =
        "64MiB", "sessions.memory", "session-memory", "GOXEL_SESSION_MEMORY", Start;
    /// Time that an idle session is kept
    session_life: Time<SECOND, DAY> =
        "10m", "sessions.life", "session-life", "GOXEL_SESSION_LIFE", Start;

    /// Has no meaning any more: one thread serves all connections
    workers: Count<1, 64> = "1", "gone.workers", "workers"/'j', "GOXEL_MAX_WORKERS", Gone;
    /// Has no meaning any more: calls wait in the buffers of their connections
    queue_size: Count<1, 65536> =
        "1024", "gone.queue_size", "queue-size"/'q', "GOXEL_QUEUE_SIZE", Gone;
    /// Has no meaning any more: the first bytes of a connection settle its framing
    protocol: Dialect = "auto", "gone.protocol", "protocol"/'P', "GOXEL_PROTOCOL", Gone;
    /// Has no meaning any more: connections are served in turn
    priority_queue: Switch =
        "false", "gone.priority_queue", "priority-queue", "GOXEL_PRIORITY_QUEUE", Gone;
}

/// A setting by its key.
pub fn by_key(key: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_is_taken_twice() {
        let distinct = |names: Vec<String>| {
            let set: BTreeSet<_> = names.iter().collect();
            assert_eq!(set.len(), names.len(), "{names:?}");
        };
        distinct(TABLE.iter().map(|setting| setting.key.to_owned()).collect());
        distinct(TABLE.iter().map(|setting| setting.flag.to_owned()).collect());
        distinct(TABLE.iter().map(|setting| setting.variable.to_owned()).collect());
        distinct(TABLE.iter().filter_map(|setting| setting.short.map(String::from)).collect());
    }

    #[test]
    fn each_setting_reads_what_it_shows() {
        for setting in TABLE {
            let mut settings = Settings::default();
            let shown = (setting.show)(&settings);
            (setting.read)(&mut settings, &[shown.clone().into()])
                .unwrap_or_else(|error| panic!("{} {shown}: {error}", setting.key));
            assert_eq!(settings, Settings::default(), "{}", setting.key);
        }
    }

    #[test]
    fn names_follow_one_style() {
        for setting in TABLE {
            assert!(setting.variable.starts_with("GOXEL_"), "{}", setting.key);
            assert!(setting.key.contains('.'), "{}", setting.key);
            assert!(!setting.help().ends_with('.'), "{}", setting.key);
        }
    }
}
