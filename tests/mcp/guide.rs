//! The session of the guide is played, and every answer is the one that the guide shows.

use super::client::Host;
use crate::support::process::Daemon;

#[test]
fn the_session_of_the_guide_is_what_happens() {
    let guide = include_str!("../../src/guide/agents.md");
    let (_, session) = guide.split_once("## A session").unwrap();
    let (session, _) = session.split_once("## Several agents").unwrap();
    let blocks = session.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    let mut calls = 0;
    for (index, line) in lines.iter().enumerate() {
        let Some(call) = line.strip_prefix("> ") else { continue };
        let (tool, arguments) = call.split_once(' ').unwrap();
        let text = host.text(tool, serde_json::from_str(arguments).unwrap());
        calls += 1;
        let shown = lines[index + 1..].iter().take_while(|line| !line.starts_with("> "));
        // Sizes of files and pictures may change with their formats.
        let stable = |line: &&str| !line.contains(" bytes") && !line.contains(" px)");
        let shown: Vec<&str> = shown.copied().filter(stable).collect();
        let told: Vec<&str> = text.lines().filter(stable).collect();
        assert_eq!(told, shown, "{call}");
    }
    assert!(calls >= 8);
    assert!(daemon.directory().join("house.vox").is_file());
}
