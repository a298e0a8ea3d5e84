//! How long meshes and pictures take: thread CPU time, subject and yardstick in turns in one
//! process, minimum and median. `cargo bench --bench pictures`, with `-- --json` for one JSON
//! object a row.

use std::hint::black_box;
use std::time::Instant;

use goxel_daemon::document::View;
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::mesh::{Merge, Mesher};
use goxel_daemon::render::{KeyLight, Lighting, Method, RenderSettings, Shading, Tracing, drawing};
use goxel_daemon::voxel::{Rgba, Volume};
use path_floor::PathFloor;
use plain_march::PlainMarch;

mod path_floor;
mod plain_march;
mod scenes;

/// CPU time of this thread in seconds.
fn cpu_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn time(work: &mut dyn FnMut()) -> f64 {
    let start = cpu_seconds();
    work();
    cpu_seconds() - start
}

/// Minimum and median of several runs, in milliseconds.
#[derive(Clone, Copy)]
struct Figures {
    least: f64,
    median: f64,
}

fn figures(mut seconds: Vec<f64>) -> Figures {
    seconds.sort_by(f64::total_cmp);
    Figures { least: seconds[0] * 1e3, median: seconds[seconds.len() / 2] * 1e3 }
}

/// Runs everything in turns so that a noisy moment hits all alike.
fn in_turns(rounds: usize, works: &mut [&mut dyn FnMut()]) -> Vec<Figures> {
    works.iter_mut().for_each(|work| work());
    let mut seconds = vec![Vec::new(); works.len()];
    for _ in 0..rounds {
        for (work, seconds) in works.iter_mut().zip(&mut seconds) {
            seconds.push(time(work));
        }
    }
    seconds.into_iter().map(figures).collect()
}

struct Report {
    json: bool,
}

impl Report {
    fn row(&self, name: &str, figures: Figures, note: &str) {
        let Figures { least, median } = figures;
        if self.json {
            let row = serde_json::json!({
                "row": name, "least_ms": least, "median_ms": median, "note": note,
            });
            println!("{row}");
        } else {
            println!("{name:<46} {least:>9.3} {median:>9.3}  {note}");
        }
    }
}

fn mesh_rows(report: &Report) {
    let scenes: [(&str, Volume, usize); 4] = [
        ("terrain 256^3", scenes::terrain(256), 9),
        ("chunk 62^3", scenes::terrain(62), 50),
        ("half noise 128^3", scenes::noise(128), 5),
        ("checkerboard 128^3", scenes::checkerboard(128), 5),
    ];
    for (name, volume, rounds) in scenes {
        for (how, merge) in [("by colour", Merge::Color), ("by shape", Merge::Shape)] {
            let mut count = 0;
            let mut mesh = || count = Mesher::new(volume.clone(), merge).finish().len();
            let figures = in_turns(rounds, &mut [&mut mesh])[0];
            let each = figures.least * 1e6 / count as f64;
            let note = format!("{count} quads, {each:.1} ns each");
            report.row(&format!("mesh {name} {how}"), figures, &note);
        }
    }
}

fn render_rows(report: &Report, name: &str, volume: &Volume, size: [u32; 2], samples: u32) {
    let flat = Shading { lit: true, occlusion: false, shadows: false };
    let shadings = [
        ("flat", flat),
        ("corners", Shading { occlusion: true, ..flat }),
        ("shadows", Shading { occlusion: true, shadows: true, lit: true }),
    ];
    for (how, shading) in shadings {
        let settings = |method| RenderSettings {
            width: size[0],
            height: size[1],
            samples,
            shading,
            method,
            viewpoint: View::Isometric.into(),
            ..Default::default()
        };
        let draw = |method| {
            let job = drawing(volume.clone(), settings(method)).expect("good settings");
            job.finish()
        };
        let mut auto = || _ = black_box(draw(Method::Automatic));
        let mut quads = || _ = black_box(draw(Method::Quads));
        let mut rays = || _ = black_box(draw(Method::Rays));
        let figures = in_turns(10, &mut [&mut auto, &mut quads, &mut rays]);
        let picture = draw(Method::Automatic);
        let mut encode = || _ = black_box(picture.encode_png());
        let png = in_turns(5, &mut [&mut encode])[0];
        let [width, height] = size;
        let note = format!(
            "quads {:.1}, rays {:.1}: {:.1} x; PNG {:.1} = {:.0} %",
            figures[1].least,
            figures[2].least,
            figures[2].least / figures[0].least,
            png.least,
            100.0 * png.least / figures[0].least
        );
        let row = format!("draw {name} {width}x{height} {samples}x{samples} {how}");
        report.row(&row, figures[0], &note);
        if samples == 1 {
            let plain = PlainMarch::new(volume, size);
            let mut march = || _ = black_box(plain.draw(shading));
            let figures = in_turns(3, &mut [&mut auto, &mut march]);
            let note = format!("{:.1} x the picture", figures[1].least / figures[0].least);
            report.row(&format!("  a plain march, {how}"), figures[1], &note);
        }
    }
}

