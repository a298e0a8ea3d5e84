//! The guide's table of formats is that of the registry.

use goxel_daemon::format;

const START: &str = "<!-- formats: made from the table of formats by `make reference` -->\n";
const END: &str = "<!-- end of formats -->\n";

/// Anew with `make reference`.
#[test]
fn reference_page_of_formats_is_the_registry() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/formats.md");
    let page = std::fs::read_to_string(path).expect("the guide");
    let (before, rest) = page.split_once(START).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where it ends");
    let wanted = format!("{before}{START}{}{END}{after}", format::guide_table());
    if std::env::var_os("GOXEL_UPDATE_REFERENCE").is_some() {
        std::fs::write(path, wanted).expect("writes");
    } else {
        assert!(page == wanted, "the table is not up to date: run make reference");
    }
}

#[test]
fn every_format_has_a_command_and_a_picture() {
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let page = std::fs::read_to_string(guide.join("formats.md")).expect("the guide");
    for format in format::formats() {
        let begin = format!("| `{}` | ![", format.name);
        let row = page.lines().find(|line| line.starts_with(&begin));
        let row = row.unwrap_or_else(|| {
            panic!(
                "src/guide/formats.md wants a row under 'One command for each' for {}",
                format.name
            )
        });
        let picture = row.split_once("](").and_then(|(_, rest)| rest.split_once(')'));
        let (picture, rest) = picture.expect(format.name);
        let bytes = std::fs::read(guide.join(picture)).expect(picture);
        assert!(bytes.starts_with(b"\x89PNG"), "{picture}");
        assert!(rest.contains("`goxelctl convert "), "{row}");
    }
}
