//! What was meant by a name that is no method's: never a change for a question, nor the opposite of
//! what was asked.

use super::table::{PREFIX, entries};
use crate::api::Effect;
use crate::likeness::nearest;

/// What people call methods by other words, and names of older documents that no daemon served:
/// each with the methods that are meant, the likeliest first.
const SYNONYMS: [(&str, &[&str]); 74] = [
    ("create_voxel", &["goxel.add_voxel"]),
    ("put_voxel", &["goxel.add_voxel"]),
    ("set_voxel", &["goxel.add_voxel"]),
    ("place_voxel", &["goxel.add_voxel"]),
    ("voxel", &["goxel.get_voxel", "goxel.add_voxel"]),
    ("delete_voxel", &["goxel.remove_voxel"]),
    ("erase_voxel", &["goxel.remove_voxel"]),
    ("read_voxel", &["goxel.get_voxel"]),
    ("get_voxels", &["goxel.get_voxels_region", "goxel.read_region"]),
    ("read_voxels", &["goxel.get_voxels_region", "goxel.read_region"]),
    ("info", &["goxel.get_project_info"]),
    ("project_info", &["goxel.get_project_info"]),
    ("get_info", &["goxel.get_project_info"]),
    ("describe", &["goxel.get_project_info", "rpc.discover"]),
    ("save", &["goxel.save_project"]),
    ("write", &["goxel.save_project", "goxel.export_model"]),
    ("load", &["goxel.load_project"]),
    ("open", &["goxel.load_project", "goxel.open_project"]),
    ("open_model", &["goxel.load_project", "goxel.open_project"]),
    ("load_file", &["goxel.load_project", "goxel.import_model"]),
    ("undo_all", &["goxel.undo"]),
    ("hide_layer", &["goxel.set_layer_visibility"]),
    ("show_layer", &["goxel.set_layer_visibility"]),
    ("voxel_count", &["goxel.measure", "goxel.get_project_info"]),
    ("count_voxels", &["goxel.measure", "goxel.get_project_info"]),
    ("new", &["goxel.create_project"]),
    ("new_project", &["goxel.create_project"]),
    ("close", &["goxel.close_project"]),
    ("import", &["goxel.import_model"]),
    ("system", &["status", "goxel.get_daemon_status"]),
    ("revert", &["goxel.go_to", "goxel.undo"]),
    ("restore", &["goxel.go_to", "goxel.undo"]),
    ("restore_checkpoint", &["goxel.go_to"]),
    ("rollback", &["goxel.go_to", "goxel.undo"]),
    ("pick", &["goxel.raycast"]),
    ("paint", &["goxel.paint_voxels", "goxel.edit"]),
    ("color_voxel", &["goxel.paint_voxels"]),
    ("brush_stroke", &["goxel.edit"]),
    ("brush", &["goxel.edit"]),
    ("fill", &["goxel.flood_fill", "goxel.fill_selection"]),
    ("fill_region", &["goxel.flood_fill", "goxel.fill_selection"]),
    ("fill_box", &["goxel.edit", "goxel.procedural_shape"]),
    ("box", &["goxel.procedural_shape", "goxel.edit"]),
    ("cube", &["goxel.procedural_shape", "goxel.edit"]),
    ("sphere", &["goxel.procedural_shape", "goxel.edit"]),
    ("cylinder", &["goxel.procedural_shape", "goxel.edit"]),
    ("shape", &["goxel.procedural_shape", "goxel.edit"]),
    ("create_shape", &["goxel.procedural_shape", "goxel.edit"]),
    ("line", &["goxel.edit"]),
    ("draw", &["goxel.edit"]),
    ("draw_line", &["goxel.edit"]),
    ("mirror", &["goxel.mirror_voxels"]),
    ("rotate", &["goxel.rotate_voxels"]),
    ("move", &["goxel.move_voxels"]),
    ("copy", &["goxel.copy_region", "goxel.copy_selection"]),
    ("paste", &["goxel.copy_region", "goxel.copy_selection"]),
    ("paste_selection", &["goxel.copy_selection", "goxel.copy_region"]),
    ("select", &["goxel.select_box", "goxel.select_color"]),
    ("layers", &["goxel.list_layers"]),
    ("add_layer", &["goxel.create_layer"]),
    ("new_layer", &["goxel.create_layer"]),
    ("remove_layer", &["goxel.delete_layer"]),
    ("colors", &["goxel.get_unique_colors", "goxel.get_color_histogram"]),
    ("picture", &["goxel.render_image", "goxel.look"]),
    ("image", &["goxel.render_image", "goxel.look"]),
    ("view", &["goxel.look", "goxel.render_image"]),
    ("bounds", &["goxel.get_bounding_box"]),
    ("size", &["goxel.get_bounding_box", "goxel.get_status"]),
    ("clear", &["goxel.clear_voxels"]),
    ("reset", &["goxel.create_project", "goxel.clear_voxels"]),
    ("set_config", &["server.config"]),
    ("debug_dump_state", &["goxel.health", "status"]),
    ("debug_trigger_gc", &["goxel.clear_history", "goxel.cleanup_expired"]),
    ("commit", &["goxel.checkpoint", "goxel.save_project"]),
];

