//! System calls that a daemon which serves never needs, refused by the system from then on
//! (`--seccomp`).
//!
//! Whoever gets hold of the process can reach no network with it, look into no other process, mount
//! nothing and become nobody else, and neither can the processes of scripts, which it starts and
//! which confine themselves further. The calls are refused with `EPERM` and the daemon goes on: a
//! list of what is forbidden, and not of what is allowed, so that another version of the C library
//! breaks nothing.

/// Refuses them for all threads, those to come included.
///
/// # Errors
/// Why that cannot be had here.
pub fn forbid() -> Result<usize, String> {
    imp::forbid()
}

#[cfg(target_os = "linux")]
mod imp {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter_all_threads,
    };

    /// Other processes; file systems, name spaces and other roots; the kernel and its clocks; other
    /// users.
    const FORBIDDEN: &[i64] = &[
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_kcmp,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_open_by_handle_at,
        libc::SYS_mknodat,
        libc::SYS_fanotify_init,
        libc::SYS_quotactl,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_acct,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_personality,
        libc::SYS_syslog,
        libc::SYS_vhangup,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_adjtimex,
        libc::SYS_clock_adjtime,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setreuid,
        libc::SYS_setregid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setgroups,
        libc::SYS_setfsuid,
        libc::SYS_setfsgid,
        libc::SYS_capset,
    ];

    pub(super) fn forbid() -> Result<usize, String> {
        let program = program()?;
        apply_filter_all_threads(&program).map_err(told)?;
        // And sockets of the network.
        Ok(FORBIDDEN.len() + 1)
    }

    fn told(error: impl std::fmt::Display) -> String {
        format!("--seccomp: {error}")
    }

    fn program() -> Result<BpfProgram, String> {
        let arch: TargetArch = std::env::consts::ARCH.try_into().map_err(told)?;
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            FORBIDDEN.iter().map(|&call| (call, Vec::new())).collect();
        let (unix, is_other) = (libc::AF_UNIX as u64, SeccompCmpOp::Ne);
        let family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, is_other, unix);
        let socket = SeccompRule::new(vec![family.map_err(told)?]).map_err(told)?;
        rules.insert(libc::SYS_socket, vec![socket]);
        let refused = SeccompAction::Errno(libc::EPERM as u32);
        let filter =
            SeccompFilter::new(rules, SeccompAction::Allow, refused, arch).map_err(told)?;
        filter.try_into().map_err(told)
    }

    #[cfg(test)]
    mod tests {
        use std::io::ErrorKind;
        use std::net::TcpListener;
        use std::os::unix::net::UnixStream;

        use super::*;

        #[test]
        fn networks_and_other_roots_are_out_of_reach_and_what_a_daemon_does_is_not() {
            let shut_in = std::thread::spawn(|| {
                seccompiler::apply_filter(&program().unwrap()).unwrap();
                let root = std::os::unix::fs::chroot("/");
                assert_eq!(root.unwrap_err().kind(), ErrorKind::PermissionDenied);
                let network = TcpListener::bind("127.0.0.1:0");
                assert_eq!(network.unwrap_err().kind(), ErrorKind::PermissionDenied);
                UnixStream::pair().unwrap();
                let directory = tempfile::tempdir().unwrap();
                std::fs::write(directory.path().join("x"), "x").unwrap();
                // What comes later is shut in as well.
                let later = std::thread::spawn(|| TcpListener::bind("127.0.0.1:0").is_err());
                assert!(later.join().unwrap());
            });
            shut_in.join().unwrap();
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn forbid() -> Result<usize, String> {
        Err("--seccomp: this system has no such filter".to_owned())
    }
}
