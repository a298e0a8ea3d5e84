use super::*;
use crate::voxel::{Brush, Rgba, Volume};

fn drawn(shape: &Shape) -> Volume {
    let mut volume = Volume::new();
    volume.draw(shape, &Brush::new(Rgba::WHITE)).unwrap();
    volume
}

fn boxed(size: [u32; 3]) -> Bounds {
    Bounds::centered(Point::new(3, -2, 5), size).unwrap()
}

fn size_of(shape: &Shape) -> [i64; 3] {
    drawn(shape).bounds().unwrap().dimensions()
}

#[test]
fn shapes_of_eight_have_the_voxel_counts_of_goxel() {
    let bounds = boxed([8; 3]);
    assert_eq!(drawn(&Shape::ellipsoid(bounds)).count(), 280);
    assert_eq!(drawn(&Shape::cuboid(bounds)).count(), 512);
    for axis in Axis::ALL {
        assert_eq!(drawn(&Shape::cylinder(bounds, axis)).count(), 416);
    }
}

#[test]
fn every_shape_fills_its_box_at_odd_and_even_sizes() {
    for size in [[1, 1, 1], [2, 2, 2], [3, 3, 3], [5, 5, 7], [8, 8, 4], [9, 9, 9], [16, 33, 20]] {
        let bounds = boxed(size);
        let mut shapes = vec![Shape::cuboid(bounds), Shape::ellipsoid(bounds)];
        for axis in Axis::ALL {
            shapes.push(Shape::cylinder(bounds, axis));
            shapes.push(Shape::cone(bounds, axis));
            shapes.push(Shape::pyramid(bounds, axis));
        }
        for shape in shapes {
            assert_eq!(drawn(&shape).bounds(), Some(bounds), "{size:?} {:?}", shape.form);
        }
    }
}

#[test]
fn a_sphere_is_twice_its_radius_and_one_wide() {
    for (radius, width) in
        [(0.0, 1), (0.5, 2), (1.0, 3), (1.5, 4), (7.0, 15), (7.5, 16), (20.0, 41)]
    {
        let shape = Shape::sphere(Point::new(-9, 4, 0), radius).unwrap();
        let bounds = drawn(&shape).bounds().unwrap();
        assert_eq!(bounds, Bounds::centered(Point::new(-9, 4, 0), [width; 3]).unwrap());
    }
}

#[test]
fn a_pyramid_of_odd_size_steps_in_by_one() {
    let volume = drawn(&Shape::pyramid(boxed([5, 5, 3]), Axis::Z));
    assert_eq!(volume.count(), 25 + 9 + 1);
}

#[test]
fn a_torus_is_as_wide_as_radius_and_tube_make_it() {
    for axis in Axis::ALL {
        let mut expected = [2 * (10 + 3) + 1; 3];
        expected[axis.index()] = 7;
        let torus = Shape::torus(Point::new(0, 0, 0), 10.0, 3.0, axis).unwrap();
        assert_eq!(size_of(&torus), expected);
        assert!(!torus.contains(Point::new(0, 0, 0)));
    }
}

#[test]
fn a_thin_line_has_one_voxel_a_step_and_holds_together() {
    let ends = [Point::new(-5, 3, 30), Point::new(40, -17, 2)];
    let volume = drawn(&Shape::line(&ends, 0.0).unwrap());
    assert_eq!(volume.count(), 46);
    let mut voxels: Vec<_> = volume.voxels().map(|(point, _)| point.array()).collect();
    voxels.sort_unstable();
    for pair in voxels.windows(2) {
        assert!((0..3).all(|i| (pair[0][i] - pair[1][i]).abs() <= 1), "{pair:?}");
    }
    for end in ends {
        assert!(!volume.get(end).is_empty());
    }
}

#[test]
fn a_thick_line_of_one_point_is_a_ball() {
    for radius in [0.5, 1.0, 2.5, 4.0] {
        let at = Point::new(1, 2, 3);
        let line = Shape::line(&[at], radius).unwrap();
        let ball = Shape::sphere(at, radius).unwrap();
        assert!(drawn(&line).voxels().eq(drawn(&ball).voxels()), "{radius}");
    }
}

#[test]
fn a_line_reaches_from_one_end_of_the_grid_to_the_other() {
    let ends = [Point::new(i32::MIN, 0, 0), Point::new(i32::MAX, 1, -1)];
    let line = Shape::line(&ends, 0.0).unwrap();
    assert!(line.contains(ends[0]) && line.contains(ends[1]));
    let middle = [[0, 0], [0, -1], [1, 0], [1, -1]].map(|[y, z]| Point::new(0, y, z));
    assert_eq!(middle.into_iter().filter(|&at| line.contains(at)).count(), 1);
}

/// Steps from the middle out: a closed wall keeps them in.
fn leaks(volume: &Volume, from: Point) -> bool {
    let mut seen = std::collections::HashSet::from([from.array()]);
    let mut left = vec![from.array()];
    while let Some(at) = left.pop() {
        for (axis, step) in (0..3).flat_map(|axis| [(axis, -1), (axis, 1)]) {
            let mut next = at;
            next[axis] += step;
            if next[axis].abs() > 40 {
                return true;
            }
            if volume.get(next.into()).is_empty() && seen.insert(next) {
                left.push(next);
            }
        }
    }
    false
}

