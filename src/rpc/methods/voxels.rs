//! Handlers about single voxels and lists of them.

use super::{entries, target};
use crate::api::args::shown;
use crate::api::bulk::{EXPECTED, VoxelEntries, VoxelEntry};
use crate::api::methods::edit::BoxResult;
use crate::api::methods::voxels::*;
use crate::api::operations::forms::{ClearFields, VoxelsFields};
use crate::api::operations::values::VoxelList;
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::api::{Color, ParamError, Position};
use crate::document::history::Scope;
use crate::document::{Document, LayerId};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::change::{Change, carry_out, refused};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, drafted};
use crate::rpc::error::{
    ADD_VOXEL, GET_VOXEL, NO_SUCH_LAYER, PAINT_VOXELS, REMOVE_VOXEL, RpcError,
};
use crate::rpc::long_lists::{LONG, LongArray};
use crate::rpc::table::Handle;
use crate::voxel::{Point, Rgba};

entries![AddVoxel, RemoveVoxel, GetVoxel, PaintVoxels, AddVoxels, ClearVoxels];

impl Handle for AddVoxel {
    fn handle(
        context: &mut Context<'_>,
        params: AddVoxelParams,
    ) -> Result<Outcome<AddVoxelResult>, RpcError> {
        let AddVoxelParams { position: Position([x, y, z]), color: Color(color), layer_id } =
            params;
        let work = AtOnce::new(move |document: &mut Document| {
            let layer = target::editable_layer_mut(document, layer_id, ADD_VOXEL)?;
            layer.volume.try_set(Point::new(x, y, z), color)?;
            Ok(layer.id.0)
        });
        drafted(context, "add voxel", Scope::Voxels, work, move |_, layer_id| {
            Ok(AddVoxelResult { success: true, x, y, z, layer_id, color: color.bytes() })
        })
    }
}

impl Handle for RemoveVoxel {
    fn handle(
        context: &mut Context<'_>,
        params: RemoveVoxelParams,
    ) -> Result<Outcome<RemoveVoxelResult>, RpcError> {
        let RemoveVoxelParams { position: Position([x, y, z]), layer_id } = params;
        let work = AtOnce::new(move |document: &mut Document| {
            let layer = target::editable_layer_mut(document, layer_id, REMOVE_VOXEL)?;
            let old = layer.volume.set(Point::new(x, y, z), Rgba::EMPTY);
            Ok((layer.id.0, !old.is_empty()))
        });
        drafted(context, "remove voxel", Scope::Voxels, work, move |_, (layer_id, removed)| {
            Ok(RemoveVoxelResult { success: true, x, y, z, layer_id, removed })
        })
    }
}

impl Handle for GetVoxel {
    fn handle(
        context: &mut Context<'_>,
        params: RemoveVoxelParams,
    ) -> Result<Outcome<GetVoxelResult>, RpcError> {
        let RemoveVoxelParams { position: Position([x, y, z]), layer_id } = params;
        let document = context.project()?.document();
        let layer = target::layer(document, layer_id, GET_VOXEL)?;
        let (name, others) = target::looked_at(document, layer);
        let color = layer.volume.get(Point::new(x, y, z));
        let result = GetVoxelResult {
            x,
            y,
            z,
            exists: !color.is_empty(),
            color: color.bytes(),
            position: [x, y, z],
            material_id: layer.material,
            layer_id: layer.id.0,
            layer: name,
            others,
        };
        Ok(result.into())
    }
}

/// Painting cannot erase: alpha 0 counts as opaque, as in the reference.
pub(super) fn opaque(color: Rgba) -> Rgba {
    if color.is_empty() { Rgba { a: 255, ..color } } else { color }
}

impl Handle for PaintVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: PaintVoxelsParams,
    ) -> Result<Outcome<PaintVoxelsResult>, RpcError> {
        let PaintVoxelsParams { position: Position(at), color: Color(color), layer_id } = params;
        let work = AtOnce::new(move |document: &mut Document| {
            let layer = target::editable_layer_mut(document, layer_id, PAINT_VOXELS)?;
            let old = layer.volume.set(at.into(), opaque(color));
            if old.is_empty() { Err(nothing_there(at)) } else { Ok((layer.id.0, old.bytes())) }
        });
        drafted(context, "paint voxel", Scope::Voxels, work, move |_, (layer_id, previous)| {
            Ok(PaintVoxelsResult { success: true, painted: 1, layer_id, previous })
        })
    }
}

