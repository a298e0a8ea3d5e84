//! Where settings come from, what wins, and what is refused.

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let pairs = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Environment {
        variables: pairs.collect(),
        system_file: "/nonexistent/goxel.toml".into(),
        directory: "/start".into(),
        is_background: false,
    }
}

fn load_from(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let line =
        command_line::parse(arguments.iter().map(OsString::from)).map_err(ConfigError::Usage)?;
    load(&line, &environment(variables))
}

fn origin(loaded: &Loaded, key: &str) -> Origin {
    let place = TABLE.iter().position(|setting| setting.key == key).unwrap();
    loaded.origins[place].clone()
}

#[test]
fn flags_win_over_environment_over_files_over_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let user = directory.path().join("goxel");
    std::fs::create_dir(&user).unwrap();
    let text = "[limits]\nconnections = 10\nmessage = \"1MiB\"\nslice = \"2ms\"\n";
    std::fs::write(user.join("config.toml"), text).unwrap();
    let system = directory.path().join("system.toml");
    std::fs::write(&system, "[limits]\nslice = \"4ms\"\nlinger = \"9s\"\n").unwrap();
    let mut environment = environment(&[
        ("XDG_CONFIG_HOME", directory.path().to_str().unwrap()),
        ("GOXEL_MAX_CONNECTIONS", "20"),
        ("GOXEL_MAX_MESSAGE_BYTES", "2MiB"),
    ]);
    environment.system_file = system.clone();
    let line = command_line::parse(["--max-connections=30".into()]).unwrap();
    let loaded = load(&line, &environment).unwrap();
    assert_eq!(loaded.settings.max_connections.0, 30);
    assert_eq!(origin(&loaded, "limits.connections"), Origin::Flag("max-connections"));
    assert_eq!(loaded.settings.max_message.0, 2 << 20);
    assert_eq!(origin(&loaded, "limits.message"), Origin::Environment("GOXEL_MAX_MESSAGE_BYTES"));
    assert_eq!(loaded.settings.slice.show(), "2ms");
    assert_eq!(origin(&loaded, "limits.slice"), Origin::File(user.join("config.toml")));
    assert_eq!(origin(&loaded, "limits.linger"), Origin::File(system));
    assert_eq!(origin(&loaded, "limits.drain"), Origin::Default);
}

#[test]
fn a_named_file_must_be_there_and_is_the_only_one() {
    let error = load_from(&["--config=/nonexistent/x.toml"], &[]).unwrap_err();
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().starts_with("/nonexistent/x.toml: cannot be read"), "{error}");
}

#[test]
fn a_bad_value_is_told_with_the_place_where_it_was_said() {
    let flag = load_from(&["-m", "70000"], &[]).unwrap_err();
    assert_eq!(flag.to_string(), "Invalid max connections: 70000 (must be 1-65536)");
    assert_eq!(flag.exit_code(), 2);
    let variable = load_from(&[], &[("GOXEL_SLICE_TIME", "fast")]).unwrap_err();
    assert!(
        variable.to_string().starts_with("GOXEL_SLICE_TIME=fast: must be a time"),
        "{variable}"
    );
    let level = load_from(&["--log-level=loud"], &[]).unwrap_err();
    assert!(level.to_string().starts_with("--log-level loud: must be"), "{level}");
}

#[test]
fn the_reference_s_words_for_its_own_flags_are_kept() {
    for (arguments, words) in [
        (["-j", "0"], "Invalid number of worker threads: 0 (must be 1-64)"),
        (["-q", "0"], "Invalid queue size: 0 (must be 1-65536)"),
        (["-P", "x"], "Invalid protocol: x (must be auto, jsonrpc, or mcp)"),
    ] {
        assert_eq!(load_from(&arguments, &[]).unwrap_err().to_string(), words);
    }
}

#[test]
fn flags_whose_meaning_is_gone_are_accepted_with_a_warning() {
    let loaded =
        load_from(&["-j4", "--queue-size=9", "--priority-queue", "-P", "mcp"], &[]).unwrap();
    assert_eq!(loaded.warnings.len(), 4, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].starts_with("flag --workers: has no meaning any more"));
}

#[test]
fn a_misspelt_variable_is_noticed_and_others_of_the_family_are_not() {
    let variables =
        [("GOXEL_LOG_LEVELS", "debug"), ("GOXEL_SAMPLES", "/x"), ("GOXEL_SLICE_TIME", "")];
    let loaded = load_from(&[], &variables).unwrap();
    assert_eq!(
        loaded.warnings,
        ["GOXEL_LOG_LEVELS means nothing here; did you mean GOXEL_LOG_LEVEL?"]
    );
}

#[test]
fn a_daemon_that_moves_still_finds_what_was_named_where_it_started() {
    let line = ["-w", "work", "-s", "a.sock", "--project=/x/y.gox"].map(OsString::from);
    let line = command_line::parse(line).unwrap();
    let settings = load(&line, &environment(&[])).unwrap().settings;
    assert_eq!(settings.socket, [Path::new("/start/a.sock")]);
    assert_eq!(settings.working_dir.as_deref(), Some(Path::new("/start/work")));
    assert_eq!(settings.project.as_deref(), Some(Path::new("/x/y.gox")));
}

#[test]
fn a_daemon_in_the_background_has_files_beside_its_socket() {
    let line = command_line::parse(["-D", "-s/run/a.sock"].map(OsString::from)).unwrap();
    let background = Environment { is_background: true, ..environment(&[]) };
    let settings = load(&line, &background).unwrap().settings;
    assert_eq!(settings.pid_file.path(), Some(Path::new("/run/a.pid")));
    assert_eq!(settings.log_file.path(), Some(Path::new("/run/a.log")));
    assert_eq!(load(&line, &environment(&[])).unwrap().settings.pid_file, Place::Default);
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let error =
        load_from(&["--outbound-soft-bytes=2MiB", "--outbound-hard-bytes=1MiB"], &[]).unwrap_err();
    assert_eq!(error.exit_code(), 78);
    assert!(load_from(&["--verbose"], &[]).unwrap().settings.log_level == LevelFilter::Debug);
}

#[test]
fn a_reload_applies_what_can_change_and_names_the_rest() {
    let mut current = load_from(&[], &[]).unwrap();
    let new =
        load_from(&["--slice-time=2ms", "--socket=/other", "--log-level=debug"], &[]).unwrap();
    let (applied, waiting) = current.apply(&new);
    assert_eq!(applied, ["log.level", "limits.slice"]);
    assert_eq!(waiting, ["socket.path"]);
    assert_eq!(current.settings.slice.show(), "2ms");
    assert!(current.settings.socket.is_empty());
}