/// Words at the beginning of names that ask and change nothing.
const ASKING: [&str; 10] =
    ["get", "list", "read", "show", "find", "is", "has", "count", "query", "describe"];

/// Words at the beginning of names of which one is the opposite of the other.
const OPPOSITES: [(&[&str], &[&str]); 5] = [
    (
        &["create", "add", "new", "make", "set", "put", "fill"],
        &["delete", "remove", "clear", "erase", "kill", "close", "cleanup"],
    ),
    (&["open", "load", "import", "read"], &["save", "export", "write", "close"]),
    (&["undo"], &["redo"]),
    (&["show"], &["hide"]),
    (&["subscribe", "select"], &["unsubscribe", "unselect", "deselect", "invert"]),
];

fn bare(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

fn verb(name: &str) -> &str {
    name.split(['_', '.']).next().unwrap_or_default()
}

/// Whether two words differ by a slip of the fingers at most.
fn is_slip(a: &str, b: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    a == b || sorted(a) == sorted(b) || crate::likeness::distance(a, b) <= 1
}

/// Whether a method may be offered for a word.
fn may_be_offered(word: &str, name: &str, effect: Effect) -> bool {
    let (asked, offered) = (verb(word), verb(name));
    let is = |list: &[&str], verb: &str| list.contains(&verb);
    let is_opposite = OPPOSITES.iter().any(|(one, other)| {
        is(one, asked) && is(other, offered) || is(other, asked) && is(one, offered)
    });
    if is_opposite {
        return false;
    }
    // What changes something is only offered to somebody who named the same change.
    let only_answers = matches!(effect, Effect::Answer | Effect::Read);
    only_answers || is_slip(asked, offered) && !is(&ASKING, asked)
}

/// The longest word that is compared: about twice as long as the longest name. Names on the wire
/// may have megabytes.
const LONGEST_WORD: usize = 64;

/// The methods that a word may mean, the likeliest first.
pub(super) fn of(word: &str) -> Vec<&'static str> {
    if word.len() > LONGEST_WORD {
        return Vec::new();
    }
    let word = bare(word).to_ascii_lowercase();
    if let Some((_, names)) = SYNONYMS.iter().find(|(synonym, _)| *synonym == word) {
        let known = |name: &&str| entries().any(|entry| entry.method.name == *name);
        return names.iter().copied().filter(known).collect();
    }
    if let Some(near) = near(&word) {
        return vec![near];
    }
    // Names of other designs: "shape.sphere", "export.obj".
    match word.rsplit_once('.') {
        Some((group, last)) if !group.contains('.') => {
            let all = [last.to_owned(), format!("{last}_{group}"), group.to_owned()];
            all.iter().map(|word| of(word)).find(|found| !found.is_empty()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The method's name, or another name of it, most like a word.
fn near(word: &str) -> Option<&'static str> {
    let names = || {
        let all = entries().flat_map(|entry| {
            let names = [entry.method.name].into_iter().chain(entry.method.aliases.iter().copied());
            names.map(|name| (name, entry.method.effect))
        });
        all.filter(|(name, effect)| may_be_offered(word, bare(name), *effect))
    };
    if let Some(near) = nearest(word, names().map(|(name, _)| bare(name))) {
        return names().map(|(name, _)| name).find(|&name| bare(name) == near);
    }
    // A name that has all parts of the word.
    let parts: Vec<&str> = word.split(['_', '.', '-']).filter(|part| part.len() > 2).collect();
    let has_all = |name: &&str| {
        let own: Vec<&str> = name.split(['_', '.']).collect();
        !parts.is_empty() && parts.iter().all(|part| own.contains(part))
    };
    names().map(|(name, _)| name).filter(has_all).min_by_key(|name| name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_longer_than_any_name_is_not_compared() {
        let long = |letters: usize| format!("add_voxel{}", "l".repeat(letters));
        assert_eq!(of(&long(1)), ["goxel.add_voxel"]);
        assert!(of(&long(LONGEST_WORD)).is_empty());
        let longest = entries().map(|entry| entry.method.name.len()).max();
        assert!(longest < Some(LONGEST_WORD), "{longest:?}");
    }

    #[test]
    fn every_suggested_method_is_there() {
        for (word, names) in SYNONYMS {
            assert!(!of(word).is_empty(), "{word}");
            for name in names {
                assert!(entries().any(|entry| entry.method.name == *name), "{word}: {name}");
            }
        }
    }

    #[test]
    fn a_word_never_leads_to_its_opposite_and_a_question_never_to_a_change() {
        for entry in entries() {
            let name = bare(entry.method.name);
            for word in ["create_", "delete_", "open_", "save_", "get_", "import_", "export_"] {
                let rest = name.split_once('_').map_or(name, |(_, rest)| rest);
                let asked = format!("{word}{rest}");
                // What these mean was said by hand.
                if SYNONYMS.iter().any(|(synonym, _)| *synonym == asked) {
                    continue;
                }
                for near in of(&asked).into_iter().filter(|near| bare(near) != asked) {
                    let found = entries().find(|entry| {
                        entry.method.name == near || entry.method.aliases.contains(&near)
                    });
                    let effect = found.map(|entry| entry.method.effect).unwrap();
                    assert!(may_be_offered(&asked, bare(near), effect), "{asked}: {near}");
                }
            }
        }
    }
}
