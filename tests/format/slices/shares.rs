//! No step of a reader or writer does most of its work: what is packed, copied or listed in one go
//! would hold up everybody.

use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::format::{self, FormatError, LoadJob};
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::voxel::{Point, Rgba, Volume};

/// The edge of the cube that is written.
const EDGE: i32 = 48;
/// The longest step may take this part of the whole.
const SHARE: f64 = 0.4;

fn cpu_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// What comes of a job in the smallest slices, and the longest of them as a part of the whole.
fn longest<T>(mut job: impl Job<Output = Result<T, FormatError>>) -> (Result<T, FormatError>, f64) {
    let (mut longest, mut whole) = (0.0, 0.0);
    loop {
        let start = cpu_seconds();
        let step = job.step(&mut Budget::units(1));
        let took = cpu_seconds() - start;
        longest = f64::max(longest, took);
        whole += took;
        if let Step::Done(result) = step {
            return (result, longest / whole);
        }
    }
}

/// A cube of a few colours that lie nowhere side by side.
fn document() -> Document {
    let mut layer = Layer::new(LayerId(1), "noise");
    let mut volume = Volume::new();
    for (z, y, x) in (0..EDGE.pow(3)).map(|n| (n / EDGE / EDGE, n / EDGE % EDGE, n % EDGE)) {
        let number = (x * 7 + y * 13 + z * 29).rem_euclid(11) as u8;
        volume.set(Point::new(x, y, z), Rgba::opaque(20 * number, 255 - 9 * number, number));
    }
    layer.volume = volume;
    Document::with_layers("noise", canvas_for_size([64; 3]), vec![layer])
}

#[test]
fn no_step_does_most_of_the_work() {
    let document = document();
    let mut found = Vec::new();
    for format in format::formats().iter().filter(|format| format.can_write()) {
        let job = format.writer(document.clone(), Default::default()).expect("a writer");
        let (written, share) = longest(job);
        println!("{:12} written, longest step {:.3} of the whole", format.name, share);
        found.push((format.name, "written", share));
        let Ok(written) = written else { continue };
        if format.can_read() {
            let bytes = written.content.into_vec();
            let (read, share) = longest(LoadJob::of_bytes(bytes, Some(format), Default::default()));
            assert!(read.is_ok(), "{}", format.name);
            println!("{:12} read,    longest step {:.3} of the whole", format.name, share);
            found.push((format.name, "read", share));
        }
    }
    found.retain(|(_, _, share)| *share > SHARE);
    assert!(found.is_empty(), "these do most of their work in one step: {found:?}");
}
