//! From settings to what the server is made of.

use std::path::PathBuf;

use super::kinds::{JournalSync, Place};
use super::{ConfigError, Loaded, Settings};
use crate::format;
use crate::journal::SyncPolicy;
use crate::render_store::RenderStoreSettings;
use crate::rpc;
use crate::script;
use crate::server::keeping::{Keeping, Where};
use crate::server::limits::Limits;
use crate::server::logging::Style;
use crate::server::ownership::Permissions;
use crate::server::{Config, users};
use crate::socket_path::socket_path;
use crate::wire::MessageLimits;

impl Settings {
    /// The limits of the server.
    pub fn limits(&self) -> Limits {
        let defaults = MessageLimits::default();
        Limits {
            connections: self.max_connections.get(),
            reserve: self.reserve_connections.get(),
            of_peer: self.max_connections_per_peer.of(self.max_connections.get()),
            messages: MessageLimits { message: self.max_message.get(), ..defaults },
            inbound: self.max_inbound.get(),
            outbound_soft: self.outbound_soft.get(),
            outbound_hard: self.outbound_hard.get(),
            buffers: self.max_buffers.get(),
            turn_requests: self.turn_requests.get(),
            turn_bytes: self.turn_bytes.get(),
            turn_time: self.turn_time.0,
            turn_total: self.turn_total.0,
            slice: self.slice.0,
            slow_turn: self.slow_turn.0,
            pack_after: self.pack_after.0,
            idle: self.idle_timeout.0,
            idle_exit: self.idle_exit.0,
            unfinished: self.message_timeout.0,
            stalled: self.stall_timeout.0,
            linger: self.linger.0,
            drain: self.drain.0,
            disk_timeout: self.disk_timeout.0,
        }
    }
}

impl Settings {
    /// Where the daemon listens, unless sockets are inherited.
    pub fn socket_paths(&self) -> Vec<PathBuf> {
        match &*self.socket {
            [] => vec![socket_path(None)],
            sockets => sockets.to_vec(),
        }
    }

    /// Where the journal goes.
    pub fn keeping(&self) -> Keeping {
        let policy = match self.journal_sync {
            JournalSync::Always => SyncPolicy::Always,
            JournalSync::Second => SyncPolicy::Second,
            JournalSync::No => SyncPolicy::No,
        };
        let directory = match &self.journal {
            Place::Default => Where::Default,
            Place::Nowhere => Where::Nowhere,
            Place::At(path) => Where::Named(path.clone()),
        };
        Keeping { directory, state: self.state_dir.clone(), policy, fresh: self.fresh.0 }
    }

    /// Where kept pictures go.
    pub fn renders(&self) -> RenderStoreSettings {
        let defaults = RenderStoreSettings::default();
        RenderStoreSettings {
            directory: self.render_dir.clone().unwrap_or(defaults.directory),
            time_to_live: self.render_ttl.0,
            max_bytes: self.render_max_size.0,
            cleanup_interval: self.render_cleanup_interval.0,
        }
    }

    /// How much the service keeps and does for its callers.
    pub fn service_limits(&self) -> rpc::Limits {
        let in_memory = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        rpc::Limits {
            bulk_voxels: self.max_bulk_voxels.0,
            subscriptions: self.max_subscriptions.get(),
            sessions: rpc::SessionLimits {
                count: self.max_sessions.get(),
                answers: self.session_answers.get(),
                bytes: in_memory(self.session_bytes.0),
                total_bytes: in_memory(self.session_memory.0),
                life: self.session_life.0,
            },
            files: self.file_limits(),
            palettes: format::PaletteLimits {
                max_palette_bytes: self.max_palette_bytes.0,
                max_palette_colors: self.max_palette_colors.get(),
                max_picture_pixels: self.max_picture_pixels.0,
            },
            scripts: script::Limits {
                are_on: !self.no_scripts.0,
                at_once: self.max_scripts.get(),
                memory: self.script_memory.0,
                stack: self.script_stack.0,
                output: self.script_output.0,
                time: self.script_time.0,
            },
            call_time: self.call_timeout.0,
            names: rpc::NameLimits::new(
                self.max_layer_name.get(),
                self.max_material_name.get(),
                self.max_palette_name.get(),
                self.max_project_name.get(),
                self.max_checkpoint_name.get(),
            ),
        }
    }

    /// What reading a file may cost.
    pub fn file_limits(&self) -> format::Limits {
        format::Limits {
            max_file_bytes: self.max_file_bytes.0,
            max_voxel_bytes: self.max_voxel_bytes.0,
            max_unpacked_bytes: self.max_unpacked_bytes.0,
            max_picture_pixels: self.max_picture_pixels.0,
            max_surface_columns: self.max_surface_columns.0,
            max_file_layers: self.max_file_layers.get(),
        }
    }

    /// Bytes that voxels may take; without a limit the largest number.
    pub fn voxel_memory(&self) -> u64 {
        match self.max_voxel_memory.0 {
            0 => u64::MAX,
            bytes => bytes,
        }
    }

    /// Bytes that the process may have resident; unless set, what the system suggests.
    pub fn process_memory(&self) -> u64 {
        match self.max_memory.0 {
            0 => crate::memory::default_limit(),
            bytes => bytes,
        }
    }

    /// What the log is to be like.
    pub fn log_style(&self) -> Style<'_> {
        Style {
            level: self.log_level,
            format: self.log_format,
            file: self.log_file.path(),
            repeats: self.log_repeats.0,
        }
    }
}

impl Loaded {
    /// What the server needs to know.
    pub fn server(&self) -> Result<Config, ConfigError> {
        let settings = &self.settings;
        let group = settings.socket_group.as_deref().map(users::group).transpose();
        let group =
            group.map_err(|problem| ConfigError::Conflict(format!("socket.group: {problem}")))?;
        Ok(Config {
            sockets: settings.socket.clone(),
            permissions: Permissions { mode: settings.socket_mode.0, group },
            allowed_users: settings.allow_uid.clone(),
            limits: settings.limits(),
            allow_shutdown: settings.allow_shutdown.0,
            keeping: settings.keeping(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_table_are_those_of_the_limits() {
        assert_eq!(Settings::default().limits(), Limits::default());
        assert_eq!(Settings::default().renders(), RenderStoreSettings::default());
        assert_eq!(Settings::default().service_limits(), rpc::Limits::default());
    }
}
