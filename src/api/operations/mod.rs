//! The operation set: what `goxel.edit` and `goxel.batch_operations` can do, as data.
//!
//! An operation is a flat object: `op` names it, `mode`, `layer` and `color` mean the same
//! everywhere, the other fields are its own. This is the one list: its parser, its schema and its
//! examples come from it; what the operations do is in the room `edit`.

pub(crate) mod conflicts;
pub mod forms;
pub mod richer;
pub mod values;

use forms::*;
use richer::{Symmetry, Within};
use serde_json::{Value as Json, json};

use super::json::{Elements, string};
use super::macros::params;
use super::method::{Param, Params};
use super::words::Mode;
use super::{Args, Color, LayerRef, ParamError, ParamType};
use crate::likeness::nearest;
use crate::voxel::{Rgba, Volume};

/// One operation of the set, as data.
pub struct OperationInfo {
    /// Its name, the value of `op`.
    pub name: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Its own fields.
    pub fields: &'static [Param],
    /// An operation that works.
    pub example: &'static str,
    read: fn(&mut Args<'_>) -> Result<Form, ParamError>,
}

macro_rules! operations {
    ($( $(#[doc = $doc:literal])+ $form:ident = $name:literal, $fields:ident, $example:literal; )*) => {
        /// What an operation does, with its fields.
        pub enum Form { $( $(#[doc = $doc])+ $form($fields), )* }

        /// All operations.
        pub const OPERATIONS: &[OperationInfo] = &[ $( OperationInfo {
            name: $name,
            summary: concat!($($doc),+),
            fields: <$fields as Params<'static>>::PARAMS,
            example: $example,
            read: |args| <$fields as Params<'_>>::take(args).map(Form::$form),
        }, )* ];

        impl Form {
            /// The value of `op`.
            pub const fn name(&self) -> &'static str {
                match self { $( Form::$form(_) => $name, )* }
            }
        }
    };
}

operations! {
    /// Draws a box.
    Box = "box", BoxFields,
        r##"{"op":"box","min":[0,0,0],"max":[7,7,3],"color":"#886644","hollow":1}"##;
    /// Draws a ball.
    Sphere = "sphere", SphereFields,
        r#"{"op":"sphere","center":[0,0,8],"radius":4,"color":"red"}"#;
    /// Draws an ellipsoid.
    Ellipsoid = "ellipsoid", SolidFields,
        r#"{"op":"ellipsoid","center":[0,0,8],"radii":[6,4,3],"color":[200,180,40]}"#;
    /// Draws a cylinder.
    Cylinder = "cylinder", SolidFields,
        r#"{"op":"cylinder","center":[0,0,8],"radius":3,"height":9,"color":"gray"}"#;
    /// Draws a cone.
    Cone = "cone", SolidFields,
        r#"{"op":"cone","min":[-4,-4,0],"max":[4,4,8],"axis":"z","color":"brown"}"#;
    /// Draws a pyramid.
    Pyramid = "pyramid", SolidFields,
        r#"{"op":"pyramid","min":[-4,-4,0],"max":[4,4,4],"color":"gold"}"#;
    /// Draws a ring.
    Torus = "torus", TorusFields,
        r#"{"op":"torus","center":[0,0,8],"radius":6,"tube":1.5,"color":"purple"}"#;
    /// Draws a cylinder with round ends.
    Capsule = "capsule", SolidFields,
        r#"{"op":"capsule","center":[0,0,8],"radius":2,"height":11,"axis":"x","color":"teal"}"#;
    /// Draws a line through points.
    Line = "line", LineFields,
        r#"{"op":"line","points":[[0,0,0],[9,4,2],[9,9,9]],"radius":1,"color":"white"}"#;
    /// Sets single voxels.
    Voxels = "voxels", VoxelsFields,
        r##"{"op":"voxels","voxels":[[0,0,0,"#ff0000"],[1,0,0,0,255,0,255]]}"##;
    /// Draws a plane from rows of characters, as goxel.slice shows it.
    Map = "map", MapFields,
        r##"{"op":"map","axis":"z","at":0,"origin":[0,0],"rows":["aba","b.b"],"legend":{"a":"#f00","b":"#00f"}}"##;
    /// Draws a landscape of columns.
    Heightmap = "heightmap", HeightmapFields,
        r##"{"op":"heightmap","origin":[0,0,0],"rows":[[1,2],[3,4]],"gradient":["#0a0","#fff"]}"##;
    /// Copies a box of voxels to another place.
    Copy = "copy", CopyFields,
        r#"{"op":"copy","min":[0,0,0],"max":[3,3,3],"to":[8,0,0],"times":3,"step":[8,0,0]}"#;
    /// Moves a box of voxels to another place.
    Move = "move", CopyFields,
        r#"{"op":"move","min":[0,0,0],"max":[3,3,3],"to":[8,0,0]}"#;
    /// Mirrors the layer.
    Mirror = "mirror", MirrorFields,
        r#"{"op":"mirror","axis":"x","at":0,"both":true}"#;
    /// Turns the layer by quarter turns or any angle.
    Rotate = "rotate", RotateFields,
        r#"{"op":"rotate","axis":"z","turns":1,"center":[0,0,0]}"#;
    /// Makes the layer larger or smaller.
    Scale = "scale", ScaleFields,
        r#"{"op":"scale","factor":2,"center":[0,0,0]}"#;
    /// Replaces a colour by another.
    ReplaceColor = "replace_color", ReplaceColorFields,
        r#"{"op":"replace_color","from":"red","to":"blue","tolerance":8}"#;
    /// Fills the region of like voxels that are connected by their faces.
    Fill = "fill", FillFields,
        r#"{"op":"fill","at":[0,0,0],"color":"navy","within":[[-8,-8,0],[8,8,8]]}"#;
    /// Empties a box or the whole layer.
    Clear = "clear", ClearFields,
        r#"{"op":"clear","min":[0,0,0],"max":[3,3,3]}"#;
    /// Pulls a face out or pushes it in.
    Extrude = "extrude", ExtrudeFields,
        r#"{"op":"extrude","at":[0,0,3],"direction":"+z","distance":2}"#;
    /// Takes the inside out and leaves a wall.
    Hollow = "hollow", HollowFields,
        r#"{"op":"hollow","thickness":1}"#;
    /// Adds a skin around everything, in `color` or in that of what it covers.
    Shell = "shell", ShellFields,
        r#"{"op":"shell","thickness":1,"color":"white"}"#;
    /// Smooths rough edges: a voxel stays or comes if most of its neighbours are there.
    Smooth = "smooth", SmoothFields,
        r#"{"op":"smooth","amount":1}"#;
    /// Varies the brightness in a few levels by chance, or the colours; with mode "subtract" takes
    /// voxels away.
    Noise = "noise", NoiseFields,
        r#"{"op":"noise","amount":0.1,"seed":7}"#;
    /// Draws a prism such as a gable roof: a triangle along an axis, with its tip where it is high.
    Prism = "prism", WedgeFields,
        r#"{"op":"prism","min":[-4,-6,8],"max":[4,6,12],"axis":"y","side":"+z","color":"brown"}"#;
    /// Draws a ramp that is high at one side.
    Wedge = "wedge", WedgeFields,
        r#"{"op":"wedge","min":[0,0,0],"max":[7,3,3],"side":"+x","color":"gray"}"#;
    /// Draws solid stairs.
    Stairs = "stairs", StairsFields,
        r#"{"op":"stairs","min":[0,0,0],"max":[7,3,7],"direction":"+x","color":"gray"}"#;
    /// Draws four walls: a box without floor and lid.
    Walls = "walls", WallsFields,
        r#"{"op":"walls","min":[0,0,0],"max":[9,7,5],"thickness":1,"color":"beige"}"#;
    /// Repeats operations in a row, in a grid or around an axis.
    Repeat = "repeat", RepeatFields,
        r#"{"op":"repeat","operations":[{"op":"box","min":[0,0,0],"max":[1,1,5],"color":"white"}],"times":4,"step":[6,0,0]}"#;
    /// Scatters what operations draw over the tops of what is there.
    Scatter = "scatter", ScatterFields,
        r#"{"op":"scatter","operations":[{"op":"voxels","points":[[0,0,0]],"color":"green"}],"count":3,"seed":1,"within":[[0,0,0],[7,7,9]]}"#;
    /// Recolours what is there, by chance or along an axis.
    Paint = "paint", PaintFields,
        r##"{"op":"paint","colors":{"#5a8f3c":3,"#6ba04a":1},"exposed":"top","seed":7}"##;
    /// Draws a landscape by chance.
    Terrain = "terrain", TerrainFields,
        r##"{"op":"terrain","min":[0,0,0],"max":[31,31,9],"seed":7,"bands":[{"below":2,"color":"#c2b280"},{"color":"#4f8f3c"}],"water":{"level":2,"color":"#3060a0"}}"##;
    /// Draws a round tube through points.
    Tube = "tube", TubeFields,
        r#"{"op":"tube","points":[[0,0,0],[5,0,6],[0,0,12]],"radii":[2,1,0.5],"spline":true,"color":"brown"}"#;
    /// Writes letters.
    Text = "text", TextFields,
        r#"{"op":"text","text":"INN","at":[0,0,0],"axis":"y","color":"gold"}"#;
    /// Puts the visible voxels of a file or of another project here.
    Stamp = "stamp", StampFields,
        r#"{"op":"stamp","from_project":"default","at":[8,0,0],"turns":1}"#;
    /// Puts another layer's voxels into this one.
    Combine = "combine", CombineFields,
        r#"{"op":"combine","source":1,"layer":2,"mode":"subtract"}"#;
}

params! {
    /// What every operation has.
    pub struct CommonFields {
        /// How it combines with what is there; absent: what is moved or copied replaces it, the
        /// rest draws over it ("add").
        mode: Option<Mode>,
        /// The layer, by id or name; absent or 0 means the active one.
        layer | "layer_id": LayerRef,
        /// The colour, in any form.
        color: MaybeColor,
        /// Only in this box, `[[x,y,z],[x,y,z]]`, or "selection". What is filled cannot leave it;
        /// what turns, moves by a mirror or is scaled is taken from there.
        within | "box": Option<Within>,
        /// Draws mirror images too: `{"axis":"x","at":0}`, a list of such, or
        /// `{"radial":6,"axis":"z","center":[0,0,0]}`.
        symmetry: Option<Symmetry>,
        /// Whether the layer is made, on top, if there is none of this name.
        create_layer: bool = "false",
    }
}

/// A colour that not every operation needs.
pub struct MaybeColor(pub Option<Rgba>);

impl<'a> ParamType<'a> for MaybeColor {
    const SCHEMA: super::schema::Schema = Color::SCHEMA;
    const PARTS: &'static [&'static str] = Color::PARTS;
    const OPTIONAL: bool = true;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        Ok(Color::take(args, param)?.map(|color| MaybeColor(Some(color.0))))
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        Color::from_json(raw).map(|color| MaybeColor(Some(color.0)))
    }

    fn absent() -> Option<Self> {
        Some(MaybeColor(None))
    }
}

/// One operation, ready to be carried out.
pub struct Operation {
    /// What it does.
    pub form: Form,
    /// How it combines with what is there.
    pub mode: Mode,
    /// Which layer it changes.
    pub layer: LayerRef,
    /// Its colour, if it has one.
    pub color: Option<Rgba>,
    /// What a copy or stamp is taken from, if not from the layer itself.
    pub source: Option<Volume>,
    /// Where it works.
    pub within: Option<Within>,
    /// Which images are drawn too.
    pub symmetry: Option<Symmetry>,
    /// Whether its layer is made if there is none.
    pub create_layer: bool,
    /// What was given and has no effect on it.
    pub idle: Vec<String>,
}

impl Form {
    /// How it combines with what is there unless something else is asked for.
    pub const fn usual_mode(&self) -> Mode {
        match self {
            Form::Copy(_)
            | Form::Move(_)
            | Form::Mirror(_)
            | Form::Rotate(_)
            | Form::Scale(_)
            | Form::Stamp(_) => Mode::Replace,
            _ => Mode::Add,
        }
    }
}

impl Operation {
    /// An operation on a layer.
    pub fn new(form: Form, mode: Mode, layer: LayerRef, color: Option<Rgba>) -> Self {
        let (source, within, symmetry, create_layer) = (None, None, None, false);
        let idle = Vec::new();
        Operation { form, mode, layer, color, source, within, symmetry, create_layer, idle }
    }

    /// The same, only within a box.
    pub fn within(self, bounds: Option<values::BoxValue>) -> Self {
        Operation { within: bounds.map(|bounds| Within::Box(bounds.0)), ..self }
    }
}

/// What is wrong with an operation.
#[derive(Debug)]
pub struct OperationError {
    /// Its place in the list, from 0.
    pub index: usize,
    /// Its `op`, if it has one that is known.
    pub op: Option<&'static OperationInfo>,
    /// What is wrong.
    pub error: ParamError,
}

impl std::fmt::Debug for OperationInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// An operation by its name.
pub fn operation(name: &str) -> Option<&'static OperationInfo> {
    OPERATIONS.iter().find(|info| info.name == name)
}

/// Reads a JSON array of operations. `known_as` maps other forms of an operation's name to it.
pub fn read_operations(
    array: &str,
    known_as: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<Operation>, OperationError> {
    let read = |(index, raw)| {
        read_operation(raw, &known_as).map_err(|(op, error)| OperationError { index, op, error })
    };
    Elements::new(array).enumerate().map(read).collect()
}

/// The operation that an error is about, and the error.
pub type Blamed = (Option<&'static OperationInfo>, ParamError);

/// Reads one operation.
pub fn read_operation(
    raw: &str,
    known_as: impl Fn(&str) -> Option<&'static str>,
) -> Result<Operation, Blamed> {
    let not_an_object = || {
        let message = "an operation must be an object with \"op\", such as {\"op\":\"box\",..}";
        (None, ParamError::rule("op", message))
    };
    let mut args =
        Args::new(Some(raw).filter(|raw| raw.starts_with('{'))).ok_or_else(not_an_object)?;
    args.check_count().map_err(|error| (None, error))?;
    if !raw.starts_with('{') {
        return Err(not_an_object());
    }
    let info = named_operation(&mut args, known_as).map_err(|error| (None, error))?;
    let blame = |error| (Some(info), error);
    let noted = super::notes::count();
    let common = CommonFields::take(&mut args).map_err(blame)?;
    let form = (info.read)(&mut args).map_err(|error| blame(args.explain(error)))?;
    let known = || {
        let params = CommonFields::PARAMS.iter().chain(info.fields);
        params.flat_map(|param| param.names.iter().chain(param.parts).copied()).collect()
    };
    args.finish(known).map_err(blame)?;
    if let Some(text) = super::notes::take_behind(noted).into_iter().next() {
        return Err(blame(ParamError::rule("", text)));
    }
    conflicts::check(&form).map_err(blame)?;
    let idle = conflicts::idle(&form, common.mode, common.color.0.is_some());
    let mode = common.mode.unwrap_or(form.usual_mode());
    let CommonFields { layer, color, within, symmetry, create_layer, .. } = common;
    if create_layer && !matches!(layer, LayerRef::Named(_)) {
        let message = "'create_layer' needs the name of the layer as 'layer'";
        return Err(blame(ParamError::rule("layer", message)));
    }
    let operation = Operation::new(form, mode, layer, color.0);
    Ok(Operation { within, symmetry, create_layer, idle, ..operation })
}

fn named_operation(
    args: &mut Args<'_>,
    known_as: impl Fn(&str) -> Option<&'static str>,
) -> Result<&'static OperationInfo, ParamError> {
    let given = args.take(&["op", "type"]).ok_or_else(|| ParamError::Missing {
        param: "op".into(),
        expected: "the name of an operation".to_owned(),
    })?;
    let name = string(given)
        .ok_or_else(|| ParamError::mismatch("op", &super::schema::Schema::Text, given))?;
    let by_name = || OPERATIONS.iter().find(|info| info.name.eq_ignore_ascii_case(&name));
    known_as(&name).and_then(operation).or_else(by_name).ok_or_else(|| {
        let known: Vec<_> = OPERATIONS.iter().map(|info| info.name).collect();
        no_such_operation(&name, known)
    })
}

/// The error for a name that is no operation's.
pub fn no_such_operation(name: &str, known: Vec<&'static str>) -> ParamError {
    ParamError::NoSuch {
        param: "op".into(),
        what: "operation",
        got: super::args::shown(name),
        nearest: meant(name).or_else(|| near(name, &known)),
        known,
    }
}

/// Other words for operations, with those that they stand for.
pub const OTHER_WORDS: [(&str, &str); 48] = [
    ("cube", "box"),
    ("cuboid", "box"),
    ("block", "box"),
    ("rect", "box"),
    ("rectangle", "box"),
    ("fill_box", "box"),
    ("ball", "sphere"),
    ("ring", "torus"),
    ("donut", "torus"),
    ("voxel", "voxels"),
    ("set", "voxels"),
    ("points", "voxels"),
    ("add_voxel", "voxels"),
    ("polyline", "line"),
    ("path", "tube"),
    ("pipe", "tube"),
    ("flood_fill", "fill"),
    ("bucket", "fill"),
    ("erase", "clear"),
    ("delete", "clear"),
    ("remove", "clear"),
    ("recolor", "replace_color"),
    ("recolour", "replace_color"),
    ("replace", "replace_color"),
    ("flip", "mirror"),
    ("reflect", "mirror"),
    ("translate", "move"),
    ("shift", "move"),
    ("duplicate", "copy"),
    ("clone", "copy"),
    ("turn", "rotate"),
    ("resize", "scale"),
    ("roof", "prism"),
    ("gable", "prism"),
    ("ramp", "wedge"),
    ("slope", "wedge"),
    ("steps", "stairs"),
    ("room", "walls"),
    ("array", "repeat"),
    ("tile", "repeat"),
    ("spread", "scatter"),
    ("gradient", "paint"),
    ("color", "paint"),
    ("hills", "terrain"),
    ("landscape", "terrain"),
    ("letters", "text"),
    ("merge", "combine"),
    ("outline", "shell"),
];

/// The operation that another word stands for.
fn meant(word: &str) -> Option<&'static str> {
    let found = OTHER_WORDS.iter().find(|(other, _)| other.eq_ignore_ascii_case(word));
    found.map(|(_, name)| *name)
}

/// The operation that a word is a slip of: of short words one letter may differ.
fn near(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let found = nearest(word, known.iter().copied())?;
    let same_start = || word.chars().next() == found.chars().next();
    (found.len() > 4 || same_start()).then_some(found)
}

/// The operations as a JSON Schema: one object for each, told apart by `op`.
pub fn schema() -> Json {
    let one = |info: &OperationInfo| {
        let mut properties = serde_json::Map::new();
        properties.insert("op".to_owned(), json!({"type": "string", "enum": [info.name]}));
        let mut required = vec!["op"];
        for param in CommonFields::PARAMS.iter().chain(info.fields) {
            let mut field = param.schema.json();
            if let Json::Object(members) = &mut field {
                members.insert("description".to_owned(), param.description.trim().into());
            }
            properties.insert(param.name().to_owned(), field);
            required.extend(param.required.then(|| param.name()));
        }
        json!({
            "type": "object",
            "description": info.summary.trim(),
            "properties": properties,
            "required": required,
            "examples": [serde_json::from_str::<Json>(info.example).unwrap_or_default()],
        })
    };
    json!({"type": "array", "items": {"anyOf": OPERATIONS.iter().map(one).collect::<Vec<_>>()}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(raw: &str) -> Result<Operation, OperationError> {
        let mut operations = read_operations(&format!("[{raw}]"), |_| None)?;
        Ok(operations.remove(0))
    }

    #[test]
    fn every_example_is_an_operation_and_names_itself() {
        for info in OPERATIONS {
            let operation = read_one(info.example)
                .unwrap_or_else(|error| panic!("{}: {}", info.name, error.error));
            assert_eq!(operation.form.name(), info.name);
            let without: Json = serde_json::from_str(info.example).unwrap();
            for param in info.fields.iter().filter(|param| param.required) {
                let mut object = without.as_object().unwrap().clone();
                object.remove(param.name());
                let error = read_one(&Json::Object(object).to_string()).err();
                let error = error.unwrap_or_else(|| panic!("{} {}", info.name, param.name()));
                assert_eq!(error.error.param(), param.name(), "{}", info.name);
            }
        }
    }

    #[test]
    fn an_unknown_operation_or_field_is_told_with_its_nearest_neighbour() {
        let error = read_one(r#"{"op":"shpere"}"#).err().unwrap();
        assert!(error.error.to_string().contains("did you mean 'sphere'?"), "{}", error.error);
        let error = read_one(r#"{"op":"sphere","centre":[0,0,0],"radius":1}"#).err().unwrap();
        assert_eq!(error.error.param(), "center");
        let error = read_one(r#"{"op":"box","min":[0,0,0],"max":[1,1,1],"holow":1}"#);
        let error = error.err().unwrap().error.to_string();
        assert!(error.contains("did you mean 'hollow'?"), "{error}");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for raw in ["5", "null", "[]", "\"box\"", "{}"] {
            assert_eq!(read_one(raw).err().unwrap().error.param(), "op", "{raw}");
        }
    }

    #[test]
    fn the_schema_knows_every_operation() {
        let schema = schema();
        let known = schema["items"]["anyOf"].as_array().map(Vec::len);
        assert_eq!(known, Some(OPERATIONS.len()));
    }
}
