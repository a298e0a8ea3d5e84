//! What memory is held for, as health tells it.

use crate::api::methods::health::MemoryKinds;
use crate::memory::{self, Kind, Kinds};
use crate::rpc::server_facts::ServerFacts;
use crate::voxel::free_slab_bytes;
use crate::workspace::Workspace;

/// What is held, by kind; it is told, too, to those who refuse growth.
pub(super) fn kinds(facts: &ServerFacts, workspace: &Workspace) -> Kinds {
    let mut kinds = workspace.memory_kinds();
    for kind in [Kind::Answers, Kind::Subscriptions, Kind::Pictures, Kind::Journal] {
        kinds[kind as usize] = memory::memory_of(kind);
    }
    kinds[Kind::Buffers as usize] = facts.buffer_bytes;
    let free = memory::heap().map_or(0, |heap| heap.free) + free_slab_bytes();
    // What the allocator holds need not be resident.
    let others = kinds.iter().sum::<u64>();
    let beside = facts.resident_bytes.map_or(u64::MAX, |all| all.saturating_sub(others));
    kinds[Kind::Allocator as usize] = free.min(beside);
    memory::publish(&kinds);
    kinds
}

/// The same under their names.
pub(super) fn named(kinds: &Kinds) -> MemoryKinds {
    let of = |kind: Kind| kinds[kind as usize];
    MemoryKinds {
        voxels: of(Kind::Voxels),
        tables: of(Kind::Tables),
        layers: of(Kind::Layers),
        materials: of(Kind::Materials),
        history: of(Kind::History),
        caches: of(Kind::Caches),
        snapshots: of(Kind::Snapshots),
        buffers: of(Kind::Buffers),
        answers: of(Kind::Answers),
        subscriptions: of(Kind::Subscriptions),
        pictures: of(Kind::Pictures),
        journal: of(Kind::Journal),
        allocator: of(Kind::Allocator),
    }
}
