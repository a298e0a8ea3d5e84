//! The handler that reads boxes page by page.

use std::collections::HashMap;
use std::io::Write;

use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::write::EncoderWriter;

use super::entries;
use super::sources::{Seen, sourced};
use crate::api::args::ParamError;
use crate::api::color_form::to_hex;
use crate::api::json::Spelt;
use crate::api::methods::read_region::*;
use crate::job::pieces::{Pieces, SharedPieces};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{OVER_LIMIT, REVISION_CONFLICT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, CellRuns, Rgba, Volume};

entries![ReadRegion];

/// Steps of a walk that count as one unit of work.
const STEPS_PER_UNIT: u64 = 1024;

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
        sourced(context, params.layer_id, move |context, volume, seen| {
            let page = Page::new(volume, bounds, first, limit, encoding);
            let finish = move |page| Ok(result(page, revision, seen));
            Outcome::at_once_or_later(context, page, finish)
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
    /// The run that may go on: how many cells, and the index of their colour.
    run: Option<(u64, u64)>,
    /// How many runs there are, with that one.
    run_count: usize,
    text: Text,
}

/// What is read, as JSON.
enum Text {
    /// Counts and indexes, without the brackets around them.
    Runs(Pieces),
    /// The cells in base64, with the quote before them. The encoder writes to the same pieces.
    Cells(SharedPieces, Box<EncoderWriter<'static, GeneralPurpose, SharedPieces>>),
}

impl Text {
    fn new(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Runs => Text::Runs(Pieces::new()),
            Encoding::Base64 => {
                let mut pieces = SharedPieces::default();
                // Writing to memory cannot fail.
                let _ = pieces.write_all(b"\"");
                Text::Cells(pieces.clone(), Box::new(EncoderWriter::new(pieces, &STANDARD)))
            }
        }
    }

    /// Appends a run.
    fn put_run(&mut self, count: u64, index: u64) {
        let Text::Runs(pieces) = self else { return };
        let comma: &[u8] = if pieces.is_empty() { b"" } else { b"," };
        let (mut count_text, mut index_text) = (itoa::Buffer::new(), itoa::Buffer::new());
        let parts =
            [comma, count_text.format(count).as_bytes(), b",", index_text.format(index).as_bytes()];
        let out = pieces.room(RUN_ROOM);
        parts.iter().for_each(|part| out.extend_from_slice(part));
    }

    /// Appends cells of one colour.
    fn put_cells(&mut self, mut count: u64, color: Rgba) {
        let Text::Cells(_, encoder) = self else { return };
        let cells = [color.bytes(); 64];
        while count > 0 {
            let now = count.min(cells.len() as u64);
            let _ = encoder.write_all(cells[..now as usize].as_flattened());
            count -= now;
        }
    }
}

/// Bytes of a run as text, at most.
const RUN_ROOM: usize = 48;

impl Page {
    fn new(volume: Volume, bounds: Bounds, first: u64, limit: u64, encoding: Encoding) -> Self {
        let total = u64::try_from(bounds.capacity()).unwrap_or(u64::MAX);
        let end = total.min(first.saturating_add(limit));
        let (palette, indexes) = (vec![Rgba::EMPTY], HashMap::from([(Rgba::EMPTY, 0)]));
        let (run, run_count, text) = (None, 0, Text::new(encoding));
        let next = first;
        Page { volume, bounds, first, next, end, encoding, palette, indexes, run, run_count, text }
    }

    fn push(&mut self, count: u64, color: Rgba) {
        if self.encoding == Encoding::Base64 {
            return self.text.put_cells(count, color);
        }
        let palette = &mut self.palette;
        let index = *self.indexes.entry(color).or_insert_with(|| {
            palette.push(color);
            palette.len() as u64 - 1
        });
        match &mut self.run {
            Some((run, last)) if *last == index => *run += count,
            run => {
                if let Some((count, index)) = run.replace((count, index)) {
                    self.text.put_run(count, index);
                }
                self.run_count += 1;
            }
        }
    }

    fn is_full(&self) -> bool {
        self.next >= self.end || self.run_count >= MAX_PAGE_RUNS
    }

    /// The runs and the cells, whichever were asked for.
    fn spell(&mut self) -> (Option<Spelt<Vec<u64>>>, Option<Spelt<String>>) {
        if let Some((count, index)) = self.run.take() {
            self.text.put_run(count, index);
        }
        match &mut self.text {
            Text::Runs(runs) => {
                let mut list = Pieces::from(b"[".to_vec());
                list.append(std::mem::take(runs));
                list.put(b"]");
                (Some(Spelt::new(list)), None)
            }
            Text::Cells(pieces, encoder) => {
                let _ = encoder.finish();
                let mut text = pieces.take();
                text.put(b"\"");
                (None, Some(Spelt::new(text)))
            }
        }
    }
}

impl Job for Page {
    type Output = Page;

    fn step(&mut self, budget: &mut Budget) -> Step<Page> {
        let volume = self.volume.clone();
        let mut runs = CellRuns::new(&volume, self.bounds, self.next);
        let mut steps = 0;
        while !self.is_full() {
            let Some((count, color)) = runs.next() else {
                self.next = self.end;
                break;
            };
            let mut left = count.min(self.end - self.next);
            while left > 0 {
                // A run is as much work as its cells if all of them are written.
                let (now, work) = match self.encoding {
                    Encoding::Runs => (left, 1),
                    Encoding::Base64 => (left.min(STEPS_PER_UNIT), left.min(STEPS_PER_UNIT)),
                };
                self.push(now, color);
                (self.next, left, steps) = (self.next + now, left - now, steps + work);
                if steps >= STEPS_PER_UNIT {
                    steps = 0;
                    if !budget.spend(1) {
                        return Step::More;
                    }
                }
            }
        }
        let empty = Page::new(Volume::new(), self.bounds, 0, 0, self.encoding);
        Step::Done(std::mem::replace(self, empty))
    }

    fn progress(&self) -> Progress {
        Progress { done: self.next - self.first, total: self.end - self.first }
    }
}

fn result(mut page: Page, revision: u64, seen: Seen) -> ReadRegionResult {
    let total = u64::try_from(page.bounds.capacity()).unwrap_or(u64::MAX);
    let is_runs = page.encoding == Encoding::Runs;
    let (runs, data) = page.spell();
    ReadRegionResult {
        encoding: page.encoding.word(),
        min: page.bounds.min,
        max: page.bounds.max_inside(),
        size: page.bounds.dimensions(),
        total_cells: total,
        offset: page.first,
        cells: page.next - page.first,
        palette: is_runs.then(|| page.palette.iter().map(|&color| to_hex(color)).collect()),
        runs,
        data,
        next_cursor: (page.next < total).then(|| cursor(revision, page.next)),
        layer_id: seen.layer_id,
        layer: seen.layer,
        revision,
    }
}
