//! Calls by helpers, and what happens to those that do not come back.

use std::sync::mpsc;

use super::*;
use crate::file_access::refusal_of;

const PATH: &str = "/tmp/x";

fn path() -> &'static Path {
    Path::new(PATH)
}

/// Helpers for this thread, and what tells that a call is over.
fn helpers(time_out: Duration) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    install(time_out, move || {
        // Nobody listens any more at the end of a test.
        let _ = sender.send(());
    });
    receiver
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn without_helpers_a_call_is_made_at_once() -> io::Result<()> {
    let here = std::thread::current().id();
    let mut pending =
        start(Lane::Clients, path(), move |_| Ok(std::thread::current().id() == here));
    assert!(matches!(pending.take(), Some(Ok(true))));
    assert!(!is_installed() && take_finished().is_empty());
    Ok(())
}

#[test]
fn a_helper_makes_the_call_and_wakes_the_loop() -> io::Result<()> {
    let woken = helpers(LONG);
    let here = std::thread::current().id();
    let mut pending =
        start(Lane::Clients, path(), move |_| Ok(std::thread::current().id() != here));
    assert!(woken.recv_timeout(LONG).is_ok());
    assert_eq!(take_finished(), [pending.ticket()]);
    assert!(pending.take().transpose()?.unwrap_or_default());
    Ok(())
}

#[test]
fn work_in_slices_waits_for_a_helper_and_goes_on() {
    use crate::job::{Budget, Job, Rest, Step, Work};
    let woken = helpers(LONG);
    let (go, may_go) = mpsc::channel::<()>();
    let mut work = Work::new(|slice| async move {
        let wait = move |_: &Note| may_go.recv().map_err(io::Error::other);
        run(&slice, path(), wait).await.is_ok()
    });
    let mut budget = Budget::units(100);
    assert!(matches!(work.step(&mut budget), Step::More));
    let Some(Rest::Until(ticket)) = budget.rest_asked_for() else { panic!("it waits for a call") };
    assert!(take_finished().is_empty() && go.send(()).is_ok() && woken.recv_timeout(LONG).is_ok());
    assert_eq!(take_finished(), [ticket]);
    assert!(matches!(work.step(&mut Budget::units(100)), Step::Done(true)));
}

#[test]
fn who_cannot_wait_in_slices_sleeps() {
    let _woken = helpers(LONG);
    use crate::job::{Job, Work};
    let sleep = |_: &Note| {
        std::thread::sleep(Duration::from_millis(30));
        Ok(7)
    };
    let work = Work::new(|slice| async move { run(&slice, path(), sleep).await.ok() });
    assert_eq!(work.finish(), Some(7));
}

#[test]
fn a_call_that_does_not_come_back_is_given_up_and_others_go_on() -> io::Result<()> {
    let woken = helpers(Duration::from_secs(1));
    let (go, may_go) = mpsc::channel::<()>();
    let (told, hear) = mpsc::channel();
    let stuck_call = start(Lane::Clients, path(), move |note| {
        note.step("fsync")?;
        let _ = may_go.recv();
        let rest = note.step("rename");
        let _ = told.send(rest.is_err());
        rest
    });
    // Another one gets a helper of its own before the first one is given up.
    let other = start(Lane::Clients, Path::new("/tmp/y"), |_| Ok(1));
    assert_eq!(other.wait()?, 1);
    let error = stuck_call.wait().err();
    assert_eq!(error.as_ref().and_then(refusal_of), Some(Refusal::DiskTimeout("fsync")));
    assert_eq!(stuck().iter().map(|stuck| stuck.call).collect::<Vec<_>>(), ["fsync"]);
    assert!(require_not_stuck(path()).is_err() && require_not_stuck(Path::new("/tmp/y")).is_ok());
    // When it comes back, it goes no further, and the path is free again.
    assert!(go.send(()).is_ok());
    assert_eq!(hear.recv_timeout(LONG), Ok(true));
    while !stuck().is_empty() {
        let _ = woken.recv_timeout(Duration::from_millis(10));
    }
    assert!(require_not_stuck(path()).is_ok());
    Ok(())
}

#[test]
fn with_as_many_stuck_as_may_be_further_calls_are_refused_until_one_comes_back() -> io::Result<()> {
    let _woken = helpers(Duration::from_millis(500));
    let mut gates = Vec::new();
    for _ in 0..MOST_STUCK {
        let (go, may_go) = mpsc::channel::<()>();
        let call = start(Lane::Clients, path(), move |_| may_go.recv().map_err(io::Error::other));
        assert!(call.wait().is_err());
        gates.push(go);
    }
    let refused = start(Lane::Clients, path(), |_| Ok(())).wait().err();
    assert_eq!(refused.as_ref().and_then(refusal_of), Some(Refusal::DiskStuck));
    // The daemon's own files are not touched by it.
    start(Lane::Own, path(), |_| Ok(())).wait()?;
    drop(gates.pop());
    while stuck().len() == MOST_STUCK {
        std::thread::sleep(Duration::from_millis(1));
    }
    start(Lane::Clients, path(), |_| Ok(())).wait()
}

#[test]
fn what_is_given_up_before_it_begins_is_not_done() -> io::Result<()> {
    let _woken = helpers(LONG);
    let (go, may_go) = mpsc::channel::<()>();
    let (told, hear) = mpsc::channel();
    let first = start(Lane::Own, path(), move |_| may_go.recv().map_err(io::Error::other));
    let second = told.clone();
    drop(start(Lane::Own, path(), move |_| second.send(2).map_err(io::Error::other)));
    post(Lane::Own, path(), move |_| told.send(3).unwrap_or_default());
    assert!(go.send(()).is_ok());
    first.wait()?;
    assert!(finish_own(LONG));
    assert_eq!(hear.iter().collect::<Vec<_>>(), [3]);
    Ok(())
}

#[test]
fn the_journal_comes_before_other_files_of_the_daemon() -> io::Result<()> {
    let _woken = helpers(LONG);
    let (go, may_go) = mpsc::channel::<()>();
    let (told, hear) = mpsc::channel();
    let first = start(Lane::Own, path(), move |_| may_go.recv().map_err(io::Error::other));
    for (lane, number) in [(Lane::Own, 1), (Lane::Journal, 2), (Lane::Own, 3), (Lane::Journal, 4)] {
        let told = told.clone();
        post(lane, path(), move |_| told.send(number).unwrap_or_default());
    }
    // The helper has taken the first call before the others are there, or the test would say
    // nothing.
    assert!(go.send(()).is_ok());
    first.wait()?;
    assert!(finish_own(LONG));
    drop(told);
    let order = hear.iter().collect::<Vec<_>>();
    assert!(order == [2, 4, 1, 3], "{order:?}");
    Ok(())
}
