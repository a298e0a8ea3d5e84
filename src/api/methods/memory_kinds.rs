//! What memory is held for, as health tells it.

use super::super::macros::result;

result! {
    @derive(Clone, Debug, Default)
    /// What memory is held for, in bytes.
    pub struct MemoryKinds {
        /// Blocks of voxels of the projects.
        voxels: u64,
        /// What says where blocks lie.
        tables: u64,
        /// Layers but for their voxels.
        layers: u64,
        /// Materials, cameras, palettes and kept parts of files.
        materials: u64,
        /// Steps that can be undone or redone: what would be freed with them.
        history: u64,
        /// Merged layers and encoded pieces of files, kept to be faster.
        caches: u64,
        /// Blocks that only caches and work in progress hold.
        snapshots: u64,
        /// Buffers of connections.
        buffers: u64,
        /// Answers kept for sessions.
        answers: u64,
        /// Subscriptions.
        subscriptions: u64,
        /// Kept pictures; they lie on the disk, this is what is known of them.
        pictures: u64,
        /// Records on their way to the disk.
        journal: u64,
        /// What the allocator holds and nobody uses.
        allocator: u64,
    }
}
