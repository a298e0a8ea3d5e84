//! Shapes: boxes, ellipsoids, cylinders, cones, pyramids, tori, capsules and lines.
//!
//! A voxel belongs to a shape if its centre does. Sizes are exact at odd and even sizes alike: a
//! length of s voxels about a centre voxel c covers c - floor(s/2) and the s - 1 voxels after it. A
//! radius r makes a width of 2r + 1 voxels; half values give even widths.
//!
//! Each form lives in its own frame: origin at the shape's centre, its axis along local z. A frame
//! is a matrix of zeros and ones unless the shape is rotated, so coordinates stay exact.

mod form;
mod frame;
mod path;
mod round;

use form::Form;
use frame::Frame;
use path::Path;

use super::{BlockPos, Bounds, Mask, Point};
pub use frame::{Axis, Rotation};

/// The longest half extent of a shape: beyond the addressable space nothing is to be seen.
const MAX_LENGTH: f64 = 4_294_967_296.0;

/// What a shape does to a box of voxels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cover {
    /// No voxel of the box belongs to the shape.
    Outside,
    /// All voxels belong to it.
    Inside,
    /// Some may.
    Rim,
}

/// Why a shape cannot be made.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ShapeError {
    /// A length is negative, not finite or too large.
    #[error("{name} must be from 0 to {MAX_LENGTH}, got {got}")]
    BadLength {
        /// Which length.
        name: &'static str,
        /// What was given.
        got: f64,
    },
    /// A line without points.
    #[error("a line needs at least one point")]
    NoPoints,
}

fn checked(name: &'static str, got: f64) -> Result<f64, ShapeError> {
    let fine = (0.0..=MAX_LENGTH).contains(&got);
    if fine { Ok(got) } else { Err(ShapeError::BadLength { name, got }) }
}

/// A solid to draw, select or measure with.
///
/// ```
/// use goxel_daemon::voxel::{Brush, Point, Rgba, Shape, Volume};
/// let mut volume = Volume::new();
/// let ball = Shape::sphere(Point::new(0, 0, 0), 2.0)?;
/// let report = volume.draw(&ball, &Brush::new(Rgba::WHITE))?;
/// assert_eq!(report.added, volume.count());
/// assert_eq!(volume.bounds().unwrap().dimensions(), [5, 5, 5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Shape {
    form: Form,
    frame: Frame,
    wall: u32,
}

impl Shape {
    fn new(form: Form, frame: Frame) -> Shape {
        Shape { form, frame, wall: 0 }
    }

    /// A box.
    pub fn cuboid(bounds: Bounds) -> Shape {
        let (frame, half) = Frame::of_bounds(bounds, Axis::Z);
        Shape::new(Form::Cuboid(form::Cuboid { half }), frame)
    }

    /// A ball around a voxel: 2 `radius` + 1 voxels wide.
    pub fn sphere(center: Point, radius: f64) -> Result<Shape, ShapeError> {
        Shape::ellipsoid_around(center, [radius; 3])
    }

    /// An ellipsoid that fills a box.
    pub fn ellipsoid(bounds: Bounds) -> Shape {
        let (frame, half) = Frame::of_bounds(bounds, Axis::Z);
        Shape::new(Form::Ellipsoid(round::Ellipsoid::new(half)), frame)
    }

    /// An ellipsoid around a voxel: 2 r + 1 voxels wide in each direction.
    pub fn ellipsoid_around(center: Point, radii: [f64; 3]) -> Result<Shape, ShapeError> {
        for radius in radii {
            checked("radius", radius)?;
        }
        let (frame, half) = Frame::around(center, radii, Axis::Z);
        Ok(Shape::new(Form::Ellipsoid(round::Ellipsoid::new(half)), frame))
    }

    /// A cylinder that fills a box, elliptic if the box is not square across the axis.
    pub fn cylinder(bounds: Bounds, axis: Axis) -> Shape {
        let (frame, half) = Frame::of_bounds(bounds, axis);
        Shape::new(Form::Cylinder(round::Cylinder { half }), frame)
    }

    /// A cone that fills a box: full width in its first layer along the axis, a tip of one voxel
    /// (two where the width is even) in its last.
    pub fn cone(bounds: Bounds, axis: Axis) -> Shape {
        let (frame, half) = Frame::of_bounds(bounds, axis);
        Shape::new(Form::Cone(round::Cone { taper: form::Taper::new(half) }), frame)
    }

    /// A pyramid with a rectangular base that fills a box, with the widths of [`Shape::cone`].
    pub fn pyramid(bounds: Bounds, axis: Axis) -> Shape {
        let (frame, half) = Frame::of_bounds(bounds, axis);
        Shape::new(Form::Pyramid(form::Pyramid { taper: form::Taper::new(half) }), frame)
    }

    /// A ring around a voxel: `radius` from the centre to the middle of the tube, the tube 2 `tube`
    /// + 1 voxels thick; the whole is 2 (`radius` + `tube`) + 1 wide.
    pub fn torus(center: Point, radius: f64, tube: f64, axis: Axis) -> Result<Shape, ShapeError> {
        let (radius, tube) = (checked("radius", radius)?, checked("tube", tube)?);
        let mut radii = [radius + tube; 3];
        radii[axis.index()] = tube;
        let (frame, half) = Frame::around(center, radii, axis);
        Ok(Shape::new(Form::Torus(round::Torus { radius, tube: half[2] }), frame))
    }

    /// A ring in a box that is as thick as its tube along the axis: `radius` from its centre to the
    /// middle of the tube.
    pub fn ring(bounds: Bounds, radius: f64, axis: Axis) -> Result<Shape, ShapeError> {
        let radius = checked("radius", radius)?;
        let (frame, half) = Frame::of_bounds(bounds, axis);
        Ok(Shape::new(Form::Torus(round::Torus { radius, tube: half[2] }), frame))
    }

