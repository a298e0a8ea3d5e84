//! Words that help: one is singular, nothing is ignored in silence, what is written says what it
//! is.

use serde_json::{Value, json};

use super::client::{Host, text_of};
use crate::support::process::{Daemon, wait_for};

fn voxel(x: i32, z: i32) -> Value {
    json!({"op": "voxels", "points": [[x, 0, z]], "color": "red"})
}

#[test]
fn one_of_anything_is_singular() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    let said = host.text("voxel_edit", json!({"ops": [voxel(0, 0)]}));
    assert!(said.starts_with("ok 1 op: +1 -0 voxels"), "{said}");
    let fields = json!(["summary", "layers", "palette", "parts"]);
    let said = host.text("voxel_inspect", json!({"fields": fields}));
    for words in ["1 layer,", "1 voxel,", "1 colour,", "1 part,", "1 colour:"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = host.text("voxel_edit", json!({"ops": [voxel(2, 5)]}));
    assert!(said.contains("1 voxel floats at"), "{said}");
    let said = host.text("voxel_edit", json!({"ops": [voxel(2, 3), voxel(4, 5)]}));
    assert!(said.starts_with("ok 2 ops: +2 ") && said.contains("3 voxels float in 3"), "{said}");
    let post = json!({"op": "box", "min": [0, 0, 0], "max": [7, 7, 3], "color": "red"});
    host.text("voxel_edit", json!({"ops": [post]}));
    host.text("voxel_project", json!({"action": "save", "path": "a.gox"}));
    let said = host.text("voxel_inspect", json!({"fields": ["files", "history"]}));
    assert!(said.contains("1 model beneath the root") && said.contains("rounded to 16"), "{said}");
    assert!(said.contains("open: \"default\" \"a.gox\""), "as a model writes it: {said}");
}

#[test]
fn operations_inside_of_operations_are_read_as_gladly_as_others() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    let post = json!({"type": "box", "min": [0, 0, 0], "max": [0, 0, "3"], "colour": "red"});
    let row = json!({"op": "repeat", "operations": [post], "times": 3, "step": [4, 0, 0]});
    let said = host.text("voxel_edit", json!({"ops": [row]}));
    assert!(said.starts_with("ok 1 op: +12 "), "{said}");
    assert!(said.contains("ops[0].operations[0]"), "{said}");
}

#[test]
fn an_empty_picture_and_a_file_that_holds_no_voxels_say_so() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    host.text("voxel_edit", json!({"ops": [voxel(0, 0)]}));
    let far = host.text("voxel_look", json!({"within": [[90, 90, 90], [91, 91, 91]]}));
    assert!(far.contains("nothing is visible"), "{far}");
    let near =
        host.text("voxel_look", json!({"within": [[0, 0, 0], [1, 1, 1]], "views": "isometric"}));
    assert!(!near.contains("nothing is visible"), "{near}");
    let picture = host.text("voxel_export", json!({"path": "a.png"}));
    assert!(picture.contains("holds no voxels"), "{picture}");
    let options = json!({"merge_faces": true, "scael": 2});
    let file = host.text("voxel_export", json!({"path": "a.vox", "options": options}));
    assert!(file.contains("warning: 'merge_faces' has no effect on the format vox"), "{file}");
    assert!(file.contains("'scael'") && !file.contains("not kept"), "{file}");
}

#[test]
fn a_script_that_fails_is_an_error_and_its_contract_is_told() {
    let daemon = Daemon::start();
    let mut host = Host::with(daemon.socket(), daemon.directory(), &["--allow-scripts"]);
    let failed = host.call("voxel_script", json!({"script": "nonsense()"}));
    assert!(failed["isError"] == true && text_of(&failed).contains("line 1"), "{failed}");
    let both = host.refusal("voxel_script", json!({"script": "1", "name": "tree"}));
    assert!(both.contains("give one of script and name"), "{both}");
    let neither = host.refusal("voxel_script", json!({}));
    assert!(neither.contains("give one of script and name"), "{neither}");
    let misspelt = host.refusal("voxel_script", json!({"name": "treee"}));
    assert!(
        misspelt.contains("did you mean \"tree\"?") && misspelt.contains("erosion"),
        "{misspelt}"
    );
    let odd = json!({"name": "tree", "params": {"heigth": 4}});
    let ran = host.text("voxel_script", odd);
    assert!(ran.contains("'params.heigth'") && ran.contains("'height'"), "{ran}");
    let help = host.text("voxel_help", json!({"topic": "voxel_script"}));
    assert!(
        help.contains("setAt(x,y,z,color)") && help.contains("tree(at=[0,0,0], height=18"),
        "{help}"
    );
}

#[test]
fn who_listens_is_told_of_what_happened_before_anybody_heard_of_it() {
    let daemon = Daemon::start();
    let (mut one, mut other) = (Host::beside(&daemon), Host::beside(&daemon));
    one.shake_hands();
    one.ask("resources/subscribe", json!({"uri": "goxel://project/default"}));
    // At once: before a connection for changes can be there.
    other.text("voxel_edit", json!({"ops": [voxel(0, 0)]}));
    wait_for("a note", || {
        one.ask("ping", json!({}));
        let is_note = |message: &Value| message["method"] == "notifications/resources/updated";
        one.unasked.iter().any(is_note)
    });
}

#[test]
fn a_byte_order_mark_before_a_message_says_nothing() {
    let daemon = Daemon::start();
    let mut host = Host::beside(&daemon);
    host.send("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}");
    assert_eq!(host.receive().unwrap()["id"], "a");
}
