//! Pictures of small generated scenes, looked at pixel by pixel.

use goxel_daemon::document::View;
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::render::{
    Backdrop, Edges, Lens, Look, Picture, RenderError, RenderSettings, Shading, Viewpoint, drawing,
    raycast,
};
use goxel_daemon::voxel::{BlendMode, Bounds, Point, Rgba, Volume};

const RED: Rgba = Rgba::opaque(200, 30, 20);
const GREEN: Rgba = Rgba::opaque(30, 180, 40);
const BLUE: Rgba = Rgba::opaque(20, 40, 210);

fn plain_look(settings: RenderSettings, backdrop: Backdrop) -> Look {
    Look {
        views: Vec::new(),
        settings,
        backdrop,
        labels: false,
        axes: false,
        dimensions: false,
        grid: false,
        ground: false,
        edges: Edges::None,
    }
}

fn small() -> RenderSettings {
    RenderSettings { width: 100, height: 100, ..Default::default() }
}

fn seen_from(view: View) -> RenderSettings {
    RenderSettings { viewpoint: view.into(), ..small() }
}

fn picture(volume: &Volume, settings: RenderSettings) -> Picture {
    drawing(volume.clone(), settings).expect("good settings").finish()
}

fn cube(min: [i32; 3], max: [i32; 3], color: Rgba) -> Volume {
    let mut volume = Volume::new();
    volume.fill(Bounds::inclusive(min, max), color);
    volume
}

/// A cube of 9 voxels an edge with a square of another colour on each side, named by its view.
fn signpost() -> (Volume, [(View, Rgba); 6]) {
    let sides = [
        (View::Front, [1, 0, 1], [7, 0, 7], RED),
        (View::Back, [1, 8, 1], [7, 8, 7], GREEN),
        (View::Left, [0, 1, 1], [0, 7, 7], BLUE),
        (View::Right, [8, 1, 1], [8, 7, 7], Rgba::opaque(220, 220, 0)),
        (View::Bottom, [1, 1, 0], [7, 7, 0], Rgba::opaque(0, 220, 220)),
        (View::Top, [1, 1, 8], [7, 7, 8], Rgba::opaque(220, 0, 220)),
    ];
    let mut volume = cube([0, 0, 0], [8, 8, 8], Rgba::opaque(90, 90, 90));
    sides
        .iter()
        .for_each(|&(_, min, max, color)| _ = volume.fill(Bounds::inclusive(min, max), color));
    (volume, sides.map(|(view, _, _, color)| (view, color)))
}

#[test]
fn each_named_view_looks_at_its_own_side_and_shows_its_stored_colour() {
    let (volume, sides) = signpost();
    for (view, color) in sides {
        let picture = picture(&volume, seen_from(view));
        assert_eq!(picture.get(50, 50), Some(color), "{view:?}");
    }
}

