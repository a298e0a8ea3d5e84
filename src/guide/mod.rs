//! The guides, as pages of this documentation.

#[doc = include_str!("reference.md")]
pub mod reference {}

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("protocol.md")]
pub mod protocol {}

#[doc = include_str!("pictures.md")]
pub mod pictures {}

#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("journal.md")]
pub mod journal {}

#[doc = include_str!("deployment.md")]
pub mod deployment {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

#[doc = include_str!("upgrade.md")]
pub mod upgrade {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("agents.md")]
pub mod agents {}

#[doc = include_str!("clients.md")]
pub mod clients {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("light.md")]
pub mod light {}

#[doc = include_str!("formats.md")]
pub mod formats {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("scripts.md")]
pub mod scripts {}
