//! What a person with `curl`, a load balancer or a scraper sees: `/health`, `/ready`, `/metrics`.

use std::fmt::Write;
use std::time::Duration;

use super::metrics::{End, Metrics};
use crate::wire::http::{Request, write_response};

/// Facts about the whole server.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Since the start.
    pub uptime: Duration,
    /// Open connections.
    pub connections: usize,
    /// How many may be open.
    pub connection_limit: usize,
    /// Bytes in the buffers of all connections.
    pub buffered: usize,
    /// Messages that take more than one slice.
    pub working: usize,
    /// Whether the server is stopping.
    pub draining: bool,
    /// The counters.
    pub metrics: Metrics,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub content_type: &'static str,
    /// The content.
    pub body: String,
}

/// Where pages come from.
pub trait StatusPages {
    /// The page of a path; `None` if there is none.
    fn page(&mut self, path: &str, facts: &Facts) -> Option<Page>;
}

/// The pages that need nothing but the facts.
pub struct PlainPages;

const TEXT: &str = "text/plain; charset=utf-8";
const PATHS: &str = "/health, /ready and /metrics";

impl StatusPages for PlainPages {
    fn page(&mut self, path: &str, facts: &Facts) -> Option<Page> {
        match path {
            "/health" => Some(health(facts)),
            "/ready" if facts.draining => {
                Some(Page { status: 503, content_type: TEXT, body: "stopping\n".into() })
            }
            "/ready" => Some(Page { status: 200, content_type: TEXT, body: "ready\n".into() }),
            "/metrics" => Some(metrics(facts)),
            _ => None,
        }
    }
}

fn health(facts: &Facts) -> Page {
    let body = serde_json::json!({
        "status": if facts.draining { "fail" } else { "pass" },
        "version": crate::VERSION,
        "pid": std::process::id(),
        "uptime_seconds": facts.uptime.as_secs(),
        "connections": facts.connections,
        "messages": facts.metrics.messages,
        "errors": facts.metrics.errors,
    });
    let status = if facts.draining { 503 } else { 200 };
    Page { status, content_type: "application/json", body: format!("{body}\n") }
}

fn metrics(facts: &Facts) -> Page {
    let mut body = String::new();
    let metrics = &facts.metrics;
    let simple = [
        ("goxel_uptime_seconds", "gauge", "Time since the start.", facts.uptime.as_secs()),
        ("goxel_connections", "gauge", "Open connections.", facts.connections as u64),
        ("goxel_buffered_bytes", "gauge", "Bytes in all buffers.", facts.buffered as u64),
        ("goxel_connections_accepted_total", "counter", "Connections accepted.", metrics.accepted),
        ("goxel_connections_refused_total", "counter", "Newcomers refused.", metrics.refused),
        ("goxel_messages_total", "counter", "Complete messages.", metrics.messages),
        ("goxel_errors_total", "counter", "Messages answered with an error.", metrics.errors),
        ("goxel_received_bytes_total", "counter", "Bytes received.", metrics.bytes_in),
        ("goxel_sent_bytes_total", "counter", "Bytes sent.", metrics.bytes_out),
    ];
    for (name, kind, help, value) in simple {
        declare(&mut body, name, kind, help);
        line(&mut body, format_args!("{name} {value}"));
    }
    let ended = "goxel_connections_ended_total";
    declare(&mut body, ended, "counter", "Connections ended, by reason.");
    for end in End::ALL {
        let (reason, count) = (end.name(), metrics.ended(end));
        line(&mut body, format_args!("{ended}{{reason=\"{reason}\"}} {count}"));
    }
    let latency = "goxel_message_duration_seconds";
    declare(&mut body, latency, "histogram", "From a complete message to its answer.");
    for (bound, count) in metrics.latency.below_powers((10..=34).step_by(2)) {
        let bound = bound.as_secs_f64();
        line(&mut body, format_args!("{latency}_bucket{{le=\"{bound}\"}} {count}"));
    }
    let (count, sum) = (metrics.latency.count(), metrics.latency.total().as_secs_f64());
    line(&mut body, format_args!("{latency}_bucket{{le=\"+Inf\"}} {count}"));
    line(&mut body, format_args!("{latency}_sum {sum}"));
    line(&mut body, format_args!("{latency}_count {count}"));
    Page { status: 200, content_type: "text/plain; version=0.0.4; charset=utf-8", body }
}

fn declare(body: &mut String, name: &str, kind: &str, help: &str) {
    line(body, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(body, "{text}");
}

/// Appends the response to a request.
pub fn respond(request: &Request, pages: &mut dyn StatusPages, facts: &Facts, out: &mut Vec<u8>) {
    let note = |status, text: &str| Page { status, content_type: TEXT, body: format!("{text}\n") };
    let (page, head_only) = match request {
        Request::Get { path, head_only } => {
            let page = pages.page(path, facts);
            let missing = || note(404, &format!("No such page. There are {PATHS}."));
            (page.unwrap_or_else(missing), *head_only)
        }
        Request::OtherMethod => {
            let advice = "Only GET and HEAD are served. For calls send JSON-RPC without HTTP.";
            (note(405, advice), false)
        }
        Request::Bad => (note(400, "This is not a complete HTTP/1.1 request."), false),
        Request::HeadersTooLong => (note(431, "The header block is longer than 8 KiB."), false),
    };
    write_response(out, page.status, page.content_type, page.body.as_bytes(), head_only);
}

/// Appends the response to a request that was not finished in time.
pub fn time_out(out: &mut Vec<u8>) {
    write_response(out, 408, TEXT, b"The request was not finished in time.\n", false);
}
