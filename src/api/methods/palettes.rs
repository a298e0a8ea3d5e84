//! Methods about palettes: colours offered for picking.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::system::NoParams;
use crate::api::value::Untyped;
use crate::voxel::Rgba;

result! {
    /// One palette of a list.
    pub struct ListedPalette {
        /// Its name, by which goxel.get_palette and goxel.set_palette take it.
        name: String,
        /// How many colours it has.
        count: usize,
    }
}

result! {
    /// The palettes.
    pub struct PaletteList {
        /// How many built-in ones there are.
        count: usize,
        /// The built-in palettes.
        palettes: Vec<ListedPalette>,
        /// The document's own palette.
        current: ListedPalette,
    }
}

method! {
    /// Lists the built-in palettes and the document's own.
    ListPalettes = "goxel.list_palettes",
    NoParams -> PaletteList,
    effect: Read, lenient: false,
    by_position: "[]", by_name: "{}",
}

params! {
    /// Which palette.
    pub struct GetPaletteParams<'a> {
        /// The name of a built-in palette; absent: the document's own.
        name | "palette": Option<Cow<'a, str>>,
    }
}

result! {
    /// One colour of a palette.
    pub struct PaletteColor {
        /// The colour, `#RRGGBBAA`.
        color: String,
        /// Its name, if it has one.
        name: Option<String>,
    }
}

result! {
    /// A palette.
    pub struct PaletteState {
        /// Its name.
        name: String,
        /// How many colours it has.
        count: usize,
        /// Its colours in order.
        colors: Vec<PaletteColor>,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Tells the colours of the document's palette or of a built-in one.
    GetPalette = "goxel.get_palette",
    GetPaletteParams<'a> -> PaletteState,
    effect: Read, lenient: false,
    by_position: r#"["basic"]"#, by_name: "{}",
}

params! {
    /// The document's new palette.
    pub struct SetPaletteParams<'a> {
        /// The name of a built-in palette, or with `colors` what the new palette is called.
        name | "palette": Option<Cow<'a, str>>,
        /// The colours in order, each in any form.
        colors: Option<Untyped<'a, Rgba>>,
        /// Names of the colours, in the same order; "" for none.
        names: Option<Untyped<'a, Cow<'a, str>>>,
    }
}

method! {
    /// Gives the document a built-in palette or one of its own.
    SetPalette = "goxel.set_palette",
    SetPaletteParams<'a> -> PaletteState,
    effect: Edit, lenient: false,
    by_position: r#"["basic"]"#,
    by_name: r##"{"name":"Castle","colors":["#888","#5c4033","gold"],"names":["stone","wood",""]}"##,
    errors: [1004],
}

params! {
    /// A palette file.
    pub struct ImportPaletteParams<'a> {
        /// The file: .gpl, or a PNG whose colours are taken in the order of their first pixels. A
        /// relative path starts at the daemon's working directory.
        path | "file_path": Cow<'a, str>,
    }
}

method! {
    /// Gives the document the palette of a file.
    ImportPalette = "goxel.import_palette",
    ImportPaletteParams<'a> -> PaletteState,
    effect: Edit, lenient: false,
    by_position: r#"["colors.gpl"]"#, by_name: r#"{"path":"colors.gpl"}"#,
    errors: [-1002],
}

params! {
    /// Where the palette goes.
    pub struct ExportPaletteParams<'a> {
        /// The file to write, in GIMP's format (.gpl).
        path | "file_path" | "output_path": Cow<'a, str>,
        /// Write even onto the file of an open project, which has to be saved again then.
        overwrite: bool = "false",
    }
}

result! {
    /// The file.
    pub struct ExportPaletteResult {
        /// Always true.
        success: bool,
        /// The path as given.
        path: String,
        /// Where the file is, from the root of the file system on.
        absolute_path: String,
        /// How many colours were written.
        count: usize,
        /// Bytes of the file.
        bytes: u64,
    }
}

method! {
    /// Writes the document's palette to a .gpl file.
    ExportPalette = "goxel.export_palette",
    ExportPaletteParams<'a> -> ExportPaletteResult,
    effect: File, lenient: false,
    by_position: r#"["palette.gpl"]"#, by_name: r#"{"path":"palette.gpl"}"#,
    errors: [-1003],
}