#[test]
fn a_picture_of_voxels_is_not_empty() {
    let picture = picture(&cube([0, 0, 0], [3, 3, 3], RED), small());
    let background = small().background;
    let drawn = (0..10_000).filter(|i| picture.get(i % 100, i / 100) != Some(background)).count();
    assert!((3000..8000).contains(&drawn), "{drawn} pixels");
    assert!(picture.encode_png().unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn rendered_colours_equal_stored_ones_and_no_side_is_black() {
    for color in [Rgba::WHITE, RED, GREEN, BLUE, Rgba::opaque(128, 128, 128)] {
        let volume = cube([-5, -5, -5], [5, 5, 5], color);
        for view in View::ALL {
            let picture = picture(&volume, seen_from(view));
            let at = if view.is_isometric() { [50, 25] } else { [50, 50] };
            assert_eq!(picture.get(at[0], at[1]), Some(color), "{view:?}");
        }
        let iso = picture(&volume, seen_from(View::Isometric));
        let side = |x| iso.get(x, 65).unwrap();
        let light = |c: Rgba| u32::from(c.r) + u32::from(c.g) + u32::from(c.b);
        let (left, right) = (side(30), side(70));
        assert!(light(color) > light(left) && light(left) > light(right), "{left:?} {right:?}");
        assert!(light(right) * 3 > light(color), "{right:?} is too dark for {color:?}");
    }
}

#[test]
fn the_seven_views_of_an_uneven_model_differ() {
    let (mut volume, _) = signpost();
    volume.fill(Bounds::inclusive([2, 3, 9], [4, 5, 12]), Rgba::WHITE);
    let pictures = View::ALL.map(|view| picture(&volume, seen_from(view)));
    for (i, a) in pictures.iter().enumerate() {
        assert!(pictures[i + 1..].iter().all(|b| a != b), "view {i} has a double");
    }
}

#[test]
fn a_named_view_has_its_left_side_left_and_its_top_up() {
    let place = |picture: &Picture, color: Rgba| {
        let found: Vec<[u32; 2]> = (0..10_000)
            .map(|i| [i % 100, i / 100])
            .filter(|p| picture.get(p[0], p[1]) == Some(color))
            .collect();
        let sum = found.iter().fold([0, 0], |s, p| [s[0] + p[0], s[1] + p[1]]);
        sum.map(|v| i64::from(v) / found.len() as i64)
    };
    // A white voxel at the origin and a coloured one along each axis.
    let marks = [(RED, [2, 0, 0]), (GREEN, [0, 2, 0]), (BLUE, [0, 0, 2])];
    let toward = |view, color| {
        let mut volume = cube([0, 0, 0], [0, 0, 0], Rgba::WHITE);
        let (_, at) = marks[marks.iter().position(|mark| mark.0 == color).unwrap()];
        volume.set(Point::from(at), color);
        let picture = picture(&volume, seen_from(view));
        let (from, to) = (place(&picture, Rgba::WHITE), place(&picture, color));
        [(to[0] - from[0]).signum(), (to[1] - from[1]).signum()]
    };
    let (right, left, up, down) = ([1, 0], [-1, 0], [0, -1], [0, 1]);
    assert_eq!([toward(View::Front, RED), toward(View::Front, BLUE)], [right, up]);
    assert_eq!([toward(View::Back, RED), toward(View::Back, BLUE)], [left, up]);
    assert_eq!([toward(View::Left, GREEN), toward(View::Left, BLUE)], [left, up]);
    assert_eq!([toward(View::Right, GREEN), toward(View::Right, BLUE)], [right, up]);
    assert_eq!([toward(View::Top, RED), toward(View::Top, GREEN)], [right, up]);
    assert_eq!([toward(View::Bottom, RED), toward(View::Bottom, GREEN)], [right, down]);
}

#[test]
fn what_is_nearer_hides_what_is_behind() {
    let mut volume = cube([0, 0, 0], [8, 0, 8], RED);
    volume.fill(Bounds::inclusive([3, 5, 3], [5, 5, 5]), GREEN);
    assert_eq!(picture(&volume, seen_from(View::Front)).get(50, 50), Some(RED));
    volume.fill(Bounds::inclusive([3, -5, 3], [5, -5, 5]), BLUE);
    assert_eq!(picture(&volume, seen_from(View::Front)).get(50, 50), Some(BLUE));
}

#[test]
fn an_empty_volume_gives_the_background_and_its_alpha() {
    let background = Rgba::new(10, 20, 30, 40);
    let picture = picture(&Volume::new(), RenderSettings { background, ..small() });
    assert_eq!(picture, Picture::filled(100, 100, background));
}

#[test]
fn a_smooth_edge_on_a_clear_background_has_the_colour_of_the_model() {
    let settings = RenderSettings { background: Rgba::EMPTY, shading: Shading::FLAT, ..small() };
    let picture = picture(&cube([0, 0, 0], [4, 4, 4], RED), settings);
    let pixels: Vec<Rgba> = (0..10_000).filter_map(|i| picture.get(i % 100, i / 100)).collect();
    assert!(pixels.iter().all(|p| p.a == 0 || (p.r, p.g, p.b) == (RED.r, RED.g, RED.b)));
    assert!(pixels.iter().any(|p| p.a > 0 && p.a < 255), "no edge is smooth");
}

#[test]
fn slices_of_any_length_give_the_same_picture() {
    let (volume, _) = signpost();
    let whole = picture(&volume, small());
    for units in [1, 7, 1000] {
        let mut job = drawing(volume.clone(), small()).unwrap();
        let (mut last, mut slices) = (0, 0);
        let sliced = loop {
            slices += 1;
            let step = job.step(&mut Budget::units(units));
            let progress = job.progress();
            assert!(progress.done >= last && progress.done <= progress.total);
            last = progress.done;
            if let Step::Done(picture) = step {
                break picture;
            }
        };
        assert_eq!(sliced, whole);
        assert!(slices > 1 || units == 1000);
    }
}

#[test]
fn pictures_in_turns_do_not_disturb_each_other() {
    let (volume, _) = signpost();
    let settings = [seen_from(View::Front), seen_from(View::Isometric), seen_from(View::Top)];
    let alone = settings.clone().map(|settings| picture(&volume, settings));
    let mut jobs = settings.map(|settings| drawing(volume.clone(), settings).unwrap());
    let mut done: [Option<Picture>; 3] = [None, None, None];
    while done.iter().any(Option::is_none) {
        for (job, done) in jobs.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Step::Done(picture) = job.step(&mut Budget::units(3)) {
                *done = Some(picture);
            }
        }
    }
    assert_eq!(done.map(Option::unwrap), alone);
}

#[test]
fn only_voxels_inside_the_crop_box_are_drawn() {
    let mut volume = cube([0, 0, 0], [8, 8, 8], RED);
    volume.fill(Bounds::inclusive([3, 3, 3], [5, 5, 5]), GREEN);
    let crop = Some(Bounds::inclusive([3, 3, 3], [5, 5, 5]));
    let cropped = picture(&volume, RenderSettings { crop, ..small() });
    assert_eq!(cropped, picture(&cube([3, 3, 3], [5, 5, 5], GREEN), small()));
    let nothing = Some(Bounds::inclusive([90, 90, 90], [91, 91, 91]));
    let empty = picture(&volume, RenderSettings { crop: nothing, ..small() });
    assert_eq!(empty, Picture::filled(100, 100, small().background));
}

#[test]
fn a_free_camera_sees_perspective_and_may_stand_inside_the_model() {
    let volume = cube([-20, -20, -20], [20, 20, 20], RED);
    let mut hollow = volume.clone();
    hollow.fill(Bounds::inclusive([-19, -19, -19], [19, 19, 19]), Rgba::EMPTY);
    let inside = Viewpoint::Free {
        eye: [0.5, 0.5, 0.5],
        target: [0.5, 10.0, 0.5],
        up: [0.0, 0.0, 1.0],
        lens: Lens::default(),
    };
    let settings = RenderSettings { viewpoint: inside, shading: Shading::FLAT, ..small() };
    assert_eq!(picture(&hollow, settings.clone()), Picture::filled(100, 100, RED));
    // In solid stone there is nothing to see.
    assert_eq!(picture(&volume, settings), Picture::filled(100, 100, small().background));
}

#[test]
fn glass_shows_what_is_behind_it_and_is_not_darker_for_being_thick() {
    let glass = Rgba::new(0, 0, 255, 128);
    let settings = || RenderSettings { shading: Shading::FLAT, ..seen_from(View::Front) };
    let mut volume = cube([0, 3, 0], [8, 3, 8], RED);
    volume.fill(Bounds::inclusive([0, 0, 0], [8, 0, 8]), glass);
    let thin = picture(&volume, settings()).get(50, 50).unwrap();
    assert_eq!(thin, BlendMode::Over.blend(RED, glass), "as layers are merged");
    volume.fill(Bounds::inclusive([0, -3, 0], [8, 0, 8]), glass);
    assert_eq!(picture(&volume, settings()).get(50, 50).unwrap(), thin);
    volume.fill(Bounds::inclusive([0, -6, 0], [8, -6, 8]), glass);
    assert!(picture(&volume, settings()).get(50, 50).unwrap().r < thin.r);
}

#[test]
fn a_shadow_darkens_what_lies_in_it_but_not_to_black() {
    let mut volume = cube([-20, -20, 0], [20, 20, 0], Rgba::WHITE);
    volume.fill(Bounds::inclusive([-3, -3, 8], [3, 3, 12]), RED);
    let with = |shadows| {
        let shading = Shading { shadows, occlusion: false, lit: true };
        picture(&volume, RenderSettings { shading, ..small() })
    };
    let (plain, shadowed) = (with(false), with(true));
    let pairs =
        (0..10_000).map(|i| (i % 100, i / 100)).map(|(x, y)| (plain.get(x, y), shadowed.get(x, y)));
    let changed: Vec<(Rgba, Rgba)> =
        pairs.filter(|(a, b)| a != b).map(|(a, b)| (a.unwrap(), b.unwrap())).collect();
    assert!((20..3000).contains(&changed.len()), "{} pixels in shadow", changed.len());
    assert!(changed.iter().all(|(a, b)| b.g <= a.g && u32::from(b.g) * 3 > u32::from(a.g)));
}

#[test]
fn voxels_at_the_ends_of_the_world_are_drawn() {
    let mut volume = Volume::new();
    volume.set(Point::new(i32::MIN, 0, 0), RED);
    volume.set(Point::new(i32::MAX, 0, 0), GREEN);
    for view in View::ALL {
        let picture = picture(&volume, seen_from(view));
        assert_eq!((picture.width(), picture.height()), (100, 100));
    }
    let near = Viewpoint::Free {
        eye: [f64::from(i32::MAX) + 0.5, -10.0, 0.5],
        target: [f64::from(i32::MAX) + 0.5, 0.0, 0.5],
        up: [0.0, 0.0, 1.0],
        lens: Lens::default(),
    };
    let settings = RenderSettings { viewpoint: near, shading: Shading::FLAT, ..small() };
    assert_eq!(picture(&volume, settings).get(50, 50), Some(GREEN));
}

#[test]
fn a_picture_beyond_the_limits_is_refused_with_the_limit() {
    let settings = RenderSettings { width: 100_000, ..small() };
    let error = drawing(Volume::new(), settings).err().unwrap();
    assert_eq!(error, RenderError::Side { side: "width", value: 100_000 });
    assert!(error.to_string().contains("8192"), "{error}");
}

#[test]
fn a_contact_sheet_holds_each_picture_under_its_label() {
    let (volume, _) = signpost();
    let views = [View::Front, View::Top, View::Isometric];
    let named = views.map(|view| (view.name().to_owned(), Viewpoint::from(view))).to_vec();
    let settings = RenderSettings { width: 200, height: 226, ..small() };
    let backdrop = Backdrop::Color(settings.background);
    let look = Look { views: named, labels: true, ..plain_look(settings, backdrop) };
    let sheet = look.clone().drawing(volume.clone()).unwrap().finish();
    assert_eq!((sheet.width(), sheet.height()), (200, 226));
    for (index, view) in views.into_iter().enumerate() {
        let alone = picture(&volume, seen_from(view));
        let (left, top) = (index as u32 % 2 * 100, index as u32 / 2 * 113);
        let same =
            |i: u32| sheet.get(left + i % 100, top + 13 + i / 100) == alone.get(i % 100, i / 100);
        assert!((0..10_000).all(same), "{view:?}");
        let ink = |i: u32| sheet.get(left + i % 100, top + i / 100) == Some(Rgba::opaque(0, 0, 0));
        assert!((0..1300).any(ink), "{view:?} has no label");
    }
    let none = Look { views: Vec::new(), ..look.clone() };
    assert_eq!(none.drawing(volume.clone()).err(), Some(RenderError::EmptySheet));
    let views = vec![("x".to_owned(), Viewpoint::default()); 1000];
    let many = Look { views, ..look }.drawing(volume).err();
    assert!(matches!(many, Some(RenderError::Views { views: 1000, .. })));
}

#[test]
fn picking_finds_the_voxel_its_side_and_its_distance() {
    let (volume, _) = signpost();
    let hit = raycast(&volume, [4.5, -10.0, 4.5], [0.0, 2.0, 0.0]).unwrap();
    assert_eq!((hit.voxel, hit.face.normal(), hit.distance), ([4, 0, 4], [0, -1, 0], 5.0));
    assert!(raycast(&volume, [4.5, -10.0, 4.5], [0.0, -1.0, 0.0]).is_none());
    assert!(raycast(&volume, [f64::NAN; 3], [0.0, 1.0, 0.0]).is_none());
    assert!(raycast(&volume, [0.0; 3], [0.0; 3]).is_none());
}

/// A picture as text: a letter for each colour in the order of their first pixels, and what they
/// stand for.
fn as_text(picture: &Picture) -> (Vec<String>, Vec<String>) {
    let mut colors: Vec<Rgba> = Vec::new();
    let mut letter = |color: Rgba| {
        let known = colors.iter().position(|&other| other == color);
        let index = known.unwrap_or_else(|| {
            colors.push(color);
            colors.len() - 1
        });
        char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[index % 52])
    };
    let line = |y| (0..picture.width()).map(|x| letter(picture.get(x, y).unwrap())).collect();
    let lines = (0..picture.height()).map(line).collect();
    (lines, colors.iter().map(|color| format!("{color:?}")).collect())
}

