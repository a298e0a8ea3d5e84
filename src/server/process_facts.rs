//! What the system tells about this process.

use std::fs;

use rustix::process::{Resource, getrlimit};

use crate::api::methods::health::DescriptorHealth;

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
}
