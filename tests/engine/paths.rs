//! Pictures by paths of light against what is known about them.

use goxel_daemon::document::{Document, Layer, LayerId, Material, View, canvas_for_size};
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::render::{
    KeyLight, Lens, Lighting, Materials, Picture, RenderSettings, Shading, Tracing, Viewpoint,
    drawing,
};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};

const GREY: Rgba = Rgba::opaque(128, 128, 128);

fn layered(parts: &[(&Volume, Material)]) -> Document {
    let layer = |(index, (volume, _)): (usize, &(&Volume, Material))| {
        let mut layer = Layer::new(LayerId(index as i32 + 1), "");
        (layer.volume, layer.material) = ((*volume).clone(), Some(index));
        layer
    };
    let layers = parts.iter().enumerate().map(layer).collect();
    let mut document = Document::with_layers("", canvas_for_size([64; 3]), layers);
    document.materials = parts.iter().map(|(_, material)| material.clone()).collect();
    document
}

fn filled(min: [i32; 3], max: [i32; 3], color: Rgba) -> Volume {
    let mut volume = Volume::new();
    volume.fill(Bounds::inclusive(min, max), color);
    volume
}

fn ball(radius: i32, color: Rgba) -> Volume {
    let mut volume = Volume::new();
    let side = 2 * radius + 3;
    for index in 0..side * side * side {
        let at = [index % side, index / side % side, index / (side * side)];
        let at = at.map(|part| part - radius - 1);
        if at.iter().map(|part| part * part).sum::<i32>() <= radius * radius + radius {
            volume.set(Point::from(at), color);
        }
    }
    volume
}

/// Light of the same strength from everywhere.
const EVEN: Lighting =
    Lighting { key: KeyLight::Shoulder, ambient: 1.0, shadow: 0.75, ground: 1.0, sun_size: 5.0 };

fn traced(samples: u32) -> RenderSettings {
    let tracing = Tracing { samples, bounces: 64, denoise: false, ..Default::default() };
    RenderSettings { width: 24, height: 24, tracing: Some(tracing), ..Default::default() }
}

fn draw(document: &Document, settings: &RenderSettings) -> Picture {
    let materials = Materials::of(document);
    drawing(document.merged(), RenderSettings { materials, ..settings.clone() }).unwrap().finish()
}

fn plain(volume: &Volume) -> Document {
    layered(&[(volume, Material::default())])
}

fn pixels(picture: &Picture) -> Vec<[u8; 4]> {
    picture.bytes().as_chunks::<4>().0.to_vec()
}

