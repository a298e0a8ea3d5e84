use std::io::Cursor;

use super::*;
use crate::job::{Budget, Job, Step, Work};
use crate::render::{RenderSettings, drawing};
use crate::voxel::{Point, Rgba, Volume};

fn file(pictures: Vec<Picture>, settings: FileSettings) -> PictureFile {
    let work = Work::new(move |slice| async move {
        let mut writer =
            FileWriter::new(FileSettings { frames: pictures.len() as u32, ..settings });
        for picture in pictures {
            writer.add(picture, &slice).await?;
        }
        writer.finish()
    });
    work.finish().unwrap()
}

/// The pixels of a PNG as r, g, b, a, and how they are stored.
fn read_png(bytes: Vec<u8>) -> (Vec<u8>, ColorType) {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let stored = reader.info().color_type;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    (pixels, stored)
}

use png::ColorType;

/// A picture of as many colours as it has pixels, opaque or not.
fn colorful(side: u32, alpha: u8) -> Picture {
    let mut picture = Picture::filled(side, side, Rgba::EMPTY);
    for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
        picture.set(x, y, Rgba::new(x as u8, y as u8, (x * y) as u8, alpha.max(x as u8)));
    }
    picture
}

#[test]
fn a_picture_encoded_in_slices_has_the_pixels_of_one_drawn_at_once() {
    let mut volume = Volume::new();
    (0..9).for_each(|i| _ = volume.set(Point::new(i, i * i % 5, i % 2), Rgba::WHITE));
    let settings = RenderSettings { width: 333, height: 111, ..Default::default() };
    let picture = drawing(volume, settings).unwrap().finish();
    let encoded = picture.clone();
    let mut work = Work::new(|slice| async move { PictureFile::png(encoded, &slice).await });
    let mut slices = 0;
    let file = loop {
        slices += 1;
        if let Step::Done(file) = work.step(&mut Budget::units(1)) {
            break file.unwrap();
        }
    };
    assert!(slices > 5);
    assert_eq!((file.width, file.height), (333, 111));
    assert!(read_png(file.bytes.into_vec()).0 == picture.bytes(), "the pixels differ");
}

#[test]
fn few_colours_make_a_palette_and_opaque_ones_need_no_alpha() {
    let few = colorful(16, 255);
    let mut clear = few.clone();
    clear.set(3, 3, Rgba::EMPTY);
    clear.set(4, 3, Rgba::new(9, 9, 9, 77));
    for (picture, stored) in [
        (few, ColorType::Indexed),
        (Picture::filled(5, 7, Rgba::EMPTY), ColorType::Indexed),
        (colorful(64, 255), ColorType::Rgb),
        (colorful(64, 0), ColorType::Rgba),
    ] {
        let file = file(vec![picture.clone()], FileSettings::default());
        let (pixels, found) = read_png(file.bytes.into_vec());
        assert_eq!(found, stored);
        assert!(pixels == picture.bytes(), "{stored:?}");
    }
    let (pixels, _) = read_png(file(vec![clear.clone()], FileSettings::default()).bytes.into_vec());
    assert!(pixels == clear.bytes());
}

#[test]
fn webp_is_exact_and_jpeg_is_close() {
    for (alpha, channels) in [(255, 3), (0, 4)] {
        let picture = colorful(50, alpha);
        let settings = FileSettings { kind: FileKind::WebP, ..Default::default() };
        let bytes = file(vec![picture.clone()], settings).bytes.into_vec();
        let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).unwrap();
        let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut pixels).unwrap();
        let rows = picture.bytes().as_chunks::<4>().0;
        assert!(pixels.chunks(channels).zip(rows).all(|(a, b)| a == &b[..channels]), "{alpha}");
    }
    let settings = FileSettings { kind: FileKind::Jpeg, ..Default::default() };
    let bytes = file(vec![Picture::filled(30, 20, Rgba::new(255, 0, 0, 0))], settings).bytes;
    let bytes = bytes.into_vec();
    assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]));
}

#[test]
fn moving_pictures_have_all_frames_and_their_delay() {
    let frames = || vec![colorful(20, 255), Picture::filled(20, 20, Rgba::EMPTY), colorful(20, 0)];
    let settings = FileSettings { kind: FileKind::Gif, delay: 125, ..Default::default() };
    let gif = file(frames(), settings).bytes.into_vec();
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(Cursor::new(gif)).unwrap();
    let mut count = 0;
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        assert_eq!((frame.delay, frame.width), (13, 20));
        if count == 1 {
            assert!(frame.buffer.chunks(4).all(|pixel| pixel[3] == 0));
        }
        count += 1;
    }
    assert_eq!(count, 3);

    let settings = FileSettings { kind: FileKind::Apng, delay: 125, ..Default::default() };
    let apng = file(frames(), settings).bytes.into_vec();
    let mut reader = png::Decoder::new(Cursor::new(apng)).read_info().unwrap();
    assert_eq!(reader.info().animation_control.unwrap().num_frames, 3);
    for frame in frames() {
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert!(pixels == frame.bytes());
    }
}
