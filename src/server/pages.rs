//! What a person with `curl`, a load balancer or a scraper sees: `/live`, `/health`, `/ready`,
//! `/metrics`.
//!
//! `/live` says that the loop turns, which is all that a liveness probe should ask. `/health` is
//! the result of `goxel.health`, with status 503 if something fails. `/ready` is one word, with
//! status 503 while the daemon stops. `/metrics` is text for Prometheus.

use super::hub::Hub;
use super::metrics_text;
use super::status::{Page, TEXT};
use crate::api::methods::health::HealthResult;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page of a path; `None` if there is none.
pub fn page<T, C>(
    path: &str,
    health: impl FnOnce() -> HealthResult,
    hub: &Hub<T, C>,
) -> Option<Page> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    match path {
        "/health" => Some(health_page(&health())),
        "/live" => Some(Page { status: 200, content_type: TEXT, body: "live\n".to_owned() }),
        "/ready" => Some(ready_page(hub.draining.is_none())),
        "/metrics" => {
            let body = metrics_text::text(&health(), &hub.observer.calls, &hub.metrics);
            Some(Page { status: 200, content_type: PROMETHEUS, body })
        }
        _ => None,
    }
}

fn health_page(health: &HealthResult) -> Page {
    // Its keys are strings and its numbers finite, so it has a text.
    let mut body = serde_json::to_string(health).unwrap_or_default();
    body.push('\n');
    let status = if health.status == "fail" { 503 } else { 200 };
    Page { status, content_type: "application/json", body }
}

fn ready_page(is_ready: bool) -> Page {
    let (status, body) = if is_ready { (200, "ready\n") } else { (503, "stopping\n") };
    Page { status, content_type: TEXT, body: body.to_owned() }
}
