//! The handler of `goxel.batch_operations`.

use super::entries;
use super::shapes::shape_operation;
use super::voxels::opaque;
use crate::api::args::shown;
use crate::api::bulk::{VoxelEntry, voxel_behind};
use crate::api::json::{Elements, few_members, string};
use crate::api::methods::batch::*;
use crate::api::methods::shapes::{FloodFillParams, ProceduralShapeParams};
use crate::api::methods::voxels::{
    AddVoxelParams, ClearVoxelsParams, PaintVoxelsParams, RemoveVoxelParams,
};
use crate::api::notes::note;
use crate::api::operations::forms::{ClearFields, FillFields, VoxelsFields};
use crate::api::operations::values::VoxelList;
use crate::api::operations::{Form, Operation, OperationError, no_such_operation, read_operation};
use crate::api::words::Mode;
use crate::api::{Args, LayerRef, ParamError, Params};
use crate::edit::EditError;
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::change::{Change, Changed, carry_out, refused, unreadable};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::long_lists::{LONG, LongArray};
use crate::rpc::table::Handle;
use crate::voxel::Rgba;

entries![BatchOperations];

impl Handle for BatchOperations {
    fn handle(
        context: &mut Context<'_>,
        params: BatchParams<'_>,
    ) -> Result<Outcome<BatchResult>, RpcError> {
        let rule = || ParamError::rule("operations", "Must specify operations array");
        let raw = params.operations.filter(|raw| raw.0.starts_with('[')).ok_or_else(rule)?.0;
        if raw.len() <= LONG {
            let program = Program::read(raw, params.layer_id)?;
            return program.carry_out(context);
        }
        let (array, layer) = (LongArray::new(raw), params.layer_id);
        let job = ReadProgram { array, layer, program: Program::default() };
        Ok(Outcome::chain_later(job, |context, program| program?.carry_out(context)))
    }
}

/// Operations read in one unit of work.
const OPERATIONS_A_UNIT: usize = 16;

/// A long list of operations, read in slices.
struct ReadProgram {
    array: LongArray,
    layer: LayerRef,
    program: Program,
}