    /// All voxels within `radius` of the line between two voxels: 2 `radius` + 1 voxels thick, with
    /// round ends.
    pub fn capsule(from: Point, to: Point, radius: f64) -> Result<Shape, ShapeError> {
        let path = Path::thick(&[from, to], checked("radius", radius)?);
        Ok(Shape::new(Form::Path(path), Frame::WORLD))
    }

    /// A line through points, 2 `radius` + 1 voxels thick. Radius 0 gives the thin line whose
    /// voxels touch at least at corners.
    pub fn line(points: &[Point], radius: f64) -> Result<Shape, ShapeError> {
        let radius = checked("radius", radius)?;
        if points.is_empty() {
            return Err(ShapeError::NoPoints);
        }
        let path = if radius == 0.0 { Path::thin(points) } else { Path::thick(points, radius) };
        Ok(Shape::new(Form::Path(path), Frame::WORLD))
    }

    /// Leaves only a wall of this many voxels; 0 keeps the shape solid. No step along an axis
    /// passes through a wall.
    pub fn hollow(mut self, wall: u32) -> Shape {
        self.wall = wall;
        self
    }

    /// Rotates the shape about its centre; after quarter turns it fills whole voxels again. Lines
    /// have no centre of their own and stay as they are.
    pub fn rotated(mut self, rotation: &Rotation) -> Shape {
        if matches!(self.form, Form::Path(_)) {
            return self;
        }
        self.frame = self.frame.rotated(rotation);
        if rotation.is_quarter_turns() {
            let (min, max) = self.form.extent();
            self.frame = self.frame.on_the_grid(min, max);
        }
        self
    }

    /// A box around the shape within the addressable space; `None` if nothing of it lies there.
    pub fn bounds(&self) -> Option<Bounds> {
        let (min, max) = self.form.extent();
        let (min, max) = self.frame.extent_to_world(min, max);
        let bounds = Bounds::new(
            min.map(|v| (v - 0.5 - 1e-6).ceil() as i64),
            max.map(|v| (v - 0.5 + 1e-6).floor() as i64 + 1),
        )?;
        bounds.intersect(&Bounds::ALL)
    }

    /// Whether a voxel belongs to the shape.
    pub fn contains(&self, point: Point) -> bool {
        let at = point.array().map(|value| f64::from(value) + 0.5);
        let inside = |form: &Form, at: [f64; 3]| form.contains(self.frame.local_of(at));
        if !inside(&self.form, at) || self.wall == 0 {
            return inside(&self.form, at);
        }
        let wall = f64::from(self.wall);
        let Some(inner) = self.form.shrunk(wall) else { return true };
        let leads_out = |axis: usize, step: f64| {
            let mut there = at;
            there[axis] += step;
            !inside(&self.form, there)
        };
        let near = || (0..3).any(|axis| leads_out(axis, wall) || leads_out(axis, -wall));
        !inside(&inner, at) || (self.needs_steps() && near())
    }

    /// Whether the steps along the axes decide, beside the shrunk form, what is a wall.
    fn needs_steps(&self) -> bool {
        self.form.is_convex() && !(self.form.is_even() && self.frame.is_aligned())
    }

    /// What the shape does to a box. [`Cover::Rim`] is always a correct answer.
    pub fn cover(&self, bounds: Bounds) -> Cover {
        let center: [f64; 3] =
            std::array::from_fn(|i| (bounds.min[i] + bounds.max[i]) as f64 / 2.0);
        let half: [f64; 3] = bounds.dimensions().map(|length| (length - 1) as f64 / 2.0);
        let cover = self.cover_of(&self.form, center, half);
        if self.wall == 0 || cover == Cover::Outside {
            return cover;
        }
        let Some(inner) = self.form.shrunk(f64::from(self.wall)) else { return cover };
        let grown = half.map(|length| length + f64::from(self.wall));
        let deep = self.cover_of(&self.form, center, grown) == Cover::Inside;
        match self.cover_of(&inner, center, half) {
            Cover::Inside if deep || !self.form.is_convex() => Cover::Outside,
            Cover::Outside => cover,
            _ => Cover::Rim,
        }
    }

    fn cover_of(&self, form: &Form, center: [f64; 3], half: [f64; 3]) -> Cover {
        let (center, half) = self.frame.box_to_local(center, half);
        form.cover(center, half)
    }

    /// Which voxels of a block belong to the shape.
    pub fn mask(&self, at: BlockPos) -> Mask {
        let origin = at.origin().array().map(f64::from);
        let mut mask = self.form.mask(&self.frame, origin);
        if self.wall > 0
            && let Some(inner) = self.form.shrunk(f64::from(self.wall))
        {
            self.carve(&mut mask, &inner, origin);
        }
        mask
    }

    /// Takes away the inside of a hollow shape: the voxels of the shrunk form from which no `wall`
    /// steps along an axis lead out. The second condition keeps walls closed where the shrunk form
    /// comes closer than that, as in flat ellipsoids.
    fn carve(&self, mask: &mut Mask, inner: &Form, origin: [f64; 3]) {
        let mut inside = inner.mask(&self.frame, origin);
        if self.needs_steps() {
            for axis in 0..3 {
                for sign in [-1.0, 1.0] {
                    let mut moved = origin;
                    moved[axis] += sign * f64::from(self.wall);
                    let there = self.form.mask(&self.frame, moved);
                    inside.iter_mut().zip(there).for_each(|(inside, there)| *inside &= there);
                }
            }
        }
        mask.iter_mut().zip(inside).for_each(|(mask, inside)| *mask &= !inside);
    }
}

#[cfg(test)]
mod tests;
