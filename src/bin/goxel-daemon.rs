//! The daemon. Everything is in the library's `server` room.

#[global_allocator]
static ALLOCATOR: goxel_daemon::memory::Allocator = goxel_daemon::memory::Allocator;

fn main() -> std::process::ExitCode {
    #[cfg(feature = "scripts")]
    if let Some(code) = goxel_daemon::script_worker::main_if_called() {
        return code;
    }
    goxel_daemon::server::program::main(std::env::args_os().skip(1))
}