#[test]
fn a_small_scene_is_drawn_pixel_by_pixel_as_it_was_before() {
    let mut volume = cube([0, 0, 0], [2, 2, 0], GREEN);
    volume.set(Point::new(1, 1, 1), RED);
    let settings = RenderSettings { width: 22, height: 16, samples: 1, ..Default::default() };
    let (lines, colors) = as_text(&picture(&volume, settings));
    let expected = [
        "aaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaabbaaaaaaaaaa",
        "aaaaaaaabbbbbbaaaaaaaa",
        "aaaaaacdebbbbfdcaaaaaa",
        "aaaaaghijklfmnihgaaaaa",
        "aaaophqrstuvwxrqhpoaaa",
        "aacodyqzABCDEFzqydocaa",
        "aaGGoHyqrIJKIrqyHoLLaa",
        "aaGGGGghiMrrMihgLLLLaa",
        "aaGGGGGcpHhhHpcLLLLLaa",
        "aaaGGGGGGcoocLLLLLLaaa",
        "aaaaaGGGGGGLLLLLLaaaaa",
        "aaaaaaGGGGGLLLLLaaaaaa",
        "aaaaaaaaGGGLLLaaaaaaaa",
        "aaaaaaaaaaGLaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaa",
    ];
    let legend = [
        "#f0f0f0ff",
        "#c81e14ff",
        "#1eb428ff",
        "#1db227ff",
        "#97140cff",
        "#7a0e08ff",
        "#1eb228ff",
        "#1db027ff",
        "#1dae26ff",
        "#91130bff",
        "#95130cff",
        "#98140cff",
        "#780d07ff",
        "#750d07ff",
        "#1eb328ff",
        "#1eb227ff",
        "#1cad26ff",
        "#1cab25ff",
        "#8b120aff",
        "#8f120bff",
        "#92130bff",
        "#760d07ff",
        "#730c07ff",
        "#700c06ff",
        "#1daf27ff",
        "#1ca925ff",
        "#851009ff",
        "#89110aff",
        "#8c120bff",
        "#710c07ff",
        "#6e0b06ff",
        "#6b0b06ff",
        "#158a1cff",
        "#1db127ff",
        "#1ba925ff",
        "#86100aff",
        "#6c0b06ff",
        "#0e6f15ff",
        "#1cac26ff",
    ];
    assert_eq!(lines, expected);
    assert_eq!(colors, legend);
}
