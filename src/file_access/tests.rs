use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;

fn resolve(path: &Path) -> io::Result<Place> {
    FilePath::from(path).resolve(Purpose::Write)
}

fn refusal<T>(result: io::Result<T>) -> Option<Refusal> {
    result.err().as_ref().and_then(refusal_of)
}

#[test]
fn what_is_no_regular_file_is_refused_by_its_kind() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket)?;
    let fifo = directory.path().join("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0)?;
    let kinds = [(directory.path(), "a directory"), (&*socket, "a socket"), (&*fifo, "a FIFO")];
    for (path, kind) in kinds {
        let place = resolve(path)?;
        for refused in [refusal(place.open_to_read()), refusal(place.look())] {
            assert_eq!(refused, Some(Refusal::NotRegular(kind)), "{}", path.display());
        }
    }
    for path in ["-", "/dev/stdout", "/", "x/..", "/proc/self/fd/1"] {
        let refused = refusal(resolve(Path::new(path)));
        assert!(matches!(refused, Some(Refusal::NotRegular(_))), "{path}: {refused:?}");
    }
    Ok(())
}

#[test]
fn what_is_not_there_may_become_a_file() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let place = resolve(&directory.path().join("new"))?;
    assert!(place.look()?.is_none());
    place.create_beside("other".as_ref())?;
    place.rename_here("other".as_ref())?;
    assert!(place.look()?.is_some_and(|facts| facts.st_mode & 0o777 == 0o600));
    place.open_to_read()?;
    let again = place.create_beside("new".as_ref()).err().map(|error| error.kind());
    assert_eq!(again, Some(io::ErrorKind::AlreadyExists));
    Ok(())
}

#[test]
fn links_of_ours_are_followed_even_if_they_dangle_and_loops_are_errors() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("deep"))?;
    symlink("deep/next", at("link"))?;
    symlink("../file", at("deep/next"))?;
    let real = fs::canonicalize(directory.path())?.join("file");
    assert_eq!(resolve(&at("link"))?.path(), real);
    fs::write(at("file"), "x")?;
    assert_eq!(resolve(&at("link"))?.path(), real);
    symlink("b", at("a"))?;
    symlink("a", at("b"))?;
    assert_eq!(
        resolve(&at("a")).unwrap_err().raw_os_error(),
        Some(rustix::io::Errno::LOOP.raw_os_error())
    );
    Ok(())
}

#[test]
fn a_link_in_a_directory_that_others_can_write_to_is_not_followed() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let link = directory.path().join("link");
    fs::write(directory.path().join("file"), "x")?;
    symlink("file", &link)?;
    for mode in [0o777, 0o1777, 0o703] {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode))?;
        assert_eq!(refusal(resolve(&link)), Some(Refusal::Link), "{mode:o}");
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
    assert!(resolve(&link).is_ok());
    Ok(())
}

#[test]
fn own_files_are_nobodys_however_a_path_leads_to_them() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let own = directory.path().join("own");
    own::protect(&own);
    symlink("own", directory.path().join("link"))?;
    fs::create_dir(directory.path().join("tree"))?;
    own::protect_tree(&directory.path().join("tree"));
    for path in ["own", "link", "./tree/../own", "tree/x"] {
        assert_eq!(
            refusal(resolve(&directory.path().join(path))),
            Some(Refusal::OwnFile),
            "{path}"
        );
    }
    assert!(resolve(&directory.path().join("other")).is_ok());
    Ok(())
}

struct Confined {
    directory: tempfile::TempDir,
    roots: Arc<Roots>,
}

impl Confined {
    /// `in` to write, `read` to read, `out` for nothing.
    fn new() -> io::Result<Confined> {
        let directory = tempfile::tempdir()?;
        let [inside, read, out] = ["in", "read", "out"].map(|name| directory.path().join(name));
        for path in [&inside, &read, &out, &inside.join("sub"), &read.join("sub")] {
            fs::create_dir(path)?;
        }
        let roots = Roots::open(&[inside], &[read]).map_err(|(_, error)| error)?;
        Ok(Confined { directory, roots: Arc::new(roots) })
    }

    fn at(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn resolve(&self, path: impl AsRef<Path>, purpose: Purpose) -> io::Result<Place> {
        FilePath::within(path.as_ref(), Some(Arc::clone(&self.roots))).resolve(purpose)
    }
}

#[test]
fn what_stays_beneath_a_root_is_allowed() -> io::Result<()> {
    let confined = Confined::new()?;
    let inside = fs::canonicalize(confined.at("in"))?;
    symlink("sub", confined.at("in/link"))?;
    symlink(confined.at("in/sub"), confined.at("in/absolute"))?;
    symlink("../x", confined.at("in/sub/up"))?;
    symlink(confined.at("in/x"), confined.at("in/far"))?;
    for (path, real) in [
        ("x", "x"),
        ("sub/../x", "x"),
        ("link/../x", "x"),
        ("link/x", "sub/x"),
        ("absolute/x", "sub/x"),
        ("absolute/up", "x"),
        ("link/up", "x"),
        ("far", "x"),
    ] {
        for path in [PathBuf::from(path), confined.at("in").join(path)] {
            let place = confined.resolve(&path, Purpose::Write)?;
            assert_eq!(place.path(), inside.join(real), "{}", path.display());
        }
    }
    assert!(confined.resolve(confined.at("read/sub/x"), Purpose::Read).is_ok());
    Ok(())
}

#[test]
fn what_leaves_a_root_is_refused() -> io::Result<()> {
    let confined = Confined::new()?;
    symlink("../out", confined.at("in/out"))?;
    symlink(confined.at("out"), confined.at("in/absolute"))?;
    symlink("../out/x", confined.at("in/file"))?;
    symlink(confined.at("out/x"), confined.at("in/far"))?;
    symlink("/proc/self/cwd", confined.at("in/proc"))?;
    let leaving = [
        "../out/x",
        "../x",
        "sub/../../x",
        "out/x",
        "absolute/x",
        "file",
        "far",
        "proc/x",
        "/x",
        "/proc/self/environ",
    ];
    for path in leaving {
        for purpose in [Purpose::Read, Purpose::Write] {
            let refused = refusal(confined.resolve(path, purpose));
            assert!(matches!(refused, Some(Refusal::Outside(_))), "{path}: {refused:?}");
        }
    }
    let refused = refusal(confined.resolve(confined.at("read/x"), Purpose::Write));
    assert!(matches!(refused, Some(Refusal::Outside(roots)) if roots[1].ends_with("(to read)")));
    Ok(())
}

#[test]
fn roots_become_narrower_and_never_wider() -> io::Result<()> {
    let confined = Confined::new()?;
    let narrow = |roots: &[&str], read: &[&str]| {
        let paths = |names: &[&str]| names.iter().map(|name| confined.at(name)).collect::<Vec<_>>();
        Roots::narrow(Some(&confined.roots), &paths(roots), &paths(read)).map(|roots| roots.names())
    };
    assert!(narrow(&["in/sub"], &["in", "read/sub"]).is_ok());
    assert!(narrow(&[], &[]).is_ok_and(|roots| roots.is_empty()));
    symlink("../out", confined.at("in/escape"))?;
    for (roots, read) in
        [(vec!["out"], vec![]), (vec!["read/sub"], vec![]), (vec![], vec!["in/escape"])]
    {
        assert!(narrow(&roots, &read).is_err(), "{roots:?} {read:?}");
    }
    Ok(())
}
