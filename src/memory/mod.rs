//! The memory that the process holds: what for, how much of it there may be, and how it is given
//! back.
//!
//! Whoever keeps bytes counts them where they are kept, under a [`Kind`]. Blocks and their tables
//! are counted with every one that is made or freed; what others keep is counted by its owner when
//! somebody asks, and told here with [`publish`] so that a refusal can say who holds what.
//!
//! Work that can grow asks `admit` before each unit and stops with [`MemoryLimit`]; one unit takes
//! at most [`UNIT`] bytes, so a limit is passed by no more than that. There are two limits: one on
//! blocks and tables, and one on what the process has resident. The second is measured by the
//! system, but not at each question: between two looks, what blocks and tables grew by is added.

mod allocator;
mod claim;
mod process;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use allocator::{Allocator, Heap, forget_largest, give_back, heap, keep_reserve};
pub use claim::{Claim, buffer, probe, roomy};
pub use process::{default_limit, resident_bytes};

/// The most that one unit of work (an edit of one block) allocates, in bytes.
pub const UNIT: u64 = 256 << 10;

/// What memory is held for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Blocks.
    Voxels,
    /// What says where the blocks lie.
    Tables,
    /// Layers but for their voxels.
    Layers,
    /// Materials, cameras, palettes and kept parts of files.
    Materials,
    /// Steps of histories but for the blocks that they share.
    History,
    /// Merged layers, encoded pieces of files.
    Caches,
    /// Blocks that only work in progress and caches hold.
    Snapshots,
    /// What was read and not served, what was answered and not sent.
    Buffers,
    /// Answers kept for sessions.
    Answers,
    /// Subscriptions to changes.
    Subscriptions,
    /// Kept pictures.
    Pictures,
    /// Records on their way to the disk.
    Journal,
    /// What the allocator holds and nobody uses, and the program itself.
    Allocator,
}

impl Kind {
    /// All kinds, with their names.
    pub const ALL: [(Kind, &'static str); 13] = [
        (Kind::Voxels, "voxels"),
        (Kind::Tables, "tables"),
        (Kind::Layers, "layers"),
        (Kind::Materials, "materials"),
        (Kind::History, "history"),
        (Kind::Caches, "caches"),
        (Kind::Snapshots, "snapshots"),
        (Kind::Buffers, "buffers"),
        (Kind::Answers, "answers"),
        (Kind::Subscriptions, "subscriptions"),
        (Kind::Pictures, "pictures"),
        (Kind::Journal, "journal"),
        (Kind::Allocator, "allocator"),
    ];
}

/// Bytes of each kind, in the order of [`Kind::ALL`].
pub type Kinds = [u64; Kind::ALL.len()];

static IN_USE: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
static PUBLISHED: [AtomicU64; Kind::ALL.len()] = [const { AtomicU64::new(0) }; Kind::ALL.len()];
/// Of blocks and tables.
static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);
/// Of what is resident.
static RESIDENT_LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);
/// What was resident at the last look, and what blocks and tables took then.
static RESIDENT: AtomicU64 = AtomicU64::new(0);
static IN_USE_THEN: AtomicU64 = AtomicU64::new(0);
/// What frees what was let go of and waits to be freed.
static FREEING: OnceLock<fn()> = OnceLock::new();
/// The setting that refusals name, if not those of the daemon.
static NAMED: OnceLock<&'static str> = OnceLock::new();
/// Whether an allocation failed and the reserve was given up for it.
static IS_SHORT: AtomicBool = AtomicBool::new(false);

/// What blocks and tables may grow by before the system is asked again.
const LOOK_AGAIN: u64 = 4 << 20;
/// From this part of a limit on, in eighths, memory is tight.
const TIGHT: u64 = 7;
/// What is let go of then is enough once no more than this part is in use, in eighths.
const EASY: u64 = 6;

/// Something that would grow was refused because a limit is reached. What it did before it was
/// refused is taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the limit of {limit} bytes of {of} is reached ({in_use} bytes are in use; {flag})")]
pub struct MemoryLimit {
    /// Bytes in use.
    pub in_use: u64,
    /// The limit.
    pub limit: u64,
    /// What is limited.
    pub of: &'static str,
    /// The flag that sets the limit.
    pub flag: &'static str,
}