#[test]
fn hollow_shapes_are_closed_and_as_thick_as_asked() {
    for wall in 1..=2 {
        for size in [[15, 15, 15], [30, 26, 7], [7, 20, 12]] {
            let bounds = Bounds::centered(Point::new(0, 0, 0), size).unwrap();
            let forms = [
                Shape::cuboid(bounds),
                Shape::ellipsoid(bounds),
                Shape::cylinder(bounds, Axis::X),
                Shape::cone(bounds, Axis::Y),
                Shape::pyramid(bounds, Axis::Z),
                Shape::ellipsoid(bounds).rotated(&Rotation::euler([20.0, 30.0, 40.0])),
                Shape::cuboid(bounds).rotated(&Rotation::about(Axis::Z, 30.0)),
            ];
            for form in forms {
                let shell = form.clone().hollow(wall);
                let solid = drawn(&form);
                let volume = drawn(&shell);
                assert!(volume.count() < solid.count(), "{form:?}");
                let inside = solid.voxels().map(|(at, _)| at).find(|&at| volume.get(at).is_empty());
                assert!(!leaks(&volume, inside.unwrap()), "{wall} {form:?}");
            }
        }
    }
}

#[test]
fn a_hollow_box_has_walls_of_the_asked_thickness() {
    let volume = drawn(&Shape::cuboid(boxed([10, 11, 12])).hollow(2));
    assert_eq!(volume.count(), 10 * 11 * 12 - 6 * 7 * 8);
}

#[test]
fn quarter_turns_are_exact() {
    let bounds = boxed([5, 9, 13]);
    let turned = Shape::cuboid(bounds).rotated(&Rotation::about(Axis::Z, 90.0));
    assert_eq!(drawn(&turned).count(), 5 * 9 * 13);
    assert_eq!(size_of(&turned), [9, 5, 13]);
    let full = Shape::cone(bounds, Axis::X).rotated(&Rotation::about(Axis::Y, 360.0));
    assert!(drawn(&full).voxels().eq(drawn(&Shape::cone(bounds, Axis::X)).voxels()));
}

#[test]
fn a_quarter_turn_of_even_and_odd_lengths_fills_whole_voxels() {
    for size in [[8, 3, 2], [3, 8, 5], [4, 1, 6], [7, 2, 2]] {
        for (axis, order) in [(Axis::X, [0, 2, 1]), (Axis::Y, [2, 1, 0]), (Axis::Z, [1, 0, 2])] {
            for degrees in [90.0, 270.0, -90.0] {
                let bounds = Bounds::centered(Point::new(-3, 4, 5), size).unwrap();
                let turned = Shape::cuboid(bounds).rotated(&Rotation::about(axis, degrees));
                let wanted = order.map(|axis: usize| size[axis]);
                let wanted = Bounds::centered(Point::new(-3, 4, 5), wanted).unwrap();
                let volume = drawn(&turned);
                assert_eq!(volume.bounds(), Some(wanted), "{size:?} {axis:?} {degrees}");
                assert_eq!(u128::from(volume.count()), wanted.capacity());
            }
        }
    }
}

#[test]
fn cover_agrees_with_masks_for_every_form() {
    let bounds = boxed([26, 20, 33]);
    let tilt = Rotation::euler([10.0, 25.0, -40.0]);
    let forms = [
        Shape::cuboid(bounds),
        Shape::ellipsoid(bounds),
        Shape::cylinder(bounds, Axis::Y),
        Shape::cone(bounds, Axis::Z),
        Shape::pyramid(bounds, Axis::X),
        Shape::torus(Point::new(0, 0, 0), 12.0, 8.0, Axis::Z).unwrap(),
        Shape::line(&[Point::new(-14, 0, 4), Point::new(14, 10, -9)], 8.0).unwrap(),
        Shape::line(&[Point::new(-14, 0, 4), Point::new(14, 10, -9)], 0.0).unwrap(),
    ];
    for form in forms.into_iter().flat_map(|form| [form.clone(), form.rotated(&tilt)]) {
        for shape in [form.clone(), form.clone().hollow(1), form.clone().hollow(6)] {
            let around = shape.bounds().unwrap();
            for at in super::super::block_range::BlockRange::new(around) {
                let mask = shape.mask(at);
                match shape.cover(at.bounds()) {
                    Cover::Outside => assert_eq!(mask, [0; 64], "{shape:?} {at:?}"),
                    Cover::Inside => assert_eq!(mask, [!0; 64], "{shape:?} {at:?}"),
                    Cover::Rim => {}
                }
            }
        }
    }
}

#[test]
fn bad_lengths_are_refused_by_name() {
    let refused = Shape::sphere(Point::default(), f64::NAN).unwrap_err();
    assert!(refused.to_string().contains("radius"), "{refused}");
    assert_eq!(Shape::line(&[], 1.0).unwrap_err(), ShapeError::NoPoints);
    assert!(Shape::torus(Point::default(), 1.0, -2.0, Axis::Z).is_err());
}
