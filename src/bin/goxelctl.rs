//! `goxelctl`: the hand tool of the daemon. Everything is in the library's `ctl` room.

fn main() -> std::process::ExitCode {
    #[cfg(feature = "scripts")]
    if let Some(code) = goxel_daemon::script_worker::main_if_called() {
        return code;
    }
    goxel_daemon::ctl::main()
}