/// Bytes that blocks and their tables take in this process, shared ones counted once.
pub fn memory_in_use() -> u64 {
    memory_of(Kind::Voxels) + memory_of(Kind::Tables)
}

/// Those of blocks or those of tables; of other kinds what was told last.
pub fn memory_of(kind: Kind) -> u64 {
    let counted = IN_USE.get(kind as usize);
    counted.unwrap_or(&PUBLISHED[kind as usize]).load(Ordering::Relaxed)
}

/// The limit of blocks and tables; `u64::MAX` means none.
pub fn memory_limit() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// The limit of what is resident; `u64::MAX` means none.
pub fn resident_limit() -> u64 {
    RESIDENT_LIMIT.load(Ordering::Relaxed)
}

/// Sets the limit of blocks and tables for the whole process. Volumes over it stay; edits that
/// would add to it are refused.
pub fn set_memory_limit(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// Names the setting behind every limit, where it is not the daemon's: in the process of a script.
/// The first name counts.
pub fn name_limits(flag: &'static str) {
    let _ = NAMED.set(flag);
}

/// Sets the limit of what the process may have resident.
pub fn set_resident_limit(bytes: u64) {
    RESIDENT_LIMIT.store(bytes, Ordering::Relaxed);
    look();
}

/// Names what frees what was let go of and waits to be freed; it is called before something is
/// refused. The first one that is named counts.
pub fn free_with(free: fn()) {
    let _ = FREEING.set(free);
}

/// Tells how much is held for a kind that is not counted here.
pub fn note(kind: Kind, bytes: u64) {
    PUBLISHED[kind as usize].store(bytes, Ordering::Relaxed);
}

/// Tells how much is held for each kind.
pub fn publish(kinds: &Kinds) {
    PUBLISHED.iter().zip(kinds).for_each(|(kind, &bytes)| kind.store(bytes, Ordering::Relaxed));
}

/// What was told last, largest first, without what is nothing.
pub fn published() -> Vec<(&'static str, u64)> {
    let all = Kind::ALL.into_iter().zip(&PUBLISHED);
    let bytes = all.map(|((_, name), bytes)| (name, bytes.load(Ordering::Relaxed)));
    let mut kinds: Vec<(&str, u64)> = bytes.filter(|(_, bytes)| *bytes > 0).collect();
    kinds.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
    kinds
}

/// Asks for one more unit of work.
#[inline]
pub(crate) fn admit() -> Result<(), MemoryLimit> {
    admit_bytes(UNIT)
}

/// Asks for as many bytes.
#[inline]
pub(crate) fn admit_bytes(bytes: u64) -> Result<(), MemoryLimit> {
    let in_use = memory_in_use();
    let has_room = in_use.saturating_add(bytes - bytes.min(UNIT)) < memory_limit();
    let grown = in_use.saturating_sub(IN_USE_THEN.load(Ordering::Relaxed));
    let resident = RESIDENT.load(Ordering::Relaxed).saturating_add(grown + claim::claimed());
    let fits = resident.saturating_add(bytes) < resident_limit();
    let is_known = grown < LOOK_AGAIN && !IS_SHORT.load(Ordering::Relaxed);
    if has_room && fits && is_known { Ok(()) } else { admit_at_the_limit(bytes) }
}

/// What has been let go of and is not yet freed does not count.
#[cold]
fn admit_at_the_limit(bytes: u64) -> Result<(), MemoryLimit> {
    if let Some(refusal) = refusal(bytes) {
        FREEING.get().inspect(|free| free());
        if refusal.flag == named(RESIDENT_FLAG) {
            give_back();
        }
    }
    refusal(bytes).map_or(Ok(()), Err)
}

const RESIDENT_FLAG: &str = "--max-memory";

fn named(flag: &'static str) -> &'static str {
    NAMED.get().copied().unwrap_or(flag)
}

fn refusal(bytes: u64) -> Option<MemoryLimit> {
    let (in_use, limit) = (memory_in_use(), memory_limit());
    if in_use.saturating_add(bytes - bytes.min(UNIT)) >= limit {
        let (of, flag) = ("voxels and their tables", named("--max-voxel-memory"));
        return Some(MemoryLimit { in_use, limit, of, flag });
    }
    let (in_use, limit) = (look().saturating_add(claim::claimed()), resident_limit());
    let is_short = IS_SHORT.load(Ordering::Relaxed) && !keep_reserve();
    let is_over = in_use.saturating_add(bytes) >= limit;
    let of = if is_short { "the system" } else { "the process" };
    let flag = named(RESIDENT_FLAG);
    (is_over || is_short).then_some(MemoryLimit { in_use, limit, of, flag })
}

/// Whether what is resident is within its limit; for work that has grown in ways that nobody asked
/// for beforehand.
pub fn check() -> Result<(), MemoryLimit> {
    let grown = memory_in_use().saturating_sub(IN_USE_THEN.load(Ordering::Relaxed));
    let resident = RESIDENT.load(Ordering::Relaxed).saturating_add(grown);
    if resident < resident_limit() {
        return Ok(());
    }
    refusal(0).filter(|refusal| refusal.flag == named(RESIDENT_FLAG)).map_or(Ok(()), Err)
}

/// Makes ready for as little memory as there is. Call it once, before there are threads.
pub fn prepare() {
    allocator::prepare(process::address_space());
    keep_reserve();
}

/// Whether work that grows could go on growing, where the address space is limited: between two
/// slices of it.
pub fn room() -> Result<(), MemoryLimit> {
    if !process::is_address_space_limited() || allocator::room().is_ok() {
        return Ok(());
    }
    FREEING.get().inspect(|free| free());
    give_back();
    let refuse = |_| {
        let (in_use, limit) = (look(), resident_limit());
        MemoryLimit { in_use, limit, of: "the system", flag: named(RESIDENT_FLAG) }
    };
    allocator::room().map_err(refuse)
}

/// Makes room for so many bytes behind some that are there; false if that cannot be had without the
/// reserve. `reserve` does it, and tells whether it could. It is asked for twice as much as there
/// is, and for `most` at least, if there is so much: what grows bit by bit is copied.
pub fn make_room(
    bytes: usize,
    more: usize,
    most: usize,
    mut reserve: impl FnMut(usize) -> bool,
) -> bool {
    let is_there = |room| !process::is_address_space_limited() || allocator::is_there(room);
    let needed = bytes.saturating_add(more);
    let wanted = needed.max(bytes.saturating_mul(2)).max(most);
    [wanted, needed].into_iter().any(|room| is_there(room) && reserve(room - bytes))
}

/// Asks the system what is resident.
pub fn look() -> u64 {
    let resident = resident_bytes().unwrap_or_default();
    RESIDENT.store(resident, Ordering::Relaxed);
    IN_USE_THEN.store(memory_in_use(), Ordering::Relaxed);
    resident
}

/// Whether a limit is near, so that whoever can should let go of something.
pub fn is_tight() -> bool {
    let in_use = memory_in_use();
    let grown = in_use.saturating_sub(IN_USE_THEN.load(Ordering::Relaxed));
    let resident = RESIDENT.load(Ordering::Relaxed).saturating_add(grown);
    let is_near = |bytes: u64, limit: u64| bytes / TIGHT >= limit / 8 && limit < u64::MAX;
    is_near(in_use, memory_limit())
        || is_near(resident, resident_limit())
        || IS_SHORT.load(Ordering::Relaxed)
}

/// Bytes that have to go until a limit is not near any more.
pub fn excess() -> u64 {
    let over = |used: u64, limit: u64| used.saturating_sub(limit / 8 * EASY);
    let resident = over(look(), resident_limit());
    resident.max(over(memory_in_use(), memory_limit())).max(1)
}

/// Gives up the reserve for those who ask the system themselves; false if there is none. Growth is
/// refused from then on until there is one again.
pub(crate) fn give_up_reserve() -> bool {
    Allocator::give_up_reserve()
}

/// Notes bytes of blocks or tables.
pub(crate) fn took(kind: Kind, bytes: usize) {
    IN_USE[kind as usize & 1].fetch_add(bytes as u64, Ordering::Relaxed);
}

pub(crate) fn gave(kind: Kind, bytes: usize) {
    IN_USE[kind as usize & 1].fetch_sub(bytes as u64, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_in_the_order_of_their_list() {
        assert!(Kind::ALL.iter().enumerate().all(|(number, (kind, _))| *kind as usize == number));
        assert_eq!(Kind::Tables as usize, 1, "two kinds are counted here");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_resident_is_known_and_a_default_limit_lies_above_it() {
        let resident = look();
        assert!(resident > 1 << 20);
        assert!(default_limit() > resident / 2);
    }
}