impl Job for ReadProgram {
    type Output = Result<Program, RpcError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        loop {
            for _ in 0..OPERATIONS_A_UNIT {
                let Some((index, raw)) = self.array.next() else {
                    return Step::Done(Ok(std::mem::take(&mut self.program)));
                };
                if let Err(error) = self.program.read_one(index, raw, &self.layer) {
                    return Step::Done(Err(error));
                }
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

/// How the commonest operation begins.
const ADD_VOXEL_HEAD: &str = r#"{"type":"add_voxel","#;

/// The operations of a batch. Single voxels that follow each other are one operation.
#[derive(Default)]
struct Program {
    operations: Vec<Operation>,
    /// Where in the call each of them began.
    places: Vec<usize>,
    total: usize,
}

impl Program {
    fn read(array: &str, layer: LayerRef) -> Result<Self, RpcError> {
        let mut program = Program::default();
        for (index, raw) in Elements::new(array).enumerate() {
            program.read_one(index, raw, &layer)?;
        }
        Ok(program)
    }

    fn read_one(&mut self, index: usize, raw: &str, layer: &LayerRef) -> Result<(), RpcError> {
        if let Some(entry) = voxel_behind(ADD_VOXEL_HEAD, raw) {
            self.push_voxel(index, entry, layer);
            return Ok(());
        }
        let mut operation = read_one(raw).map_err(|wrong| match wrong {
            Wrong::Param(op, error) => unreadable(OperationError { index, op, error }),
            Wrong::Shape(mut error) => {
                error.message = format!("Operation {index}: {}", error.message);
                error.with("operation", index)
            }
        })?;
        if operation.layer.is_active() {
            operation.layer = layer.clone();
        }
        self.push(index, operation);
        Ok(())
    }

    fn carry_out(self, context: &mut Context<'_>) -> Result<Outcome<BatchResult>, RpcError> {
        let Program { operations, places, total } = self;
        let label = format!("batch of {total}");
        let told = places.clone();
        let refused = Box::new(move |error: EditError, document: &_| {
            let operation = error.operation.and_then(|index| places.get(index).copied());
            refused(EditError { operation, ..error }, document)
        });
        let change = Change { operations, label, dry_run: false, refused };
        carry_out(context, change, move |Changed { outcome, project }| {
            for warning in &outcome.warnings {
                let place = told.get(warning.operation).copied().unwrap_or(warning.operation);
                note(format!("operation {place}: {}", warning.message));
            }
            Ok(BatchResult {
                success: true,
                total_operations: total,
                successful_operations: total,
                changed: outcome.total.changed,
                revision: project.revision(),
            })
        })
    }

    /// Adds a voxel to the list that the last operation is, or begins one.
    fn push_voxel(&mut self, index: usize, entry: VoxelEntry, layer: &LayerRef) {
        if let Some(last) = self.operations.last_mut()
            && (last.mode, &last.layer, last.color) == (Mode::Replace, layer, None)
            && let Form::Voxels(fields) = &mut last.form
        {
            self.total += 1;
            fields.voxels.0.push(entry);
            return;
        }
        let color = entry.color.unwrap_or(Rgba::WHITE);
        self.push(index, one_voxel(entry.point.array(), color, Mode::Replace, layer.clone()));
    }

    fn push(&mut self, index: usize, operation: Operation) {
        self.total += 1;
        if let Some(last) = self.operations.last_mut()
            && (last.mode, &last.layer) == (operation.mode, &operation.layer)
            && last.color.is_none()
            && operation.color.is_none()
            && let (Form::Voxels(before), Form::Voxels(more)) = (&mut last.form, &operation.form)
            && more.points.0.is_empty()
        {
            before.voxels.0.extend_from_slice(&more.voxels.0);
            return;
        }
        self.operations.push(operation);
        self.places.push(index);
    }
}

/// What is wrong with an operation.
enum Wrong {
    Param(Option<&'static crate::api::operations::OperationInfo>, ParamError),
    Shape(RpcError),
}

impl From<ParamError> for Wrong {
    fn from(error: ParamError) -> Self {
        Wrong::Param(None, error)
    }
}

fn read_one(raw: &str) -> Result<Operation, Wrong> {
    let name = few_members(raw)
        .filter(|(name, _)| name == "type" || name == "op")
        .find_map(|(_, value)| string(value));
    let name = name.unwrap_or_default();
    let name = name.strip_prefix("goxel.").unwrap_or(&name);
    let mut args = Args::new(Some(raw).filter(|raw| raw.starts_with('{'))).ok_or_else(|| {
        ParamError::rule("operations", format!("must be an object, got {}", shown(raw)))
    })?;
    let args = &mut args;
    Ok(match name {
        "add_voxel" | "set_voxel" | "add" => {
            let AddVoxelParams { position, color, layer_id } = take_older(args)?;
            one_voxel(position.0, color.0, Mode::Replace, layer_id)
        }
        "remove_voxel" | "remove" => {
            let RemoveVoxelParams { position, layer_id } = take_older(args)?;
            one_voxel(position.0, Rgba::EMPTY, Mode::Replace, layer_id)
        }
        "paint_voxel" | "paint_voxels" => {
            let PaintVoxelsParams { position, color, layer_id } = take_older(args)?;
            one_voxel(position.0, opaque(color.0), Mode::Paint, layer_id)
        }
        "flood_fill" => {
            let params: FloodFillParams = take_older(args)?;
            let FloodFillParams { position, tolerance, within, color, layer_id: layer } = params;
            let form = Form::Fill(FillFields { at: position.0, tolerance });
            let color = Some(opaque(color.0));
            Operation::new(form, Mode::Replace, layer, color).within(within)
        }
        "procedural_shape" => {
            let params: ProceduralShapeParams<'_> = take_older(args)?;
            shape_operation(&params).map_err(Wrong::Shape)?
        }
        "clear_voxels" => {
            let ClearVoxelsParams { min, max, layer_id } = take_older(args)?;
            let form = Form::Clear(ClearFields { min, max });
            Operation::new(form, Mode::Add, layer_id, None)
        }
        name => read_operation(raw, |_| None).map_err(|(op, error)| match error {
            ParamError::NoSuch { known, .. } => {
                Wrong::from(no_such_operation(name, [&OLDER_NAMES, &*known].concat()))
            }
            error => Wrong::Param(op, error),
        })?,
    })
}

/// The params of an older method as an operation; what it does not know is noted.
fn take_older<'a, P: Params<'a>>(args: &mut Args<'a>) -> Result<P, ParamError> {
    let _ = (args.named("type"), args.named("op"));
    let params = P::take(args).map_err(|error| args.explain(error))?;
    args.note_rest(|| {
        let params = P::PARAMS.iter();
        params.flat_map(|param| param.names.iter().chain(param.parts).copied()).collect()
    });
    Ok(params)
}

/// The operations that the C daemon has methods for.
const OLDER_NAMES: [&str; 6] =
    ["add_voxel", "remove_voxel", "paint_voxels", "flood_fill", "procedural_shape", "clear_voxels"];

fn one_voxel(point: [i32; 3], color: Rgba, mode: Mode, layer: LayerRef) -> Operation {
    let entry = VoxelEntry { point: point.into(), color: Some(color) };
    let (points, voxels) = (VoxelList::default(), VoxelList(vec![entry]));
    Operation::new(Form::Voxels(VoxelsFields { points, voxels }), mode, layer, None)
}
