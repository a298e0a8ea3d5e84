//! Shapes from the fields of operations, and from the sizes of the older method.

use super::work::Refusal;
use crate::api::operations::Form;
use crate::api::operations::forms::{BoxFields, LineFields, SolidFields, TorusFields};
use crate::api::operations::richer::Center;
use crate::api::operations::values::{Radius, Wall};
use crate::voxel::{Axis, BlockPos, Bounds, Cover, Point, Rotation, Shape, ShapeError};

impl From<ShapeError> for Refusal {
    fn from(error: ShapeError) -> Self {
        let field = match &error {
            ShapeError::BadLength { name, .. } => name,
            ShapeError::NoPoints => "points",
        };
        Refusal::rule(field, error.to_string())
    }
}

/// What fills a box along an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Solid {
    /// All of it.
    Cuboid,
    /// An ellipsoid.
    Ellipsoid,
    /// An elliptic cylinder.
    Cylinder,
    /// A cone.
    Cone,
    /// A pyramid.
    Pyramid,
    /// A cylinder with round ends.
    Capsule,
    /// A ring.
    Torus,
    /// The diagonal.
    Line,
}

impl Solid {
    /// The names of the older method, with the shapes they stand for.
    pub const NAMES: [(&'static str, Solid); 9] = [
        ("cube", Solid::Cuboid),
        ("sphere", Solid::Ellipsoid),
        ("cylinder", Solid::Cylinder),
        ("cone", Solid::Cone),
        ("pyramid", Solid::Pyramid),
        ("torus", Solid::Torus),
        ("ellipsoid", Solid::Ellipsoid),
        ("capsule", Solid::Capsule),
        ("line", Solid::Line),
    ];

    /// The shape with a name, in any case; "box" is another name of cube.
    pub fn named(name: &str) -> Option<Solid> {
        let name = if name.eq_ignore_ascii_case("box") { "cube" } else { name };
        let found = Solid::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, solid)| *solid)
    }
}

fn turned(shape: Shape, degrees: [f64; 3]) -> Shape {
    if degrees == [0.0; 3] { shape } else { shape.rotated(&Rotation::euler(degrees)) }
}

/// Two voxels turned about the middle of a box, to the nearest voxels.
fn turned_ends(ends: [[i64; 3]; 2], bounds: Bounds, degrees: [f64; 3]) -> [Point; 2] {
    let middle: [f64; 3] =
        std::array::from_fn(|i| (bounds.min[i] + bounds.max_inside()[i]) as f64 / 2.0);
    let rotation = Rotation::euler(degrees);
    ends.map(|end| {
        let offset = std::array::from_fn(|i| end[i] as f64 - middle[i]);
        let moved = if degrees == [0.0; 3] { offset } else { rotation.apply(offset) };
        // Halves all go the same way, or a turned line would grow. The cast saturates at the edge
        // of the addressable space.
        Point::from(std::array::from_fn(|i| (middle[i] + moved[i] + 0.5).floor() as i32))
    })
}

fn across(axis: Axis) -> [usize; 2] {
    [(axis.index() + 1) % 3, (axis.index() + 2) % 3]
}

fn capsule(bounds: Bounds, axis: Axis, degrees: [f64; 3]) -> Result<Shape, Refusal> {
    let size = bounds.dimensions();
    let [u, v] = across(axis);
    if size[u] != size[v] {
        let message =
            format!("a capsule is as wide as it is deep, got {} and {}", size[u], size[v]);
        return Err(Refusal::rule("max", message));
    }
    let (along, width) = (axis.index(), size[u]);
    if size[along] < width {
        let message =
            format!("a capsule is at least as long as wide: {} along, {width} across", size[along]);
        return Err(Refusal::rule("height", message));
    }
    let mut ends = [std::array::from_fn(|i| bounds.min[i] + width / 2); 2];
    ends[1][along] += size[along] - width;
    let [from, to] = turned_ends(ends, bounds_of_ends(ends), degrees);
    Ok(Shape::capsule(from, to, (width - 1) as f64 / 2.0)?)
}

fn bounds_of_ends(ends: [[i64; 3]; 2]) -> Bounds {
    Bounds { min: ends[0], max: ends[1].map(|value| value + 1) }
}

/// How thick the tube of a ring is: as the box is along the axis, but about a third of the width at
/// most.
fn tube_thickness(width: i64, along: i64) -> i64 {
    let thick = along.min((width / 3).max(1));
    if (along - thick) % 2 == 0 {
        return thick;
    }
    // Even in an odd length, or odd in an even one, would lie beside the middle.
    match (2 * (thick + 1) < width, thick > 1) {
        (true, _) => thick + 1,
        (false, true) => thick - 1,
        (false, false) => thick,
    }
}

