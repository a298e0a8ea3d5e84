//! Schematics of block games: those of Minecraft and Luanti. Blocks have names or numbers instead of colours;
//! [`colors`] gives each a colour.

mod colors;
mod litematic;
pub(super) mod mts;
mod nbt;
mod palette;
pub(super) mod schem;
mod structure;
