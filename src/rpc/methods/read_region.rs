//! The handler that reads boxes page by page.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::entries;
use super::sources::sourced;
use crate::api::args::ParamError;
use crate::api::color_form::to_hex;
use crate::api::methods::read_region::*;
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{OVER_LIMIT, REVISION_CONFLICT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, CellRuns, Rgba, Volume};

entries![ReadRegion];

/// Units of work that are done before other connections get their turn.
const UNITS_AT_ONCE: u64 = 4;
/// Steps of a walk that count as one unit of work.
const STEPS_PER_UNIT: usize = 4096;

impl Handle for ReadRegion {
    fn handle(
        context: &mut Context<'_>,
        params: ReadRegionParams<'_>,
    ) -> Result<Outcome<ReadRegionResult>, RpcError> {
        let bounds = Bounds::inclusive(params.min, params.max);
        if bounds.capacity() > MAX_REGION_CELLS {
            let message = format!(
                "The box holds {} cells, and at most {MAX_REGION_CELLS} are read",
                bounds.capacity()
            );
            return Err(RpcError::new(OVER_LIMIT, message)
                .with("param", "max")
                .hint("goxel.get_bounding_box tells where the voxels are"));
        }
        let revision = context.project()?.revision();
        let first = match &params.cursor {
            None => 0,
            Some(cursor) => resume(cursor, revision, bounds)?,
        };
        let (limit, encoding) = (params.limit.0, params.encoding);
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        sourced(context, params.layer_id, move |_, volume, layer_id| {
            let page = Page::new(volume, bounds, first, limit, encoding);
            let finish = move |page| Ok(result(page, revision, layer_id));
            Outcome::at_once_or_later(page, UNITS_AT_ONCE, finish)
        })
    }
}

/// A cursor: the revision and the next cell.
fn cursor(revision: u64, cell: u64) -> String {
    format!("{revision}:{cell}")
}

fn resume(cursor: &str, revision: u64, bounds: Bounds) -> Result<u64, RpcError> {
    let parts = cursor.split_once(':');
    let numbers = parts.and_then(|(of, cell)| Some((of.parse().ok()?, cell.parse().ok()?)));
    let Some((of, cell)) =
        numbers.filter(|&(_, cell): &(u64, u64)| u128::from(cell) < bounds.capacity())
    else {
        let got = crate::api::args::shown(cursor);
        let message = format!(
            "Invalid parameter 'cursor': expected the next_cursor of this box, got '{got}'"
        );
        return Err(ParamError::rule("cursor", message).into());
    };
    if of != revision {
        let message = format!(
            "The project was changed between two pages: the first was of revision {of}, now it is {revision}"
        );
        return Err(RpcError::new(REVISION_CONFLICT, message)
            .with("param", "cursor")
            .with("revision", revision)
            .hint("read the box again from its start, without a cursor"));
    }
    Ok(cell)
}

/// A page being read.
struct Page {
    volume: Volume,
    bounds: Bounds,
    first: u64,
    next: u64,
    end: u64,
    encoding: Encoding,
    palette: Vec<Rgba>,
    indexes: HashMap<Rgba, u64>,
    runs: Vec<u64>,
    bytes: Vec<u8>,
}

impl Page {
    fn new(volume: Volume, bounds: Bounds, first: u64, limit: u64, encoding: Encoding) -> Self {
        let total = u64::try_from(bounds.capacity()).unwrap_or(u64::MAX);
        let end = total.min(first.saturating_add(limit));
        let (palette, indexes) = (vec![Rgba::EMPTY], HashMap::from([(Rgba::EMPTY, 0)]));
        let (runs, bytes) = (Vec::new(), Vec::new());
        Page { volume, bounds, first, next: first, end, encoding, palette, indexes, runs, bytes }
    }

    fn push(&mut self, count: u64, color: Rgba) {
        match self.encoding {
            Encoding::Base64 => (0..count).for_each(|_| self.bytes.extend(color.bytes())),
            Encoding::Runs => {
                let palette = &mut self.palette;
                let index = *self.indexes.entry(color).or_insert_with(|| {
                    palette.push(color);
                    palette.len() as u64 - 1
                });
                match self.runs.as_mut_slice() {
                    [.., run, last] if *last == index => *run += count,
                    _ => self.runs.extend([count, index]),
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.next >= self.end || self.runs.len() >= 2 * MAX_PAGE_RUNS
    }
}

impl Job for Page {
    type Output = Page;

    fn step(&mut self, budget: &mut Budget) -> Step<Page> {
        let volume = self.volume.clone();
        let mut runs = CellRuns::new(&volume, self.bounds, self.next);
        loop {
            for _ in 0..STEPS_PER_UNIT {
                if self.is_full() {
                    let empty = Page::new(Volume::new(), self.bounds, 0, 0, self.encoding);
                    return Step::Done(std::mem::replace(self, empty));
                }
                let Some((count, color)) = runs.next() else {
                    self.next = self.end;
                    continue;
                };
                let count = count.min(self.end - self.next);
                self.push(count, color);
                self.next += count;
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress { done: self.next - self.first, total: self.end - self.first }
    }
}

fn result(page: Page, revision: u64, layer_id: Option<i32>) -> ReadRegionResult {
    let total = u64::try_from(page.bounds.capacity()).unwrap_or(u64::MAX);
    let is_runs = page.encoding == Encoding::Runs;
    ReadRegionResult {
        encoding: page.encoding.word(),
        min: page.bounds.min,
        max: page.bounds.max_inside(),
        size: page.bounds.dimensions(),
        total_cells: total,
        offset: page.first,
        cells: page.next - page.first,
        palette: is_runs.then(|| page.palette.iter().map(|&color| to_hex(color)).collect()),
        runs: is_runs.then_some(page.runs),
        data: (!is_runs).then(|| STANDARD.encode(&page.bytes)),
        next_cursor: (page.next < total).then(|| cursor(revision, page.next)),
        layer_id,
        revision,
    }
}