/// A ring in a box.
fn torus(
    bounds: Bounds,
    axis: Axis,
    rotation: [f64; 3],
    hollow: Wall,
) -> Result<TorusFields, Refusal> {
    let size = bounds.dimensions();
    let [u, v] = across(axis);
    if size[u] != size[v] {
        let message =
            format!("a torus is round: {} and {} across its axis differ", size[u], size[v]);
        return Err(Refusal::rule("size_x", message));
    }
    let thick = tube_thickness(size[u], size[axis.index()]);
    let tube = (thick - 1) as f64 / 2.0;
    let radius = (size[u] - 1) as f64 / 2.0 - tube;
    let inside = bounds.max_inside();
    let mut center: [f64; 3] = std::array::from_fn(|i| (bounds.min[i] + inside[i]) as f64 / 2.0);
    if (size[axis.index()] - thick) % 2 != 0 {
        center[axis.index()] += 0.5;
    }
    let center = Center(center);
    let (radius, tube) = (Radius(radius), Radius(tube));
    Ok(TorusFields { center, radius, tube, axis, hollow, rotation })
}

/// The box of a size about a centre; an even size about a voxel has the voxel right of its middle
/// there.
pub fn about(center: [f64; 3], size: [u32; 3]) -> Option<Bounds> {
    let low = std::array::from_fn(|i| (center[i] - f64::from(size[i]) / 2.0).ceil() as i64);
    let high = std::array::from_fn(|i| low[i] + i64::from(size[i]));
    Bounds::new(low, high)
}

/// The operation that draws what the older method asks for: a solid that fills a box.
pub fn procedural(
    solid: Solid,
    bounds: Option<Bounds>,
    axis: Axis,
    rotation: [f64; 3],
    hollow: Wall,
) -> Result<Form, Refusal> {
    let bounds = bounds
        .and_then(|bounds| bounds.intersect(&Bounds::ALL).filter(|inside| *inside == bounds))
        .ok_or_else(|| Refusal::rule("size_x", "the shape must lie within 32-bit coordinates"))?;
    let [min, max] = [bounds.min, bounds.max_inside()].map(|corner| corner.map(|v| v as i32));
    let fields = SolidFields {
        min: Some(min),
        max: Some(max),
        center: None,
        radius: None,
        radii: None,
        height: None,
        axis,
        hollow,
        rotation,
    };
    Ok(match solid {
        Solid::Cuboid => Form::Box(BoxFields { min, max, hollow, rotation }),
        Solid::Ellipsoid => Form::Ellipsoid(fields),
        Solid::Cylinder => Form::Cylinder(fields),
        Solid::Cone => Form::Cone(fields),
        Solid::Pyramid => Form::Pyramid(fields),
        Solid::Capsule => Form::Capsule(fields),
        Solid::Torus => Form::Torus(torus(bounds, axis, rotation, hollow)?),
        Solid::Line => {
            let points = turned_ends([bounds.min, bounds.max_inside()], bounds, rotation);
            let points = points.map(Point::array).to_vec();
            Form::Line(LineFields { points, radius: Radius(0.0) })
        }
    })
}

/// The shape of an operation that draws one.
pub fn shape_of(form: &Form) -> Option<Result<Shape, Refusal>> {
    Some(match form {
        Form::Box(f) => {
            let shape = Shape::cuboid(Bounds::inclusive(f.min, f.max));
            Ok(turned(shape, f.rotation).hollow(f.hollow.0))
        }
        Form::Sphere(f) => sphere(f.center, f.radius, f.hollow),
        Form::Ellipsoid(f) => solid(Solid::Ellipsoid, f),
        Form::Cylinder(f) => solid(Solid::Cylinder, f),
        Form::Cone(f) => solid(Solid::Cone, f),
        Form::Pyramid(f) => solid(Solid::Pyramid, f),
        Form::Capsule(f) => solid(Solid::Capsule, f),
        Form::Torus(f) => ring(f),
        Form::Line(f) => {
            let points: Vec<Point> = f.points.iter().map(|&point| point.into()).collect();
            Shape::line(&points, f.radius.0).map_err(Refusal::from)
        }
        _ => return None,
    })
}

/// A ball about a centre.
fn sphere(center: Center, radius: Radius, Wall(hollow): Wall) -> Result<Shape, Refusal> {
    let bounds = spanned(center, [radius.0; 3], "radius")?;
    Ok(Shape::ellipsoid(bounds).hollow(hollow))
}

