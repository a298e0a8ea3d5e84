//! Scripts.

use std::borrow::Cow;

use super::super::macros::{method, params, result};
use super::super::value::Raw;
use super::super::words::words;
use super::edit::BoxResult;

words! {
    /// What is done with the changes of a script if the project was changed meanwhile.
    pub enum OnConflict {
        /// Nothing: error 1003.
        Error = "error",
        /// They are put in place if nobody else changed the same blocks of 16x16x16 voxels, or the
        /// same settings.
        Rebase = "rebase",
    }
}

params! {
    /// A script.
    pub struct ExecuteScriptParams<'a> {
        /// Its text, in JavaScript.
        script | "code": Option<Cow<'a, str>>,
        /// The file that holds it, instead of the text.
        path | "file_path": Option<Cow<'a, str>>,
        /// What errors call it; without script and path, the saved script to run.
        name: Option<Cow<'a, str>>,
        /// Milliseconds that it may run; 0 or less, or above 300000, means 30000.
        timeout_ms: Option<i32>,
        /// What it finds as `params`.
        params | "arguments" | "args": Option<Raw<'a>>,
        /// Where its Math.random begins: the same seed, the same model.
        seed: u64 = "0",
        /// Whether it may see the clock; else it is always the beginning of the year 2000.
        allow_time: bool = "false",
        /// true only tells what would change.
        dry_run: bool = "false",
        /// Refuse to run it unless the project is at this revision.
        expected_revision: Option<u64>,
        /// What is done with its changes if the project was changed meanwhile.
        on_conflict: OnConflict = "\"error\"",
    }
}

result! {
    @derive(Clone, Debug)
    /// Where a script failed, and why.
    pub struct ScriptFailure {
        /// Why.
        message: String,
        /// The script.
        file: String,
        /// The line, from 1; 0 if nobody knows.
        line: u32,
        /// The column, from 1; 0 if nobody knows.
        column: u32,
        /// The text of that line; empty if it is of a file whose name does not end in .js or .mjs.
        text: String,
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
        /// The value of its last expression, or what it exports by default, if that has a form in
        /// JSON.
        result: Option<serde_json::Value>,
        /// What it wrote with console.log.
        output: String,
        /// Voxels that it changed.
        changed: u64,
        /// The box around them, if there are any.
        r#box as "box": Option<BoxResult>,
        /// Revision of the project.
        revision: u64,
        /// How long it took.
        seconds: f64,
        /// Bytes that its values took at the end.
        memory: u64,
        /// Why it failed, if it did. Then nothing was changed.
        error: Option<ScriptFailure>,
    }
}

method! {
    /// Runs a script in JavaScript on a copy of the project; what it changed comes back as one undo
    /// step. Other calls go on meanwhile. A script that throws changes nothing and answers
    /// `success: false`.
    ExecuteScript = "goxel.execute_script" | "script.execute",
    ExecuteScriptParams<'a> -> ExecuteScriptResult,
    effect: Edit, lenient: true,
    by_position: "", by_name: r#"{"script":"sphere({center: [0, 0, 8], radius: params.r, color: 'gold'}).changed","params":{"r":4}}"#,
    errors: [-1002, 1003, 1005],
}

result! {
    @derive(Clone, Debug, Default)
    /// Scripts: how many run, and what their processes give up.
    pub struct ScriptHealth {
        /// Scripts that run.
        running: usize,
        /// Scripts that wait for others to end.
        waiting: usize,
        /// Scripts that run at once at most.
        max: usize,
        /// Blocks of 16x16x16 voxels that scripts got to read since the start: each reads what it
        /// needs.
        blocks_read: u64,
        /// Their processes get no more rights by starting programs.
        no_new_privs: bool,
        /// Their system calls are filtered.
        seccomp: bool,
        /// They can open no file.
        landlock: bool,
    }
}

params! {
    /// Nothing.
    pub struct ListScriptsParams {}
}

params! {
    /// A saved script.
    pub struct ScriptNameParams<'a> {
        /// Its name.
        name | "script": Cow<'a, str>,
    }
}

params! {
    /// A script to be kept.
    pub struct SaveScriptParams<'a> {
        /// What it is to be called: small letters, digits, - and _.
        name: Cow<'a, str>,
        /// Its text.
        script | "code": Cow<'a, str>,
        /// Whether it may replace one of the same name.
        overwrite: bool = "false",
    }
}

result! {
    /// A param of a script, as its first comment tells.
    pub struct ScriptParam {
        /// Its name.
        name: String,
        /// Its type.
        r#type as "type": String,
        /// What is taken if it is not given.
        default: Option<String>,
        /// What it is.
        description: String,
    }
}

result! {
    /// A script that can be run by its name.
    pub struct ListedScript {
        /// Its name.
        name: String,
        /// What it does, as its first comment tells.
        description: String,
        /// What it takes.
        params: Vec<ScriptParam>,
        /// Where it comes from: "bundled" (with the program) or "user".
        origin: &'static str,
        /// Its length.
        bytes: usize,
    }
}

result! {
    /// The scripts that can be run by their names.
    pub struct ScriptList {
        /// How many there are.
        count: usize,
        /// The scripts, by name.
        scripts: Vec<ListedScript>,
        /// The directory of the user's own.
        directory: Option<String>,
    }
}

result! {
    /// A script and its text.
    pub struct ScriptText {
        /// Its name.
        name: String,
        /// Its text.
        script: String,
        /// What it does, as its first comment tells.
        description: String,
        /// What it takes.
        params: Vec<ScriptParam>,
        /// Where it comes from: "bundled" (with the program) or "user".
        origin: &'static str,
    }
}

result! {
    /// What was kept.
    pub struct SavedScript {
        /// Always true.
        success: bool,
        /// Its name.
        name: String,
        /// Where it is kept.
        path: String,
        /// What it does, as its first comment tells.
        description: String,
        /// What it takes.
        params: Vec<ScriptParam>,
    }
}

result! {
    /// What was deleted.
    pub struct DeletedScript {
        /// Always true.
        success: bool,
        /// Its name.
        name: String,
    }
}

method! {
    /// Lists the scripts that goxel.execute_script runs by their names, with what they do and take.
    ListScripts = "goxel.list_scripts",
    ListScriptsParams -> ScriptList,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
    errors: [-1002, 1005],
}

method! {
    /// Tells the text of a script by its name.
    GetScript = "goxel.get_script",
    ScriptNameParams<'a> -> ScriptText,
    effect: Answer, lenient: false,
    by_position: r#"["terrain"]"#, by_name: r#"{"name":"terrain"}"#,
    errors: [-1002, 1005],
}

method! {
    /// Keeps a script under a name, for goxel.execute_script, in the user's directory. Its first
    /// comment tells what it does and takes, as JSDoc has it.
    SaveScript = "goxel.save_script",
    SaveScriptParams<'a> -> SavedScript,
    effect: Server, lenient: false,
    by_position: r#"["hill","/** Draws a hill. */ sphere({center: [0, 0, 0], radius: 8, color: 'green'})",true]"#,
    by_name: r#"{"name":"hill","script":"/** Draws a hill.\n * @param {number} [radius=8] - how large\n */\nsphere({center: [0, 0, 0], radius: params.radius, color: 'green'})","overwrite":true}"#,
    errors: [-1003, 1005],
}

method! {
    /// Deletes a script that was saved. Those that come with the program stay.
    DeleteScript = "goxel.delete_script",
    ScriptNameParams<'a> -> DeletedScript,
    effect: Server, lenient: false,
    by_position: "", by_name: r#"{"name":"hill"}"#,
    errors: [-1003, 1005],
}
