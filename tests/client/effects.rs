//! What the client takes for a read must be one in the daemon.

use goxel_daemon::api::Effect as Does;
use goxel_daemon::client::{Effect, effect_of};
use goxel_daemon::rpc::table;

#[test]
fn no_method_that_changes_something_is_taken_for_a_read() {
    let mut reads = 0;
    for entry in table::entries() {
        let method = &entry.method;
        for name in [method.name].iter().chain(method.aliases) {
            if effect_of(name) == Effect::Read {
                reads += 1;
                let harmless = matches!(method.effect, Does::Answer | Does::Read);
                assert!(harmless, "{name} is {}", method.effect.name());
            }
        }
    }
    assert!(reads > 5);
}