fn nothing_there(at: [i32; 3]) -> RpcError {
    target::failed(PAINT_VOXELS, format!("There is no voxel at {at:?}"))
        .with("param", "position")
        .with("got", at.to_vec())
        .hint("goxel.add_voxel sets a voxel where none is; nothing was changed")
}

/// Voxels that could not be read, as far as a result shows them.
const SHOWN_FAILURES: usize = 10;

/// A list that was read as far as it can be.
#[derive(Default)]
struct ReadList {
    entries: Vec<VoxelEntry>,
    failed: u64,
    failures: Vec<FailedVoxel>,
}

impl ReadList {
    fn add(&mut self, index: usize, entry: Result<VoxelEntry, &str>) {
        let got = match entry {
            Ok(entry) if entry.color.is_some() => return self.entries.push(entry),
            Ok(_) => "a voxel without color".to_owned(),
            Err(raw) => shown(raw),
        };
        self.failed += 1;
        if self.failures.len() < SHOWN_FAILURES {
            self.failures.push(FailedVoxel { index, got });
        }
    }

    fn of(array: &str) -> ReadList {
        let voxels = VoxelEntries::new(array);
        let mut list = ReadList::default();
        list.entries.reserve(voxels.capacity());
        voxels.enumerate().for_each(|(index, entry)| list.add(index, entry));
        list
    }
}

/// The same in slices.
struct ReadLongList {
    array: LongArray,
    list: ReadList,
}

impl Job for ReadLongList {
    type Output = ReadList;

    fn step(&mut self, budget: &mut Budget) -> Step<ReadList> {
        loop {
            let list = &mut self.list;
            let is_more = self.array.take_voxels(|index, entry| {
                list.add(index, entry);
                Ok::<_, std::convert::Infallible>(())
            });
            if is_more == Ok(false) {
                return Step::Done(std::mem::take(list));
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        self.array.progress()
    }
}

impl Handle for AddVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: AddVoxelsParams<'_>,
    ) -> Result<Outcome<AddVoxelsResult>, RpcError> {
        let rule = |message| RpcError::from(ParamError::rule("voxels", message));
        let raw = params.voxels.ok_or_else(|| rule("Missing voxels parameter"))?.0;
        if !raw.starts_with('[') {
            return Err(rule("Invalid voxels parameter (must be array)").with("got", shown(raw)));
        }
        let document = context.project()?.document();
        let layer_id = target::layer_id(document, params.layer_id, NO_SUCH_LAYER)?;
        if raw.len() <= LONG {
            return add_voxels(context, layer_id, ReadList::of(raw));
        }
        let (array, mut list) = (LongArray::new(raw), ReadList::default());
        list.entries.reserve(array.voxels_about());
        let job = ReadLongList { array, list };
        Ok(Outcome::chain_later(job, move |context, list| add_voxels(context, layer_id, list)))
    }
}

fn add_voxels(
    context: &mut Context<'_>,
    layer: LayerId,
    list: ReadList,
) -> Result<Outcome<AddVoxelsResult>, RpcError> {
    let ReadList { entries, failed, failures } = list;
    let (added, layer_id) = (entries.len() as u64, layer.0);
    let result = move |revision| AddVoxelsResult {
        success: failed == 0,
        added,
        failed,
        layer_id,
        expected: (failed > 0).then_some(EXPECTED),
        failures,
        revision,
    };
    if added == 0 {
        return Ok(result(context.project()?.revision()).into());
    }
    let fields = VoxelsFields { points: VoxelList::default(), voxels: VoxelList(entries) };
    let layer = crate::api::LayerRef::Id(layer_id);
    let operation = Operation::new(Form::Voxels(fields), Mode::Replace, layer, None);
    let change = Change::of(operation, "add voxels", refused);
    carry_out(context, change, move |changed| Ok(result(changed.project.revision())))
}

impl Handle for ClearVoxels {
    fn handle(
        context: &mut Context<'_>,
        params: ClearVoxelsParams,
    ) -> Result<Outcome<ClearVoxelsResult>, RpcError> {
        let ClearVoxelsParams { min, max, layer_id: layer } = params;
        let document = context.project()?.document();
        let layer_id = target::layer_id(document, &layer, NO_SUCH_LAYER)?.0;
        let form = Form::Clear(ClearFields { min, max });
        let operation = Operation::new(form, Mode::Add, layer, None);
        let change = Change::of(operation, "clear voxels", refused);
        carry_out(context, change, move |changed| {
            let report = changed.outcome.total;
            let bounds = report.bounds.map(BoxResult::from);
            Ok(ClearVoxelsResult { success: true, removed: report.removed, layer_id, bounds })
        })
    }
}
