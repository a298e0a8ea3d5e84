//! The renderer by quads against one ray a sample: the same picture, and no hole in it.

use goxel_daemon::document::View;
use goxel_daemon::job::Job;
use goxel_daemon::render::{Lens, Method, Picture, RenderSettings, Shading, Viewpoint, drawing};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};

/// A number that looks like chance.
fn noise(x: i32, y: i32, z: i32) -> u32 {
    let mut value = (x as u32).wrapping_mul(0x9E37_79B1)
        ^ (y as u32).wrapping_mul(0x85EB_CA77)
        ^ (z as u32).wrapping_mul(0xC2B2_AE3D);
    value ^= value >> 15;
    value = value.wrapping_mul(0x2C1B_3C6D);
    value ^ value >> 12
}

/// Each voxel has its own colour, so a wrong voxel shows.
fn own_color(x: i32, y: i32, z: i32) -> Rgba {
    let [r, g, b, _] = noise(x, y, z).to_le_bytes();
    Rgba::opaque(r | 8, g, b)
}

fn hills() -> Volume {
    let mut volume = Volume::new();
    for (x, y) in (-40..40i32).flat_map(|x| (-40..40i32).map(move |y| (x, y))) {
        let bumps = (x * x / 40 - y * y / 50 + x * y / 60).rem_euclid(23);
        let height = 4 + bumps.min(23 - bumps) + (noise(x, y, 0) % 3) as i32;
        (0..height).for_each(|z| _ = volume.set(Point::new(x, y, z), own_color(x, y, z)));
    }
    volume
}

fn dust() -> Volume {
    let mut volume = Volume::new();
    for index in 0..24 * 24 * 24 {
        let [x, y, z] = [index % 24 - 12, index / 24 % 24 - 12, index / 576];
        if noise(x, y, z) & 3 == 0 {
            volume.set(Point::new(x, y, z), own_color(x, y, z));
        }
    }
    volume
}

fn block() -> Volume {
    let mut volume = Volume::new();
    volume.fill(Bounds::inclusive([-70, -70, -70], [70, 70, 70]), Rgba::opaque(9, 99, 199));
    volume
}

fn viewpoints() -> Vec<Viewpoint> {
    let orbit =
        |yaw, pitch, distance, lens| Viewpoint::Orbit { yaw, pitch, distance, target: None, lens };
    let mut viewpoints = View::ALL.map(Viewpoint::Named).to_vec();
    viewpoints.push(orbit(31.0, 24.0, None, Lens::Orthographic { width: None }));
    viewpoints.push(orbit(211.0, -37.0, None, Lens::default()));
    viewpoints.push(orbit(100.0, 12.0, Some(30.0), Lens::Perspective { fov: 75.0 }));
    viewpoints.push(Viewpoint::Free {
        eye: [-39.7, -39.2, 30.3],
        target: [40.0, 35.0, 0.0],
        up: [0.1, 0.0, 1.0],
        lens: Lens::Perspective { fov: 90.0 },
    });
    viewpoints
}

fn draw(volume: &Volume, method: Method, viewpoint: Viewpoint, shading: Shading) -> Picture {
    let background = Rgba::EMPTY;
    // Even, so that no sample lies exactly on the edge between two voxels in the middle.
    let (width, height, samples) = (170, 132, 1);
    let settings = RenderSettings {
        width,
        height,
        samples,
        viewpoint,
        background,
        shading,
        method,
        ..Default::default()
    };
    drawing(volume.clone(), settings).unwrap().finish()
}

/// Compares pixel by pixel; returns how many differ by more than a shade.
fn compare(name: &str, viewpoint: Viewpoint, volume: &Volume, shading: Shading) -> usize {
    let quads = draw(volume, Method::Quads, viewpoint, shading);
    let rays = draw(volume, Method::Rays, viewpoint, shading);
    let mut different = 0;
    for (x, y) in (0..quads.height()).flat_map(|y| (0..quads.width()).map(move |x| (x, y))) {
        let (quad, ray) = (quads.get(x, y).unwrap(), rays.get(x, y).unwrap());
        assert!(quad.a >= ray.a, "a hole at {x},{y} in {name} from {viewpoint:?}");
        let apart = quad.bytes().into_iter().zip(ray.bytes()).any(|(a, b)| a.abs_diff(b) > 1);
        different += usize::from(apart);
    }
    different
}

#[test]
fn quads_and_rays_show_the_same_voxel_under_every_pixel() {
    for (name, volume) in [("hills", hills()), ("dust", dust()), ("block", block())] {
        for viewpoint in viewpoints() {
            let different = compare(name, viewpoint, &volume, Shading::FLAT);
            // Samples within 1/256 of an edge may fall to either side of it.
            assert!(different <= 170 * 132 / 200, "{name} {viewpoint:?}: {different} pixels");
        }
    }
}

#[test]
fn quads_and_rays_agree_about_light_corners_and_shadows() {
    let shading = Shading { lit: true, occlusion: true, shadows: true };
    let volume = hills();
    for viewpoint in viewpoints() {
        let different = compare("hills", viewpoint, &volume, shading);
        assert!(different <= 170 * 132 / 100, "{viewpoint:?}: {different} pixels");
    }
}

#[test]
fn quads_and_rays_agree_about_glass() {
    let mut volume = dust();
    for index in 0..24 * 24 * 24 {
        let [x, y, z] = [index % 24 - 12, index / 24 % 24 - 12, index / 576];
        let at = Point::new(x, y, z);
        if y < 0 && noise(x / 3, y / 3, z / 3) & 1 == 0 && volume.get(at).is_empty() {
            volume.set(at, Rgba::new(40, 200, 240, 90));
        }
    }
    for viewpoint in viewpoints() {
        let different = compare("glass", viewpoint, &volume, Shading::FLAT);
        assert!(different <= 170 * 132 / 200, "{viewpoint:?}: {different} pixels");
    }
}