/// The voxels along each axis whose middles are at most the radius there away from a centre.
pub fn spanned(center: Center, radii: [f64; 3], field: &'static str) -> Result<Bounds, Refusal> {
    let low = std::array::from_fn(|axis| (center.0[axis] - radii[axis]).ceil() as i64);
    let high = std::array::from_fn(|axis| (center.0[axis] + radii[axis]).floor() as i64 + 1);
    Bounds::new(low, high).and_then(|bounds| bounds.intersect(&Bounds::ALL)).ok_or_else(|| {
        let message = format!(
            "no voxel lies within {radii:?} of {:?}: between two voxels take 0.5 or more",
            center.0
        );
        Refusal::rule(field, message)
    })
}

/// A solid by its box, or about a centre.
fn solid(solid: Solid, fields: &SolidFields) -> Result<Shape, Refusal> {
    let Wall(hollow) = fields.hollow;
    let (bounds, axis) = (solid_bounds(fields)?, fields.axis);
    let shape = match solid {
        Solid::Ellipsoid => Shape::ellipsoid(bounds),
        Solid::Cylinder => Shape::cylinder(bounds, axis),
        Solid::Cone => Shape::cone(bounds, axis),
        Solid::Pyramid => Shape::pyramid(bounds, axis),
        Solid::Capsule => return Ok(capsule(bounds, axis, fields.rotation)?.hollow(hollow)),
        Solid::Cuboid | Solid::Torus | Solid::Line => Shape::cuboid(bounds),
    };
    Ok(turned(shape, fields.rotation).hollow(hollow))
}

fn radii_of(fields: &SolidFields) -> Option<[f64; 3]> {
    fields.radii.map(|radii| radii.0).or_else(|| fields.radius.map(|radius| [radius.0; 3]))
}

fn solid_bounds(fields: &SolidFields) -> Result<Bounds, Refusal> {
    match (fields.min, fields.max, fields.center) {
        (Some(min), Some(max), None) => Ok(Bounds::inclusive(min, max)),
        (None, None, Some(center)) => centered(fields, center),
        (None, None, None) => Err(Refusal::rule(
            "center",
            "where is missing: give min and max, or center with radius or radii",
        )),
        (Some(_), Some(_), Some(_)) => {
            Err(Refusal::rule("center", "give either min and max, or center, not both"))
        }
        _ => Err(Refusal::rule("min", "min and max go together")),
    }
}

fn centered(fields: &SolidFields, center: Center) -> Result<Bounds, Refusal> {
    let radii =
        radii_of(fields).ok_or_else(|| Refusal::rule("radius", "center needs radius or radii"))?;
    let mut bounds = spanned(center, radii, "radius")?;
    if let Some(height) = fields.height {
        if height == 0 {
            return Err(Refusal::rule("height", "must be 1 or more"));
        }
        // An even height about a voxel has the voxel right of its middle at the centre, as sizes
        // have.
        let axis = fields.axis.index();
        let low = (center.0[axis] - f64::from(height) / 2.0).ceil() as i64;
        (bounds.min[axis], bounds.max[axis]) = (low, low + i64::from(height));
    }
    let beyond = || Refusal::rule("center", "the shape must lie within 32-bit coordinates");
    bounds.intersect(&Bounds::ALL).ok_or_else(beyond)
}

/// A ring about a centre.
fn ring(fields: &TorusFields) -> Result<Shape, Refusal> {
    let TorusFields { center, radius, tube, axis, hollow, rotation } = fields;
    let mut radii = [radius.0 + tube.0; 3];
    radii[axis.index()] = tube.0;
    let bounds = spanned(*center, radii, "tube")?;
    let half = bounds.dimensions().map(|length| length as f64 / 2.0);
    let reach = half[axis.index()];
    let across = across(*axis).map(|axis| half[axis]);
    let shape = Shape::ring(bounds, across[0].min(across[1]) - reach, *axis)?;
    Ok(turned(shape, *rotation).hollow(hollow.0))
}

/// How many voxels a shape covers.
pub fn cover_count(shape: &Shape) -> u64 {
    let Some(bounds) = shape.bounds() else { return 0 };
    let (low, high) = (bounds.min.map(|v| v >> 4), bounds.max_inside().map(|v| v >> 4));
    let mut count = 0;
    for z in low[2]..=high[2] {
        for y in low[1]..=high[1] {
            for x in low[0]..=high[0] {
                let at = BlockPos { x: x as i32, y: y as i32, z: z as i32 };
                count += match shape.cover(at.bounds()) {
                    Cover::Outside => 0,
                    Cover::Inside => 4096,
                    Cover::Rim => {
                        shape.mask(at).iter().map(|word| u64::from(word.count_ones())).sum()
                    }
                };
            }
        }
    }
    count
}
