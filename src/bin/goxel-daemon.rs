//! The daemon. Everything is in the library's `server` room.

#[global_allocator]
static ALLOCATOR: goxel_daemon::memory::Allocator = goxel_daemon::memory::Allocator;

fn main() -> std::process::ExitCode {
    goxel_daemon::server::program::main(std::env::args_os().skip(1))
}
