//! The operations of `goxel.edit` on the reference page.

use std::fmt::Write as _;

use super::page::cell;
use crate::api::Param;
use crate::api::method::Params;
use crate::api::operations::{CommonFields, OPERATIONS, OperationInfo};

const INTRODUCTION: &str = "
# Operations

What `goxel.edit` and `goxel.batch_operations` carry out: a list of flat objects, in order, as one undo step or not
at all. `op` names the operation. Every operation takes these fields besides its own:
";

/// Appends the section.
pub(super) fn section(page: &mut String) {
    page.push_str(INTRODUCTION);
    table(CommonFields::PARAMS, page);
    page.push_str(
        "\nModes: `add` draws over with alpha, `subtract` takes away, `paint` recolours what is there, `intersect` \
         keeps only\nwhat both have, `replace` replaces what is there.\n",
    );
    OPERATIONS.iter().for_each(|info| operation(info, page));
}

fn operation(info: &OperationInfo, page: &mut String) {
    let _ = write!(page, "\n## op: {}\n\n{}\n", info.name, info.summary.trim());
    table(info.fields, page);
    let _ = write!(page, "\n```json\n{}\n```\n", info.example);
}

fn table(fields: &[Param], page: &mut String) {
    page.push_str("\n| field | type | default | meaning |\n| --- | --- | --- | --- |\n");
    for field in fields {
        let default = match (field.default, field.required) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => "required".to_owned(),
            (None, false) => String::new(),
        };
        let names = field.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let kind = cell(&field.schema.short());
        let about = cell(field.description.trim());
        let _ = writeln!(page, "| {} | {kind} | {default} | {about} |", names.join(", "));
    }
}
