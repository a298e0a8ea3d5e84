//! The daemon. Everything is in the library's `server` room.

fn main() -> std::process::ExitCode {
    goxel_daemon::server::program::main(std::env::args_os().skip(1))
}
