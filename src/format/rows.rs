//! The table of all formats: a row each, from which lists, guides, errors and reports follow.

use super::export::{Axes, MeshColors};
use super::fidelity::{Holds, Places};
use super::pictures::Picture;
use super::registry::Format;
use super::{dense, gox, heightmap, import, pictures, png, surface, text, vox};
use crate::job::Work;

/// An `async fn` over bytes, or over a document, as the job that a row names.
macro_rules! work {
    ($work:path) => {
        Some(|source, options| Box::new(Work::new(|slice| $work(source, options, slice))))
    };
}

/// What a row that says nothing else has.
const ROW: Format = Format {
    name: "",
    title: "",
    extensions: &[],
    aliases: &[],
    holds: Holds::VOXELS,
    axes: Axes::Z_UP,
    options: &["axes"],
    ways: &MeshColors::ALL,
    moves: false,
    has_short_floats: false,
    detect: |_| false,
    read: None,
    write: None,
};

/// What meshes of one colour a vertex hold.
const SURFACE: Holds = Holds { is_surface: true, only_visible: true, ..Holds::VOXELS };

const OBJ: &[&str] = &["scale", "axes", "merge", "mesh", "colors", "ao"];
const PLY: &[&str] = &["scale", "axes", "mesh", "colors", "ao", "plain"];
const STL: &[&str] = &["scale", "axes", "mesh", "plain"];
const THREEMF: &[&str] = &["scale", "axes", "merge", "mesh", "colors"];
const GLTF: &[&str] = &["scale", "axes", "merge", "mesh", "colors", "ao", "compact"];