/// The light of a byte.
fn light(code: u8) -> f64 {
    let value = f64::from(code) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn mean_light(picture: &Picture) -> f64 {
    let shown: Vec<_> = pixels(picture).into_iter().filter(|pixel| pixel[3] > 127).collect();
    let of = |pixel: &[u8; 4]| pixel[..3].iter().map(|&code| light(code)).sum::<f64>() / 3.0;
    shown.iter().map(of).sum::<f64>() / shown.len() as f64
}

#[test]
fn in_a_white_world_a_white_model_disappears() {
    let mut model = ball(6, Rgba::WHITE);
    model.fill(Bounds::inclusive([-12, -3, -12], [12, 3, -8]), Rgba::WHITE);
    model.fill(Bounds::inclusive([-12, -3, -8], [-10, 3, 8]), Rgba::WHITE);
    let settings = RenderSettings { lighting: EVEN, background: Rgba::WHITE, ..traced(8) };
    let picture = draw(&plain(&model), &settings);
    let least = pixels(&picture).into_iter().flatten().min().unwrap();
    assert!(least >= 254, "{least}");
}

#[test]
fn no_surface_sends_on_more_light_than_it_gets() {
    let world = RenderSettings { lighting: EVEN, background: Rgba::EMPTY, ..traced(24) };
    for (metallic, roughness, opacity) in [
        (1.0, 0.0, 1.0),
        (1.0, 0.4, 1.0),
        (1.0, 1.0, 1.0),
        (0.0, 0.0, 1.0),
        (0.0, 0.0, 0.3),
        (0.6, 0.3, 1.0),
    ] {
        let color = [1.0, 1.0, 1.0, opacity];
        let material = Material { metallic, roughness, color, ..Material::default() };
        let picture = draw(&layered(&[(&ball(6, Rgba::WHITE), material.clone())]), &world);
        let mean = mean_light(&picture);
        assert!(mean <= 1.0 && mean > 0.3, "{material:?}: {mean}");
        let grey = draw(&layered(&[(&ball(6, GREY), material.clone())]), &world);
        assert!(mean_light(&grey) <= mean + 1e-3, "{material:?}");
    }
}

/// A mirror that is looked at straight shows the sky behind the viewer; a metal in its colour.
#[test]
fn a_metal_side_shows_the_light_that_it_faces_in_its_colour() {
    let gold = Rgba::opaque(255, 188, 64);
    let material = Material { metallic: 1.0, roughness: 0.0, ..Material::default() };
    let document = layered(&[(&filled([0; 3], [8; 3], gold), material)]);
    let front = RenderSettings { viewpoint: View::Front.into(), lighting: EVEN, ..traced(4) };
    let picture = draw(&document, &front);
    let found = picture.get(12, 12).unwrap();
    let apart = [(found.r, gold.r), (found.g, gold.g), (found.b, gold.b)];
    assert!(apart.iter().all(|(a, b)| a.abs_diff(*b) <= 2), "{found:?}");
}

/// A slab of clear glass at a right angle: (1 - R)^2 / (1 - R^2) passes with R = 0.04, the rest is
/// mirrored.
#[test]
fn a_slab_of_glass_passes_what_fresnels_formula_says() {
    let material = Material { color: [1.0, 1.0, 1.0, 0.02], roughness: 0.0, ..Material::default() };
    let document = layered(&[(&filled([0; 3], [8; 3], Rgba::WHITE), material)]);
    let settings = RenderSettings {
        viewpoint: View::Front.into(),
        lighting: EVEN,
        background: Rgba::EMPTY,
        width: 12,
        height: 12,
        ..traced(900)
    };
    let picture = draw(&document, &settings);
    let alphas: Vec<f64> = (3..9)
        .flat_map(|y| (3..9).map(move |x| (x, y)))
        .map(|(x, y)| f64::from(picture.get(x, y).unwrap().a) / 255.0)
        .collect();
    let mirrored = alphas.iter().sum::<f64>() / alphas.len() as f64;
    let reflectance = 0.04f64;
    let expected = 1.0 - (1.0 - reflectance).powi(2) / (1.0 - reflectance.powi(2));
    assert!((mirrored - expected).abs() < 0.005, "{mirrored} {expected}");
}

/// A small lamp far above a floor in the dark: four times as far, a sixteenth of the light.
#[test]
fn light_of_a_lamp_falls_with_the_square_of_the_distance() {
    let brightness_at = |height: i32| {
        let floor = filled([-2, -2, 0], [2, 2, 0], GREY);
        let lamp = filled([-4, -4, height], [3, 3, height], Rgba::opaque(0, 0, 0));
        let shines = Material { emission: [40.0; 3], ..Material::default() };
        let document = layered(&[(&floor, Material::default()), (&lamp, shines)]);
        let dark = Lighting {
            ambient: 1e-4,
            shadow: 0.0,
            key: KeyLight::Fixed { pitch: 3.1, yaw: 0.0 },
            ground: 0.0,
            sun_size: 5.0,
        };
        let eye = [0.5, -6.0, 4.0];
        let viewpoint = Viewpoint::Free {
            eye,
            target: [0.5, 0.5, 1.0],
            up: [0.0, 0.0, 1.0],
            lens: Lens::Perspective { fov: 14.0 },
        };
        let tracing = Tracing { samples: 3000, bounces: 1, denoise: false, ..Default::default() };
        let settings = RenderSettings {
            width: 6,
            height: 6,
            viewpoint,
            lighting: dark,
            background: Rgba::opaque(0, 0, 0),
            tracing: Some(tracing),
            ..Default::default()
        };
        mean_light(&draw(&document, &settings))
    };
    let (near, far) = (brightness_at(24), brightness_at(47));
    let ratio = near / far;
    // From the floor's top at 1 to the lamp's underside.
    let expected = (46.0f64 / 23.0).powi(2);
    assert!((ratio / expected - 1.0).abs() < 0.15, "{near} {far}: {ratio} {expected}");
}

fn village() -> Volume {
    let mut volume = filled([-20, -20, -3], [20, 20, -1], Rgba::opaque(110, 160, 80));
    volume.fill(Bounds::inclusive([-8, -6, 0], [2, 6, 9]), Rgba::opaque(190, 120, 90));
    volume.fill(Bounds::inclusive([8, -12, 0], [14, -4, 5]), Rgba::opaque(200, 200, 190));
    volume
}

#[test]
fn lit_and_traced_pictures_are_equally_bright() {
    let sun = KeyLight::Fixed { pitch: 0.75, yaw: -1.95 };
    let lighting = Lighting { key: sun, ..Default::default() };
    let scenes = [village(), ball(9, Rgba::opaque(220, 220, 220)), filled([0; 3], [9; 3], GREY)];
    for (index, volume) in scenes.iter().enumerate() {
        let size = RenderSettings {
            width: 48,
            height: 48,
            lighting,
            background: Rgba::EMPTY,
            ..traced(16)
        };
        let shading = Shading { lit: true, occlusion: true, shadows: true };
        let lit = RenderSettings { tracing: None, shading, ..size.clone() };
        let (lit, traced) = (draw(&plain(volume), &lit), draw(&plain(volume), &size));
        let ratio = mean_light(&traced) / mean_light(&lit);
        assert!((0.9..=1.1).contains(&ratio), "scene {index}: {ratio}");
    }
}

#[test]
fn slices_threads_and_time_change_no_byte_and_a_seed_does() {
    let document = plain(&village());
    let settings = |change: &dyn Fn(&mut Tracing)| {
        let mut settings = traced(3);
        let tracing = settings.tracing.as_mut().unwrap();
        (tracing.denoise, tracing.aperture) = (true, 0.5);
        change(tracing);
        settings
    };
    let whole = draw(&document, &settings(&|_| ()));
    for units in [1, 77] {
        let mut job = drawing(document.merged(), settings(&|_| ())).unwrap();
        let mut last = 0;
        let sliced = loop {
            let step = job.step(&mut Budget::units(units));
            assert!(job.progress().done >= last);
            last = job.progress().done;
            if let Step::Done(picture) = step {
                break picture;
            }
        };
        assert!(sliced == whole, "{units}");
    }
    assert!(draw(&document, &settings(&|tracing| tracing.threads = 8)) == whole);
    assert!(draw(&document, &settings(&|tracing| tracing.max_seconds = Some(3600.0))) == whole);
    assert!(draw(&document, &settings(&|tracing| tracing.seed = 1)) != whole);
    assert_eq!(whole.samples(), 3);
    let ended = draw(
        &document,
        &settings(&|tracing| {
            (tracing.samples, tracing.max_seconds) = (10_000, Some(0.0));
        }),
    );
    assert!((1..100).contains(&ended.samples()), "{}", ended.samples());
}

#[test]
fn a_wide_lens_blurs_what_is_not_at_the_focus() {
    let mut volume = Volume::new();
    for index in 0..20 {
        let color = if index % 2 == 0 { Rgba::WHITE } else { Rgba::opaque(20, 20, 20) };
        volume.fill(Bounds::inclusive([index, 0, 0], [index, 0, 19]), color);
    }
    let contrast = |aperture: f64, focus: f64| {
        let viewpoint = Viewpoint::Free {
            eye: [10.0, -40.0, 10.0],
            target: [10.0, 0.0, 10.0],
            up: [0.0, 0.0, 1.0],
            lens: Lens::Perspective { fov: 20.0 },
        };
        let mut settings = RenderSettings { viewpoint, ..traced(64) };
        let tracing = settings.tracing.as_mut().unwrap();
        (tracing.aperture, tracing.focus, tracing.bounces) = (aperture, Some(focus), 1);
        let picture = draw(&plain(&volume), &settings);
        let row: Vec<u8> = (4..20).map(|x| picture.get(x, 12).unwrap().r).collect();
        row.windows(2).map(|pair| u32::from(pair[0].abs_diff(pair[1]))).sum::<u32>()
    };
    let (sharp, focused, blurred) = (contrast(0.0, 40.0), contrast(3.0, 40.0), contrast(3.0, 15.0));
    assert!(focused * 10 > sharp * 8 && blurred * 3 < sharp, "{sharp} {focused} {blurred}");
}
