//! Random scripts, of text as it comes and of pieces that scripts are made of: each comes to its
//! end in its time, and the engine takes no harm. It runs in this process, so that what leads it to
//! new places is seen.

#![no_main]

use std::time::Duration;

use goxel_daemon::script_worker::try_here;
use libfuzzer_sys::fuzz_target;

/// What most scripts are made of.
const PIECES: [&str; 96] = [
    "setAt(1,2,3,'red')", "getAt(", "setAt(", ")", "(", "{", "}", "[", "]", ";", ",", ".", "=>", "=", "+", "...", "?.", "??",
    "for(let i=0;i<9;i++)", "while(x)", "let x=", "var y=", "x", "y", "i", "0", "-1", "1e999", "NaN", "2147483648", "'#12345'",
    "'red'", "`${x}`", "null", "undefined", "true", "[1,2,3]", "{x:1,y:2,z:3}", "Symbol.iterator", "goxel.image", ".layers",
    ".activeLayer", ".volume", ".iter((a,c)=>", ".copy()", ".clear()", ".assign(", ".fill(", ".box", ".count", ".isEmpty",
    "new Volume()", "new Volume(", "new Box(", "new Vec(", "new Layer(1)", ".addLayer(", ".remove()", ".duplicate()",
    ".selectionBox", "goxel.palette", "goxel.call(", "'goxel.edit'", "goxel.edit([{op:'box',min:[0,0,0],max:[3,3,3]}])",
    "box({min:[0,0,0],max:[9,9,9],color:'gold'})", "sphere({center:[0,0,0],radius:", "hollow({})", "measure({})", "find(",
    "raycast(", "fbm(1,2,3)", "valueNoise(", "progress(", "console.log(", "params", "await ", "async ", "function f()", "f()",
    "export default ", "throw ", "try{", "}catch(e){}", "Math.random()", "new Date()", "Object.prototype.get=", "__proto__",
    "toJSON", "get x(){return ", "new Proxy(", "Reflect.ownKeys(", "/(a+)+$/.test('aaaaaaaaaaaaaaaaaa!')", "goxel.registerScript(",
    "new Uint8Array(1e5)", "'a'.repeat(", "\n",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let script = match first & 3 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        _ => rest.iter().map(|byte| PIECES[usize::from(*byte) % PIECES.len()]).collect(),
    };
    try_here(&script, Duration::from_millis(100), 16 << 20);
});