/// The same view of a terrain, dry and with water up to some height.
fn water_rows(report: &Report) {
    let (dry, wet) = (scenes::terrain(256), scenes::lakes(256));
    let flat = Shading::FLAT;
    let lit = Shading { lit: true, occlusion: true, shadows: true };
    for (how, shading) in [("flat", flat), ("lit", lit)] {
        for samples in [1, 2] {
            let settings =
                RenderSettings { width: 800, height: 600, samples, shading, ..Default::default() };
            let draw = |volume: &Volume| {
                black_box(drawing(volume.clone(), settings.clone()).expect("good").finish());
            };
            let (mut without, mut through) = (|| draw(&dry), || draw(&wet));
            let figures = in_turns(5, &mut [&mut without, &mut through]);
            let note = format!("{:.2} x dry", figures[1].least / figures[0].least);
            report.row(&format!("water 800x600 {samples}x{samples} {how}"), figures[1], &note);
        }
    }
}

/// Paths of light beside bare walks through the grid, in rays a second.
fn path_rows(report: &Report) {
    let terrain = scenes::terrain(256);
    let (width, height, samples, bounces) = (320, 240, 8, 3);
    let half = 0.5f64.sqrt();
    let sun = [-0.5, -0.5, half];
    let mut lighting = Lighting { key: KeyLight::Direction(sun), ..Lighting::default() };
    lighting.sun_size = 0.1;
    let base = RenderSettings { width, height, lighting, ..RenderSettings::default() };
    let tracing = Some(Tracing { samples, bounces, denoise: false, ..Tracing::default() });
    let settings = RenderSettings { tracing, ..base.clone() };
    let floor = PathFloor::new(&terrain, 400, bounces, sun);
    let draw = |settings: &RenderSettings| {
        drawing(terrain.clone(), settings.clone()).expect("good settings").finish()
    };
    let mut trace = || _ = black_box(draw(&settings));
    let mut walk = || _ = black_box(floor.walk());
    let figures = in_turns(7, &mut [&mut trace, &mut walk]);
    // Pixels that show the model, whose paths go on.
    let background = Rgba::EMPTY;
    let flat = RenderSettings { background, samples: 1, shading: Shading::FLAT, ..base };
    let shown = draw(&flat).bytes().chunks_exact(4).filter(|pixel| pixel[3] > 0).count();
    let pixels = f64::from(width) * f64::from(height);
    let rays = (pixels + shown as f64 * floor.further) * f64::from(samples);
    let rate = |rays: f64, figures: Figures| rays / figures.median / 1e3;
    let traced = rate(rays, figures[0]);
    let bare = rate(floor.count() as f64, figures[1]);
    let note =
        format!("{traced:.2} million rays a second, bare walks {bare:.2}: {:.2} x", traced / bare);
    report.row("paths terrain 256^3 320x240, 8 samples", figures[0], &note);
}

