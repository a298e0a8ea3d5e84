//! `goxelctl metrics`: the daemon's metrics for Prometheus, to the terminal or to a collector's
//! file.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::context::{Context, is_stdout};
use super::exit::Failure;
use crate::client::{Error, check_peer};

/// Print the daemon's metrics in the text format of Prometheus.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  goxelctl metrics\n  \
    goxelctl metrics --textfile /var/lib/prometheus/node-exporter/goxel.prom")]
pub struct Arguments {
    /// Write them to this file instead, whole or not at all, as node_exporter's textfile collector
    /// needs
    #[arg(long, value_name = "PATH")]
    pub textfile: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let text = page(context, "/metrics")?;
    match &arguments.textfile {
        Some(path) if !is_stdout(path) => {
            let written = write_whole(path, &text);
            written.map_err(|error| Failure::CannotCreate(path.clone(), error))
        }
        _ => context.output.bytes(text.as_bytes()),
    }
}

/// A page of the daemon's one-shot HTTP framing.
fn page(context: &Context, path: &str) -> Result<String, Failure> {
    let socket = &context.socket;
    let connected = UnixStream::connect(socket).and_then(|stream| {
        check_peer(&stream, socket, context.options.peer_uid)?;
        Ok(stream)
    });
    let mut stream = connected
        .map_err(|source| Failure::Client(Error::Connect { path: socket.clone(), source }))?;
    let mut answer = String::new();
    let exchanged = stream
        .set_read_timeout(Some(context.options.call_timeout))
        .and_then(|()| write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .and_then(|()| stream.read_to_string(&mut answer));
    exchanged
        .map_err(|error| Failure::Io(format!("asking {} for {path}", socket.display()), error))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => {
            let line = answer.lines().next().unwrap_or_default();
            Err(Failure::Failed(format!("the daemon did not give {path}: {line}")))
        }
    }
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // The collector reads files whose names end in .prom; this one does not.
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
