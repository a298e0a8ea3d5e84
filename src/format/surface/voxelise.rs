//! Triangles to voxels.
//!
//! Each triangle is projected along the axis that it faces most. Every grid column whose centre
//! lies in the projection gives the voxel just inside the surface, so that a surface made of voxel
//! faces gives back exactly its voxels. Corners count too, so that triangles smaller than a voxel
//! are not lost.

use super::VoxeliseOptions;
use super::skin::Skin;
use crate::format::builder::{Allowance, VolumeBuilder};
use crate::format::{FormatError, Limits};
use crate::voxel::{Point, Rgba};

type Vector = [f64; 3];

/// A vertex in the file's units and axes, with its colour.
#[derive(Clone, Copy)]
pub(super) struct Vertex {
    pub(super) position: Vector,
    pub(super) color: Rgba,
}

/// How a triangle looks: its skin, and the places of its corners in the skin's texture.
#[derive(Clone, Copy)]
pub(super) struct Sheet {
    pub(super) skin: u32,
    pub(super) places: [[f32; 2]; 3],
}

impl Sheet {
    fn color(&self, skins: &[Skin], shares: [f64; 3], vertex: Rgba) -> Rgba {
        let place = |part: usize| {
            let parts = self.places.iter().zip(shares);
            parts.map(|(place, share)| f64::from(place[part]) * share).sum()
        };
        let skin = skins.get(self.skin as usize);
        skin.map_or(vertex, |skin| skin.at([place(0), place(1)], vertex))
    }
}

/// How far inside the surface voxels are taken, in voxels.
const INSIDE: f64 = 1e-3;

/// From the file's space to that of voxels.
#[derive(Clone, Copy)]
pub(super) struct Placement {
    y_up: bool,
    scale: f64,
}

impl Placement {
    /// `longest` is the longest edge of the box around all vertices, in the file's units.
    pub(super) fn new(options: &VoxeliseOptions, longest: f64) -> Self {
        let fit = options.fit.filter(|_| longest > 0.0).map(|voxels| f64::from(voxels) / longest);
        let size = options.voxel_size;
        let scale = fit.unwrap_or(if size.is_finite() && size > 0.0 { 1.0 / size } else { 1.0 });
        Placement { y_up: options.y_up, scale }
    }

    pub(super) fn place(&self, [x, y, z]: Vector) -> Vector {
        let turned = if self.y_up { [x, -z, y] } else { [x, y, z] };
        turned.map(|value| value * self.scale)
    }
}

/// Collects the voxels of triangles.
pub(super) struct Voxeliser {
    pub(super) builder: VolumeBuilder,
    pub(super) allowance: Allowance,
    /// Grid columns that all triangles together cross, and may cross.
    columns: u64,
    max_columns: u64,
    sweep: Option<Sweep>,
}

/// A triangle whose grid columns are gone through, row by row.
#[derive(Clone, Copy)]
struct Sweep {
    corners: [Vertex; 3],
    sheet: Option<Sheet>,
    /// The axis along the columns, and those across.
    axis: usize,
    across: [usize; 2],
    /// The first column, how many are in a row and in all, and how many are done.
    first: [i64; 2],
    row: u64,
    total: u64,
    done: u64,
    /// How far voxels lie inside, along the axis.
    side: f64,
}

fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(v: Vector) -> f64 {
    v.iter().map(|value| value * value).sum::<f64>().sqrt()
}

impl Voxeliser {
    pub(super) fn new(limits: Limits) -> Self {
        Voxeliser {
            builder: VolumeBuilder::new(),
            allowance: Allowance::new(limits),
            columns: 0,
            max_columns: limits.max_surface_columns,
            sweep: None,
        }
    }

