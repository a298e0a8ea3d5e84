//! Random documents, and what it means that two are the same.
#![allow(dead_code)]

use goxel_daemon::document::{
    BlendMode, Camera, Document, Layer, LayerContent, LayerId, Material, Matrix, Palette, ShapeKind,
};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};
use proptest::collection::vec;
use proptest::prelude::*;

/// Any colour that is not empty.
pub fn color() -> impl Strategy<Value = Rgba> {
    (any::<[u8; 3]>(), prop_oneof![3 => Just(255u8), 1 => 1u8..=255])
        .prop_map(|([r, g, b], a)| Rgba::new(r, g, b, a))
}

/// A place near the origin, or rarely anywhere.
pub fn point() -> impl Strategy<Value = Point> {
    let near = (-40i32..40, -40i32..40, -40i32..40);
    let far = (any::<i32>(), any::<i32>(), any::<i32>());
    prop_oneof![30 => near, 1 => far].prop_map(|(x, y, z)| Point::new(x, y, z))
}

/// Boxes and single voxels.
pub fn volume() -> impl Strategy<Value = Volume> {
    let small_box = (point(), 1i64..20, 1i64..20, 1i64..20, color());
    (vec(small_box, 0..3), vec((point(), color()), 0..40)).prop_map(|(boxes, voxels)| {
        let mut volume = Volume::new();
        for (at, x, y, z, color) in boxes {
            let min = at.array().map(i64::from);
            let max = [min[0] + x, min[1] + y, min[2] + z];
            if let Some(bounds) = Bounds::new(min, max) {
                volume.fill(bounds, color);
            }
        }
        voxels.into_iter().for_each(|(at, color)| {
            volume.set(at, color);
        });
        volume
    })
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (point(), point()).prop_map(|(a, b)| Bounds::inclusive(a.array(), b.array()))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z .0-9]{0,12}", "\\PC{0,300}", Just(String::new())]
}

fn matrix() -> impl Strategy<Value = Matrix> {
    let place = (-20i32..20, -20i32..20, -20i32..20, 1i32..8, 1i32..8, 1i32..8);
    place.prop_map(|(x, y, z, a, b, c)| {
        let half = |value: i32| value as f32 / 2.0;
        let mut matrix = Matrix::IDENTITY;
        [a, b, c].into_iter().enumerate().for_each(|(axis, v)| matrix.0[axis][axis] = half(v));
        matrix.0[3] = [half(x), half(y), half(z), 1.0];
        matrix
    })
}

fn content() -> impl Strategy<Value = LayerContent> {
    let shape = (0usize..3, color())
        .prop_map(|(kind, color)| LayerContent::Shape { kind: ShapeKind::ALL[kind], color });
    let clone = (1i32..5).prop_map(|base| LayerContent::Clone { base: LayerId(base) });
    let image = name().prop_map(|path| LayerContent::Image { path: format!("{path}.png") });
    prop_oneof![6 => Just(LayerContent::Voxels), 1 => shape, 1 => clone, 1 => image]
}

fn layer() -> impl Strategy<Value = Layer> {
    let look = (any::<bool>(), 0f32..=1.0, 0usize..9, proptest::option::of(0usize..2));
    let place = (matrix(), proptest::option::of(bounds()));
    (1i32..50, name(), look, place, content(), volume()).prop_map(
        |(id, name, (visible, opacity, mode, material), (matrix, bounds), content, volume)| Layer {
            visible,
            opacity,
            mode: BlendMode::ALL[mode],
            material,
            matrix,
            bounds,
            volume: if content == LayerContent::Voxels { volume } else { Volume::new() },
            content,
            ..Layer::new(LayerId(id), &name)
        },
    )
}

/// Documents with everything that one can hold.
pub fn document() -> impl Strategy<Value = Document> {
    let palette = (name(), vec((color(), proptest::option::of(name())), 0..5));
    let looks = (vec(name(), 1..3), vec((name(), 0f32..1000.0, any::<bool>()), 1..3));
    let selected = (proptest::option::of(bounds()), volume());
    (name(), bounds(), vec(layer(), 1..5), palette, looks, selected).prop_map(
        |(name, canvas, layers, (palette, colors), (materials, cameras), (selection, mask))| {
            let mut document = Document::with_layers(&name, canvas, layers);
            document.palette = Palette { name: palette, colors };
            document.materials = materials
                .into_iter()
                .map(|name| Material { name, metallic: 0.5, ..Material::default() })
                .collect();
            document.cameras = cameras
                .into_iter()
                .map(|(name, distance, orthographic)| Camera {
                    name,
                    distance,
                    orthographic,
                    ..Camera::default()
                })
                .collect();
            document.active_camera = Some(document.cameras.len() - 1);
            let materials = document.materials.len();
            document.layers_mut().for_each(|layer| {
                layer.material = layer.material.filter(|&index| index < materials);
            });
            document.selection = selection;
            document.mask = mask;
            document.evaluate();
            document
        },
    )
}

/// Everything that a document holds is equal.
pub fn assert_same(a: &Document, b: &Document, of: &str) {
    assert_eq!(a.name, b.name, "{of}");
    assert_eq!(a.canvas, b.canvas, "{of}");
    assert_eq!(a.materials, b.materials, "{of}");
    assert_eq!(a.cameras, b.cameras, "{of}");
    assert_eq!(a.active_camera, b.active_camera, "{of}");
    assert_eq!(a.light, b.light, "{of}");
    assert_eq!(a.palette, b.palette, "{of}");
    assert_eq!(a.selection, b.selection, "{of}");
    assert_same_voxels(&a.mask, &b.mask, of);
    assert_eq!(a.preserved, b.preserved, "{of}");
    assert_eq!(a.active(), b.active(), "{of}");
    assert_eq!(a.layers().len(), b.layers().len(), "{of}");
    for (a, b) in a.layers().iter().zip(b.layers()) {
        assert_eq!(a.id, b.id, "{of}");
        assert_eq!(a.name, b.name, "{of}");
        assert_eq!((a.visible, a.mode, a.opacity), (b.visible, b.mode, b.opacity), "{of}");
        assert_eq!((a.material, a.bounds, a.matrix), (b.material, b.bounds, b.matrix), "{of}");
        assert_eq!((&a.content, &a.preserved), (&b.content, &b.preserved), "{of}");
        assert_same_voxels(&a.volume, &b.volume, of);
    }
}

/// Both volumes have the same voxels.
pub fn assert_same_voxels(a: &Volume, b: &Volume, of: &str) {
    assert_eq!(a.count(), b.count(), "{of}");
    for (point, color) in a.voxels() {
        assert_eq!(b.get(point), color, "{of} at {point:?}");
    }
}