/// What a second thread brings a picture by paths, beside what it brings bare walks: wall time.
fn thread_rows(report: &Report) {
    let terrain = scenes::terrain(256);
    let floor = PathFloor::new(&terrain, 400, 3, [0.0, 0.0, 1.0]);
    let draw = |threads| {
        let tracing = Some(Tracing { samples: 8, threads, ..Tracing::default() });
        let settings = RenderSettings { width: 320, height: 240, tracing, ..Default::default() };
        black_box(drawing(terrain.clone(), settings).expect("good settings").finish());
    };
    let walk = |threads: usize| {
        std::thread::scope(|scope| {
            (0..threads).for_each(|_| _ = scope.spawn(|| black_box(floor.walk())));
        });
    };
    let mut seconds = vec![Vec::new(); 4];
    for _ in 0..7 {
        let works: [&dyn Fn(); 4] = [&|| draw(1), &|| draw(2), &|| walk(1), &|| walk(2)];
        for (work, seconds) in works.into_iter().zip(&mut seconds) {
            let start = Instant::now();
            work();
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    let all: Vec<Figures> = seconds.into_iter().map(figures).collect();
    let faster = all[0].median / all[1].median;
    // Two walks at once are twice the work of one.
    let bare = 2.0 * all[2].median / all[3].median;
    let note = format!("{faster:.2} x one thread, bare walks {bare:.2} x: {:.2}", faster / bare);
    report.row("two threads, paths terrain 256^3 320x240", all[1], &note);
}

fn longest_slice(report: &Report, name: &str, volume: &Volume) {
    let settings = RenderSettings { width: 1920, height: 1080, ..Default::default() };
    let mut job = drawing(volume.clone(), settings).expect("good settings");
    let (mut slices, mut at) = (Vec::new(), Vec::new());
    let mut done = false;
    while !done {
        at.push(job.progress().done);
        slices.push(time(&mut || done = matches!(job.step(&mut Budget::units(1)), Step::Done(_))));
    }
    let worst = (0..slices.len()).fold(0, |a, b| if slices[b] > slices[a] { b } else { a });
    let at = at[worst];
    let longest = slices.iter().copied().fold(0.0, f64::max) * 1e3;
    let note = format!("longest of {} units {longest:.3} ms, at {at} / 1000", slices.len());
    report.row(&format!("unit of work {name}"), figures(slices), &note);
}

/// Where the time of a picture goes, by its progress.
fn stages(report: &Report, name: &str, volume: &Volume, settings: RenderSettings) {
    let mut best = [f64::MAX; 3];
    for _ in 0..5 {
        let mut spent = [0.0; 3];
        let mut job = drawing(volume.clone(), settings.clone()).expect("good settings");
        let mut done = false;
        while !done {
            let stage = match job.progress().done {
                0..100 => 0,
                100..300 => 1,
                _ => 2,
            };
            let slice = &mut || done = matches!(job.step(&mut Budget::units(8)), Step::Done(_));
            spent[stage] += time(slice);
        }
        (0..3).for_each(|i| best[i] = best[i].min(spent[i]));
    }
    for (stage, seconds) in ["bits", "faces", "pixels"].into_iter().zip(best) {
        report.row(&format!("stage {stage} {name}"), figures(vec![seconds]), "");
    }
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let wants = |part: &str| only.as_deref().is_none_or(|only| part.contains(only));
    let report = Report { json };
    if !json {
        println!("{:<46} {:>9} {:>9}  (ms of thread CPU time)", "row", "least", "median");
    }
    if wants("mesh") {
        mesh_rows(&report);
    }
    if wants("draw") {
        let terrain = scenes::terrain(256);
        render_rows(&report, "terrain 256^3", &terrain, [800, 600], 1);
        render_rows(&report, "terrain 256^3", &terrain, [800, 600], 2);
        render_rows(&report, "terrain 256^3", &terrain, [1920, 1080], 1);
        render_rows(&report, "noise 128^3", &scenes::noise(128), [800, 600], 1);
    }
    if wants("water") {
        water_rows(&report);
    }
    if wants("paths") {
        path_rows(&report);
    }
    if wants("threads") {
        thread_rows(&report);
    }
    if wants("stage") {
        let shading = Shading { occlusion: false, ..Default::default() };
        let base = RenderSettings { width: 800, height: 600, shading, ..Default::default() };
        let terrain = scenes::terrain(256);
        stages(&report, "1x1", &terrain, RenderSettings { samples: 1, ..base.clone() });
        stages(&report, "2x2", &terrain, base);
    }
    if wants("slice") {
        longest_slice(&report, "terrain 256^3", &scenes::terrain(256));
        longest_slice(&report, "noise 128^3", &scenes::noise(128));
    }
}