    /// One voxel at a point in voxel space.
    pub(super) fn point(&mut self, at: Vector, color: Rgba) -> Result<(), FormatError> {
        let cell = at.map(f64::floor);
        let inside = |v: &f64| (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(v);
        if cell.iter().all(inside) && !color.is_empty() {
            self.builder.set(Point::from(cell.map(|v| v as i32)), color, &mut self.allowance)?;
        }
        Ok(())
    }

    /// Begins with the voxels of a triangle in voxel space, its corners counter-clockwise seen from
    /// outside. [`Voxeliser::columns`] does the rest.
    pub(super) fn triangle(
        &mut self,
        corners: [Vertex; 3],
        sheet: Option<Sheet>,
        skins: &[Skin],
    ) -> Result<(), FormatError> {
        let [a, b, c] = corners.map(|corner| corner.position);
        let normal = cross(sub(b, a), sub(c, a));
        let area = length(normal);
        if !area.is_finite() {
            return Ok(());
        }
        let middle = [0, 1, 2].map(|axis| (a[axis] + b[axis] + c[axis]) / 3.0);
        let inward = normal.map(|value| if area > 0.0 { -value / area * INSIDE } else { 0.0 });
        for (number, corner) in corners.into_iter().enumerate() {
            let p = corner.position;
            let mut shares = [0.0; 3];
            shares[number] = 1.0;
            let color =
                sheet.map_or(corner.color, |sheet| sheet.color(skins, shares, corner.color));
            let nudged = |axis: usize| p[axis] + (middle[axis] - p[axis]) * INSIDE + inward[axis];
            self.point([0, 1, 2].map(nudged), color)?;
        }
        if area > 0.0 { self.start_sweep(corners, sheet, normal) } else { Ok(()) }
    }

    fn start_sweep(
        &mut self,
        corners: [Vertex; 3],
        sheet: Option<Sheet>,
        normal: Vector,
    ) -> Result<(), FormatError> {
        let axis = (0..3).max_by(|&i, &j| normal[i].abs().total_cmp(&normal[j].abs())).unwrap_or(0);
        let across = [(axis + 1) % 3, (axis + 2) % 3];
        let [a, b, c] = corners.map(|corner| corner.position);
        let range = |axis: usize| {
            let low = a[axis].min(b[axis]).min(c[axis]);
            let high = a[axis].max(b[axis]).max(c[axis]);
            ((low - 0.5).ceil() as i64, (high - 0.5).floor() as i64)
        };
        let [(from_u, to_u), (from_v, to_v)] = across.map(range);
        let (wide, high) = (to_u.saturating_sub(from_u), to_v.saturating_sub(from_v));
        if wide < 0 || high < 0 {
            return Ok(());
        }
        let row = wide as u64 + 1;
        let total = row.saturating_mul(high as u64 + 1);
        self.count(total)?;
        let (first, side) = ([from_u, from_v], -normal[axis].signum() * INSIDE);
        self.sweep = Some(Sweep { corners, sheet, axis, across, first, row, total, done: 0, side });
        Ok(())
    }

    /// Whether the last triangle is not done.
    pub(super) fn has_columns_left(&self) -> bool {
        self.sweep.is_some()
    }

    /// The voxels of up to `most` of the grid columns that the last triangle crosses; of how many.
    pub(super) fn columns(&mut self, most: u64, skins: &[Skin]) -> Result<u64, FormatError> {
        let Some(mut sweep) = self.sweep.take() else { return Ok(0) };
        let count = most.min(sweep.total - sweep.done);
        for number in sweep.done..sweep.done + count {
            if let Some((point, color)) = sweep.voxel(number, skins) {
                self.point(point, color)?;
            }
        }
        sweep.done += count;
        self.sweep = Some(sweep).filter(|sweep| sweep.done < sweep.total);
        Ok(count)
    }

    fn count(&mut self, columns: u64) -> Result<(), FormatError> {
        self.columns = self.columns.saturating_add(columns);
        if self.columns > self.max_columns {
            return Err(FormatError::Limit {
                what: "the model's surface in voxels".to_owned(),
                limit_name: "max_surface_columns",
                limit: self.max_columns,
                got: self.columns,
            });
        }
        Ok(())
    }
}

impl Sweep {
    /// Where a column meets the triangle, and in which colour.
    fn voxel(&self, number: u64, skins: &[Skin]) -> Option<(Vector, Rgba)> {
        let Sweep { corners, axis, across: [u, v], first, row, .. } = *self;
        let [a, b, c] = corners.map(|corner| corner.position);
        let (column, row) = (first[0] + (number % row) as i64, first[1] + (number / row) as i64);
        let at = [column as f64 + 0.5, row as f64 + 0.5];
        let shares = barycentric(at, [a, b, c].map(|p| [p[u], p[v]]))?;
        let depth = shares[0] * a[axis] + shares[1] * b[axis] + shares[2] * c[axis];
        let mut point = [0.0; 3];
        (point[u], point[v], point[axis]) = (at[0], at[1], depth + self.side);
        let color = mix(corners, shares);
        Some((point, self.sheet.map_or(color, |sheet| sheet.color(skins, shares, color))))
    }
}

/// The shares of three corners in a point of the plane, or `None` if it lies outside.
fn barycentric(at: [f64; 2], [a, b, c]: [[f64; 2]; 3]) -> Option<[f64; 3]> {
    let edge =
        |p: [f64; 2], q: [f64; 2]| (q[0] - p[0]) * (at[1] - p[1]) - (q[1] - p[1]) * (at[0] - p[0]);
    let parts = [edge(b, c), edge(c, a), edge(a, b)];
    let whole: f64 = parts.iter().sum();
    let shares = parts.map(|part| part / whole);
    // Points on an edge belong to both sides, so that no gap opens between triangles.
    shares.iter().all(|&share| share >= -1e-9).then_some(shares)
}

fn mix(corners: [Vertex; 3], shares: [f64; 3]) -> Rgba {
    let [a, b, c] = corners.map(|corner| corner.color);
    if a == b && b == c {
        return a;
    }
    let channel = |pick: fn(Rgba) -> u8| {
        let sum: f64 = [a, b, c]
            .iter()
            .zip(shares)
            .map(|(&color, share)| f64::from(pick(color)) * share)
            .sum();
        sum.round().clamp(0.0, 255.0) as u8
    };
    Rgba::new(channel(|c| c.r), channel(|c| c.g), channel(|c| c.b), channel(|c| c.a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::faces;
    use crate::voxel::{Bounds, Volume};

    fn whole(voxeliser: &mut Voxeliser, corners: [Vertex; 3]) -> Result<(), FormatError> {
        voxeliser.triangle(corners, None, &[])?;
        while voxeliser.has_columns_left() {
            voxeliser.columns(3, &[])?;
        }
        Ok(())
    }

    #[test]
    fn faces_of_voxels_give_back_their_voxels() -> Result<(), FormatError> {
        let mut volume = Volume::new();
        volume.fill(Bounds { min: [-3, 2, -1], max: [2, 5, 4] }, Rgba::opaque(9, 8, 7));
        volume.set([10, 10, 10].into(), Rgba::opaque(1, 2, 3));
        let mut voxeliser = Voxeliser::new(Limits::default());
        for quad in faces(&volume) {
            let [a, b, c, d] = quad.corners().map(|corner| Vertex {
                position: corner.map(|value| value as f64),
                color: quad.color,
            });
            whole(&mut voxeliser, [a, b, c])?;
            whole(&mut voxeliser, [a, c, d])?;
        }
        let again = voxeliser.builder.into_volume();
        let hidden = Bounds { min: [-2, 3, 0], max: [1, 4, 3] };
        assert_eq!(again.count(), volume.count() - hidden.capacity() as u64);
        assert!(again.voxels().all(|(point, color)| volume.get(point) == color));
        Ok(())
    }

    #[test]
    fn a_tiny_triangle_is_one_voxel() -> Result<(), FormatError> {
        let mut voxeliser = Voxeliser::new(Limits::default());
        let corners = [[3.1, 4.1, 5.2], [3.2, 4.1, 5.2], [3.1, 4.2, 5.2]];
        let color = Rgba::WHITE;
        whole(&mut voxeliser, corners.map(|position| Vertex { position, color }))?;
        let volume = voxeliser.builder.into_volume();
        assert_eq!((volume.count(), volume.get([3, 4, 5].into())), (1, color));
        Ok(())
    }

    #[test]
    fn an_enormous_triangle_is_refused() {
        let mut voxeliser = Voxeliser::new(Limits::default());
        let corners = [[0.0; 3], [1e9, 0.0, 0.0], [0.0, 1e9, 0.0]];
        let color = Rgba::WHITE;
        let result =
            voxeliser.triangle(corners.map(|position| Vertex { position, color }), None, &[]);
        assert!(matches!(result, Err(FormatError::Limit { .. })));
    }
}
