//! `goxelctl`: the hand tool of the daemon. Everything is in the library's `ctl` room.

fn main() -> std::process::ExitCode {
    goxel_daemon::ctl::main()
}
