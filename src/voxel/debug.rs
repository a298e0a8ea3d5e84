//! What a volume shows of itself in test failures and logs: its size, not its voxels.

use std::fmt::{Debug, Formatter, Result};

use super::Volume;

impl Debug for Volume {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let bounds = self.bounds().map(|bounds| (bounds.min, bounds.max));
        f.debug_struct("Volume").field("voxels", &self.count()).field("bounds", &bounds).finish()
    }
}
