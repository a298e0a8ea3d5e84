//! Schematics of block games: Sponge and MCEdit (Minecraft), Luanti. Blocks have names or numbers
//! instead of colours; [`colors`] gives each a colour.

mod blocks;
mod colors;
pub(super) mod mts;
mod nbt;
pub(super) mod schem;
