//! Schematics of block games: those of Minecraft and Luanti. Blocks have names or numbers instead
//! of colours; [`colors`] gives each a colour.

mod choice;
mod colors;
mod litematic;
pub(super) mod mts;
mod nbt;
mod nbt_write;
mod palette;
pub(super) mod schem;
pub(super) mod schem_write;
mod structure;
