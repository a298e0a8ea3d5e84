//! What the processes of scripts give up, as far as the system has it.

/// Ways in which a process is kept from doing harm: which of them are in force where scripts run.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Confinement {
    /// No program that is started gets more rights.
    pub no_new_privs: bool,
    /// System calls are filtered.
    pub seccomp: bool,
    /// No file can be opened.
    pub landlock: bool,
}

/// What a process will be able to give up; until the first one tells what it did.
#[cfg(all(feature = "scripts", target_os = "linux"))]
pub fn expected() -> Confinement {
    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    // Asked for and not set: who has no filters answers with an error.
    let seccomp = rustix::thread::secure_computing_mode();
    Confinement {
        no_new_privs: rustix::thread::no_new_privs().is_ok(),
        seccomp: seccomp.is_ok(),
        landlock: rules.is_ok(),
    }
}

/// See above.
#[cfg(not(all(feature = "scripts", target_os = "linux")))]
pub fn expected() -> Confinement {
    Confinement::default()
}