pub(super) static FORMATS: &[Format] = &[
    Format {
        name: "gox",
        title: "Goxel project",
        extensions: &["gox"],
        aliases: &["goxel"],
        holds: Holds::ALL,
        detect: gox::detect,
        read: work!(gox::read),
        write: work!(gox::write),
        ..ROW
    },
    Format {
        name: "vox",
        title: "MagicaVoxel",
        extensions: &["vox"],
        aliases: &["magicavoxel", "magica voxel"],
        holds: Holds {
            alpha: false,
            modes: false,
            shapes: false,
            colors: Some(255),
            drops_empty: true,
            ..Holds::ALL
        },
        detect: vox::detect,
        read: work!(vox::read),
        write: work!(vox::write),
        options: &["axes", "plain"],
        moves: true,
        ..ROW
    },
    Format {
        name: "obj",
        title: "Wavefront surface",
        extensions: &["obj"],
        aliases: &["wavefront"],
        holds: SURFACE,
        detect: surface::obj_detect,
        read: work!(surface::read_obj),
        write: work!(surface::write_obj),
        options: OBJ,
        ..ROW
    },
    Format {
        name: "ply",
        title: "Polygon surface or point cloud",
        extensions: &["ply"],
        holds: Holds { alpha: true, ..SURFACE },
        detect: surface::ply_detect,
        read: work!(surface::read_ply),
        write: work!(surface::write_ply),
        options: PLY,
        ways: &[MeshColors::Vertex, MeshColors::None],
        has_short_floats: true,
        ..ROW
    },
    Format {
        name: "qubicle",
        title: "Qubicle Binary",
        extensions: &["qb"],
        holds: Holds { layers: true, names: true, drops_empty: true, ..Holds::RGBA },
        read: work!(import::read_qb),
        write: work!(import::write_qb),
        axes: Axes { from: [0, 2, 1], signs: [1, 1, 1] },
        ..ROW
    },
    Format {
        name: "qbt",
        title: "Qubicle Binary Tree",
        extensions: &["qbt"],
        holds: Holds { layers: true, names: true, drops_empty: true, ..Holds::VOXELS },
        detect: |bytes| bytes.starts_with(b"QB 2"),
        read: work!(import::read_qbt),
        axes: Axes::Y_UP,
        write: work!(import::write_qbt),
        ..ROW
    },
    Format {
        name: "qef",
        title: "Qubicle Exchange Format",
        extensions: &["qef"],
        detect: |bytes| bytes.starts_with(b"Qubicle Exchange Format"),
        read: work!(import::read_qef),
        axes: Axes::Y_UP,
        write: work!(import::write_qef),
        holds: Holds { places: Places::Unknown, ..Holds::VOXELS },
        ..ROW
    },
    Format {
        name: "kvx",
        title: "Build engine model",
        extensions: &["kvx"],
        holds: Holds::palette(255),
        read: work!(import::read_kvx),
        axes: Axes { from: [0, 1, 2], signs: [1, -1, -1] },
        write: work!(import::write_kvx),
        ..ROW
    },
    Format {
        name: "kv6",
        title: "Voxlap model",
        extensions: &["kv6"],
        detect: |bytes| bytes.starts_with(b"Kvxl"),
        read: work!(import::read_kv6),
        write: work!(import::write_kv6),
        axes: Axes { from: [0, 1, 2], signs: [1, -1, -1] },
        ..ROW
    },
    Format {
        name: "vxl",
        title: "Ace of Spades map",
        extensions: &["vxl"],
        read: work!(import::read_vxl),
        axes: Axes { from: [0, 1, 2], signs: [-1, 1, -1] },
        write: work!(import::write_vxl),
        ..ROW
    },
    Format {
        name: "cnc vxl",
        title: "Command & Conquer model",
        aliases: &["cnc"],
        holds: Holds { layers: true, names: true, colors: Some(256), ..Holds::VOXELS },
        detect: import::cnc_detect,
        read: work!(import::read_cnc),
        ..ROW
    },
    Format {
        name: "qbcl",
        title: "Qubicle project",
        extensions: &["qbcl"],
        holds: Holds { layers: true, names: true, hidden: true, ..Holds::VOXELS },
        detect: |bytes| bytes.starts_with(b"QBCL"),
        read: work!(import::read_qbcl),
        axes: Axes::Y_UP,
        ..ROW
    },
    Format {
        name: "vxm",
        title: "VoxEdit model",
        extensions: &["vxm"],
        holds: Holds { layers: true, names: true, hidden: true, ..Holds::RGBA },
        axes: Axes::Y_UP,
        detect: import::vxm_detect,
        read: work!(import::read_vxm),
        ..ROW
    },
    Format {
        name: "povray",
        title: "POV-Ray scene",
        extensions: &["pov", "povray"],
        aliases: &["pov-ray"],
        holds: Holds::RGBA,
        write: work!(dense::write_povray),
        axes: Axes { from: [0, 2, 1], signs: [1, 1, 1] },
        ..ROW
    },
    Format {
        name: "cub",
        title: "Cube World model",
        extensions: &["cub"],
        detect: import::cub_detect,
        read: work!(import::read_cub),
        write: work!(dense::write_cub),
        holds: Holds { places: Places::Standing, ..Holds::VOXELS },
        ..ROW
    },
    Format {
        name: "binvox",
        title: "binvox grid",
        extensions: &["binvox"],
        holds: Holds { places: Places::Unknown, ..Holds::palette(0) },
        detect: |bytes| bytes.starts_with(b"#binvox"),
        read: work!(import::read_binvox),
        write: work!(dense::write_binvox),
        axes: Axes::Y_UP,
        ..ROW
    },
    Format {
        name: "schem",
        title: "Minecraft schematic",
        extensions: &["schem", "schematic"],
        aliases: &["sponge", "mcedit"],
        detect: |bytes| bytes.starts_with(b"\x1f\x8b") || import::detect_plain_tags(bytes),
        read: work!(import::read_schem),
        write: work!(import::write_schem),
        axes: Axes::Y_UP,
        options: &["axes", "blocks"],
        ..ROW
    },
    Format {
        name: "litematic",
        title: "Litematica schematic",
        extensions: &["litematic"],
        aliases: &["litematica"],
        holds: Holds {
            layers: true,
            names: true,
            only_visible: true,
            drops_empty: true,
            ..Holds::VOXELS
        },
        read: work!(import::read_schem),
        write: work!(import::write_litematic),
        axes: Axes::Y_UP,
        options: &["axes", "blocks"],
        ..ROW
    },
    Format {
        name: "structure",
        title: "Minecraft structure",
        extensions: &["nbt"],
        aliases: &["minecraft structure"],
        read: work!(import::read_schem),
        write: work!(import::write_structure),
        axes: Axes::Y_UP,
        options: &["axes", "blocks"],
        ..ROW
    },
    Format {
        name: "luanti",
        title: "Luanti schematic",
        extensions: &["mts"],
        aliases: &["minetest"],
        detect: |bytes| bytes.starts_with(b"MTSM"),
        read: work!(import::read_luanti),
        write: work!(import::write_mts),
        axes: Axes::Y_UP,
        options: &["axes"],
        holds: Holds { places: Places::Standing, ..Holds::VOXELS },
        ..ROW
    },
    Format {
        name: "glb",
        title: "glTF 2.0, binary",
        extensions: &["glb"],
        holds: Holds {
            layers: true,
            names: true,
            alpha: true,
            materials: true,
            drops_empty: true,
            ..SURFACE
        },
        detect: |bytes| bytes.starts_with(b"glTF"),
        read: work!(surface::read_gltf),
        write: work!(surface::write_glb),
        options: GLTF,
        axes: Axes::Y_UP,
        has_short_floats: true,
        ..ROW
    },
    Format {
        name: "gltf",
        title: "glTF 2.0, text",
        extensions: &["gltf"],
        holds: Holds {
            layers: true,
            names: true,
            alpha: true,
            materials: true,
            drops_empty: true,
            ..SURFACE
        },
        detect: surface::gltf_detect,
        read: work!(surface::read_gltf),
        write: work!(surface::write_gltf),
        options: GLTF,
        axes: Axes::Y_UP,
        has_short_floats: true,
        ..ROW
    },
    Format {
        name: "stl",
        title: "surface for slicers, without colours",
        extensions: &["stl"],
        aliases: &["stereolithography"],
        holds: Holds { colors: Some(0), ..SURFACE },
        detect: surface::stl_detect,
        read: work!(surface::read_stl),
        write: work!(surface::write_stl),
        options: STL,
        has_short_floats: true,
        ..ROW
    },
    Format {
        name: "3mf",
        title: "3D Manufacturing Format, with colours",
        extensions: &["3mf"],
        holds: Holds { alpha: true, ..SURFACE },
        write: work!(surface::write_3mf),
        options: THREEMF,
        ways: &[MeshColors::Vertex, MeshColors::Materials, MeshColors::None],
        ..ROW
    },
    Format {
        name: "npy",
        title: "NumPy array",
        extensions: &["npy"],
        aliases: &["numpy"],
        holds: Holds { places: Places::Standing, ..Holds::RGBA },
        detect: dense::detect_npy,
        read: work!(dense::read_npy),
        write: work!(dense::write_npy),
        options: &["axes", "colors"],
        ways: &[MeshColors::Palette],
        ..ROW
    },
    Format {
        name: "npz",
        title: "NumPy archive",
        extensions: &["npz"],
        holds: Holds { places: Places::Standing, ..Holds::RGBA },
        read: work!(dense::read_npz),
        write: work!(dense::write_npz),
        options: &["axes", "colors"],
        ways: &[MeshColors::Palette],
        ..ROW
    },
    Format {
        name: "xraw",
        title: "MagicaVoxel raw voxels",
        extensions: &["xraw"],
        holds: Holds { places: Places::Standing, ..Holds::RGBA },
        detect: |bytes| bytes.starts_with(b"XRAW"),
        read: work!(dense::read_xraw),
        write: work!(dense::write_xraw),
        ..ROW
    },
    Format {
        name: "png",
        title: "picture, as a layer one voxel thick",
        extensions: &["png"],
        holds: Holds::RGBA,
        detect: png::detect,
        read: work!(png::read),
        ..ROW
    },
    Format {
        name: "jpeg",
        title: "picture, as a layer one voxel thick",
        extensions: &["jpg", "jpeg"],
        detect: |bytes| Picture::of(bytes) == Some(Picture::Jpeg),
        read: work!(pictures::read),
        ..ROW
    },
    Format {
        name: "gif",
        title: "picture, as a layer one voxel thick",
        extensions: &["gif"],
        holds: Holds::RGBA,
        detect: |bytes| Picture::of(bytes) == Some(Picture::Gif),
        read: work!(pictures::read),
        moves: true,
        ..ROW
    },
    Format {
        name: "webp",
        title: "picture, as a layer one voxel thick",
        extensions: &["webp"],
        holds: Holds::RGBA,
        detect: |bytes| Picture::of(bytes) == Some(Picture::Webp),
        read: work!(pictures::read),
        ..ROW
    },
    Format {
        name: "heightmap",
        title: "heights in a grey picture, colours in one beside it",
        aliases: &["height map", "height-map"],
        holds: Holds::RGBA,
        read: work!(heightmap::read),
        write: work!(heightmap::write),
        ..ROW
    },
    Format {
        name: "png slices",
        title: "slices side by side in a picture",
        aliases: &["png_slices", "png-slices", "slices"],
        holds: Holds::RGBA,
        read: work!(png::read_slices),
        write: work!(png::write_slices),
        ..ROW
    },
    Format {
        name: "text",
        title: "text, a line per voxel",
        extensions: &["txt"],
        detect: text::detect,
        read: work!(text::read),
        write: work!(text::write),
        ..ROW
    },
];
