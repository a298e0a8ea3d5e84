//! `goxel-mcp`: the server for agents on stdio. Everything is in the library's `mcp` room.

fn main() -> std::process::ExitCode {
    goxel_daemon::mcp::program::main(std::env::args_os().skip(1))
}
