//! What the system tells about this process.

use std::fs;

use rustix::process::{Resource, getrlimit};

use crate::api::methods::health::DescriptorHealth;

/// Bytes of the machine's memory that the process takes; none where the system does not tell by a file.
pub fn resident_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// Open files and their limit.
pub fn descriptors() -> Option<DescriptorHealth> {
    // The directory itself is open while it is read.
    let open = fs::read_dir("/proc/self/fd").or_else(|_| fs::read_dir("/dev/fd")).ok()?.count();
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    Some(DescriptorHealth { open: (open as u64).saturating_sub(1), limit })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_that_is_opened_counts() {
        let Some(before) = super::descriptors() else {
            return println!("skipped: the system does not tell the open files");
        };
        let _files: Vec<_> = (0..50).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        let after = super::descriptors().unwrap();
        // Other tests open and close files meanwhile.
        assert!(after.open + 20 >= before.open + 50, "{} {}", before.open, after.open);
        assert!(after.limit >= after.open);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_takes_at_least_a_megabyte() {
        assert!(super::resident_bytes().unwrap() > 1 << 20);
    }
}
