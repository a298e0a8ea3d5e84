//! `goxel.execute_script`.

use std::borrow::Cow;

use super::super::macros::{method, params, result};

params! {
    /// A script.
    pub struct ExecuteScriptParams<'a> {
        /// Its text.
        script | "code": Option<Cow<'a, str>>,
        /// The file that holds it, instead of the text.
        path | "file_path": Option<Cow<'a, str>>,
        /// What errors call it.
        name: Option<Cow<'a, str>>,
        /// Milliseconds that it may run; 0 or less, or above 300000, means 30000.
        timeout_ms: i32 = "30000",
    }
}

result! {
    /// How the script ended.
    pub struct ExecuteScriptResult {
        /// Whether it ended well.
        success: bool,
        /// 0, or -1 if it failed.
        code: i32,
        /// The same in words.
        message: String,
    }
}

method! {
    /// Runs a script. This build has no script engine: the call answers with error 1005.
    ExecuteScript = "goxel.execute_script" | "script.execute",
    ExecuteScriptParams<'a> -> ExecuteScriptResult,
    effect: Edit, lenient: true,
    by_position: "", by_name: r#"{"script":"goxel.addVoxel(0, 0, 0)","timeout_ms":1000}"#,
    errors: [1005],
}
