//! Saving to files: what is kept, what is refused, what is left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::job::{Budget, Job, Step};
use crate::voxel::Rgba;

fn small() -> Document {
    let mut document = Document::default();
    document.layers_mut().for_each(|layer| {
        layer.volume.set([1, 2, 3].into(), Rgba::WHITE);
        layer.volume.set([100, 2, 3].into(), Rgba::WHITE);
    });
    document
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).map(|entries| {
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    });
    entries.unwrap_or_default()
}

#[test]
fn a_save_replaces_the_file_and_keeps_its_permissions() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("model.gox");
    fs::write(&path, "old")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640))?;
    let saved = save(small(), &path, None, WriteOptions::default())?;
    assert_eq!((saved.format, saved.bytes), ("gox", fs::metadata(&path)?.len()));
    assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o640);
    assert_eq!(names(directory.path()), ["model.gox"]);
    let loaded = load(&path, ReadOptions::default())?;
    assert_eq!(loaded.document.merged().count(), 2);
    Ok(())
}

#[test]
fn a_missing_directory_a_directory_and_a_protected_file_are_refused_by_name()
-> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let protected = directory.path().join("protected.gox");
    fs::write(&protected, "old")?;
    fs::set_permissions(&protected, fs::Permissions::from_mode(0o444))?;
    for path in [&*directory.path().join("missing/model.gox"), &*protected, directory.path()] {
        let saved = save(small(), path, Some("gox"), WriteOptions::default());
        let error = saved.map(|saved| saved.bytes).err().ok_or("saved")?;
        assert_eq!(error.path(), Some(path), "{error}");
        assert!(!error.hint().is_empty());
    }
    assert_eq!(fs::read(&protected)?, b"old");
    assert_eq!(names(directory.path()), ["protected.gox"]);
    Ok(())
}

#[test]
fn a_cancelled_save_leaves_the_old_file_and_nothing_else() -> Result<(), Box<dyn std::error::Error>>
{
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("model.gox");
    fs::write(&path, "old")?;
    let format = by_name("gox")?;
    let mut job = SaveJob::new(small(), &path, format, WriteOptions::default())?;
    assert!(matches!(job.step(&mut Budget::units(1)), Step::More));
    drop(job);
    assert_eq!((fs::read(&path)?, names(directory.path()).len()), (b"old".to_vec(), 1));
    Ok(())
}

#[test]
fn a_job_in_small_slices_gives_the_same_file() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let (whole, sliced) = (directory.path().join("a.gox"), directory.path().join("b.gox"));
    save(small(), &whole, None, WriteOptions::default())?;
    let mut job = SaveJob::new(small(), &sliced, by_name("gox")?, WriteOptions::default())?;
    while let Step::More = job.step(&mut Budget::units(1)) {}
    assert_eq!(fs::read(&whole)?, fs::read(&sliced)?);
    let mut job = LoadJob::of_file(&sliced, None, ReadOptions::default());
    let loaded = loop {
        if let Step::Done(loaded) = job.step(&mut Budget::units(1)) {
            break loaded?;
        }
    };
    assert_eq!((loaded.document.merged().count(), loaded.document.name.as_str()), (2, "Untitled"));
    Ok(())
}

#[test]
fn a_link_is_followed() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let (target, link) = (directory.path().join("target.gox"), directory.path().join("link.gox"));
    fs::write(&target, "old")?;
    std::os::unix::fs::symlink(&target, &link)?;
    save(small(), &link, None, WriteOptions::default())?;
    assert!(fs::symlink_metadata(&link)?.is_symlink());
    assert!(fs::read(&target)?.starts_with(b"GOX "));
    Ok(())
}

#[test]
fn missing_files_directories_and_unknown_content_are_told() -> Result<(), Box<dyn std::error::Error>>
{
    let directory = tempfile::tempdir()?;
    let unknown = directory.path().join("unknown.bin");
    fs::write(&unknown, "nothing that is known")?;
    let read = |path: &Path| load(path, ReadOptions::default()).map(|_| ()).err();
    assert!(matches!(read(&directory.path().join("no.gox")), Some(FormatError::Io { .. })));
    assert!(matches!(read(directory.path()), Some(FormatError::Io { .. })));
    let error = read(&unknown).ok_or("read")?;
    assert!(matches!(&error, FormatError::Unrecognised { .. }), "{error}");
    assert!(error.expected().is_some_and(|known| known.contains("gox")));
    Ok(())
}

#[test]
fn formats_are_found_by_name_ending_and_content() -> Result<(), FormatError> {
    for name in ["gox", "GOX", ".gox", "Goxel"] {
        assert_eq!(by_name(name)?.name, "gox");
    }
    assert_eq!(by_extension(Path::new("a/b.GoX")).map(|format| format.name), Some("gox"));
    assert!(by_extension(Path::new("a/gox")).is_none());
    assert_eq!(by_content(b"GOX \x02\0\0\0").map(|format| format.name), Some("gox"));
    let error = by_name("nonsense").map(|_| ()).err();
    assert!(error.is_some_and(|error| error.to_string().contains("known are gox")));
    Ok(())
}

#[test]
fn no_name_or_ending_stands_for_two_formats() {
    let mut seen = std::collections::BTreeSet::new();
    for format in formats() {
        let mut own = vec![format.name];
        own.extend(format.aliases);
        own.extend(format.extensions.iter().filter(|extension| **extension != format.name));
        for name in own {
            assert!(seen.insert(name.to_lowercase()), "{name}");
        }
    }
}
