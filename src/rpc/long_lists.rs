//! Long lists of operations and voxels, typed in slices.
//!
//! A list of up to [`LONG`] bytes is typed where it lies in the message, which takes less than a slice. A longer one
//! is copied first, since the message gives its place up, and then typed piece by piece. What is found wrong in it
//! is told in the same words.

use crate::api::bulk::VoxelEntries;
use crate::api::json::{Elements, Members, string};
use crate::api::operations::forms::VoxelsFields;
use crate::api::operations::values::{VoxelList, no_voxel};
use crate::api::operations::{Form, Operation, OperationError, operation, read_operation};
use crate::job::{Budget, Job, Progress, Step, leftovers};

/// Bytes of a list from which on it is typed in slices.
pub(super) const LONG: usize = 1 << 16;
/// Voxels typed in one unit of work.
const VOXELS_A_UNIT: usize = 256;

/// A JSON array, element by element.
pub(super) struct LongArray {
    text: String,
    at: usize,
    /// How many elements were taken.
    taken: usize,
}

impl LongArray {
    /// Of a valid JSON array without blanks before it.
    pub(super) fn new(array: &str) -> Self {
        LongArray { text: array.to_owned(), at: 0, taken: 0 }
    }

    fn elements(&self) -> Elements<'_> {
        match self.at {
            0 => Elements::new(&self.text),
            at => Elements::resume(&self.text, at),
        }
    }

    /// The next element and its number.
    pub(super) fn next(&mut self) -> Option<(usize, &str)> {
        let mut elements = self.elements();
        let length = elements.next()?.len();
        let (end, index) = (elements.offset(), self.taken);
        (self.at, self.taken) = (end, index + 1);
        Some((index, &self.text[end - length..end]))
    }

    /// A guess at how many voxels there are, to make room for them: a list that grows is copied.
    pub(super) fn voxels_about(&self) -> usize {
        VoxelEntries::new(&self.text).capacity()
    }

    /// Some more voxels, with the number of the first; `None` at the end.
    pub(super) fn next_voxels(&mut self) -> Option<(usize, VoxelEntries<'_>)> {
        let mut elements = self.elements();
        let count = elements.by_ref().take(VOXELS_A_UNIT).count();
        let (start, end, first) = (self.at, elements.offset(), self.taken);
        (self.at, self.taken) = (end, first + count);
        // A piece begins with the array's bracket or with a comma.
        (count > 0).then(|| (first, VoxelEntries::new(&self.text[start..end])))
    }

    /// How many bytes of it are read.
    pub(super) fn progress(&self) -> Progress {
        Progress { done: self.at as u64, total: self.text.len() as u64 }
    }
}

impl Drop for LongArray {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.text).into_bytes());
    }
}

/// A list of operations.
pub(super) struct ReadOperations {
    array: LongArray,
    operations: Vec<Operation>,
    /// Lists of the last operation that are not typed yet.
    lists: Vec<(&'static str, LongArray)>,
}

impl ReadOperations {
    pub(super) fn new(array: &str) -> Self {
        ReadOperations { array: LongArray::new(array), operations: Vec::new(), lists: Vec::new() }
    }

    /// One unit of work; false if there was none left.
    fn advance(&mut self) -> Result<bool, OperationError> {
        if self.lists.is_empty() {
            return self.next_operation();
        }
        self.next_voxels().map_err(|error| OperationError {
            index: self.operations.len() - 1,
            op: operation("voxels"),
            error,
        })?;
        Ok(true)
    }

    fn next_operation(&mut self) -> Result<bool, OperationError> {
        let Some((index, raw)) = self.array.next() else { return Ok(false) };
        let split = (raw.len() > LONG).then(|| without_long_lists(raw)).flatten();
        let (rest, lists) = match &split {
            Some((rest, lists)) => (rest.as_str(), lists.as_slice()),
            None => (raw, [].as_slice()),
        };
        let lists = lists.iter().map(|(name, list)| (*name, LongArray::new(list))).collect();
        let read = read_operation(rest, |_| None);
        let read = read.map_err(|(op, error)| OperationError { index, op, error })?;
        self.operations.push(read);
        self.lists = lists;
        Ok(true)
    }

    /// Types some voxels of the list that is next.
    fn next_voxels(&mut self) -> Result<(), crate::api::ParamError> {
        let (Some((name, list)), Some(operation)) =
            (self.lists.first_mut(), self.operations.last_mut())
        else {
            return Ok(());
        };
        let Form::Voxels(VoxelsFields { points, voxels }) = &mut operation.form else {
            return Ok(());
        };
        let VoxelList(typed) = if *name == "points" { points } else { voxels };
        let about = list.voxels_about();
        let Some((first, entries)) = list.next_voxels() else {
            self.lists.remove(0);
            return Ok(());
        };
        typed.reserve(if typed.is_empty() { about } else { 0 });
        for (index, entry) in entries.enumerate() {
            typed.push(entry.map_err(|got| no_voxel(name, first + index, got))?);
        }
        Ok(())
    }
}

/// A part of a text that is a list, with the name of the field.
type NamedList<'a> = (&'static str, &'a str);

/// An operation that puts voxels, with empty lists in the place of long ones, and those; `None` if it is another
/// operation, or one that is not understood.
fn without_long_lists(raw: &str) -> Option<(String, Vec<NamedList<'_>>)> {
    let members: Vec<_> = Members::new(raw).collect();
    let mut names = members.iter().filter(|(name, _)| name == "op" || name == "type");
    if string(names.next()?.1)? != "voxels" || names.next().is_some() {
        return None;
    }
    let (mut rest, mut lists) = (String::from("{"), Vec::new());
    for (name, value) in members {
        let field = ["points", "voxels"].into_iter().find(|field| *field == name);
        let value = match field {
            Some(field) if value.len() > LONG && value.starts_with('[') => {
                lists.push((field, value));
                "[]"
            }
            _ => value,
        };
        let comma = if rest.len() > 1 { "," } else { "" };
        rest.push_str(&format!("{comma}{}:{value}", serde_json::Value::from(&*name)));
    }
    rest.push('}');
    let is_twice = lists.len() == 2 && lists[0].0 == lists[1].0 || lists.len() > 2;
    (!is_twice).then_some((rest, lists))
}

impl Job for ReadOperations {
    type Output = Result<Vec<Operation>, OperationError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        loop {
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return Step::Done(Ok(std::mem::take(&mut self.operations))),
                Err(error) => return Step::Done(Err(error)),
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        self.array.progress()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operations::read_operations;

    /// A list of operations with long lists of voxels in it, and others between them.
    fn text(voxels: usize) -> String {
        let points: Vec<String> = (0..voxels).map(|n| format!("[{n}, {},-3]", n % 7)).collect();
        let colored: Vec<String> =
            (0..voxels).map(|n| format!("[[{n},1,2] ,[{},0,9]]", n % 255)).collect();
        let (points, colored) = (points.join(","), colored.join(" , "));
        format!(
            "[ {{\"op\":\"box\",\"min\":[0,0,0],\"max\":[1,1,1],\"color\":\"red\"}} , \
             {{\"points\":[{points}],\"op\":\"voxels\",\"color\":\"#fff\",\"voxels\": [{colored}]}},\
             {{\"op\":\"voxels\",\"voxels\":[[1,2,3,\"a\\u0062c, ]\"]],\"points\":[{points}]}},\
             {{\"op\":\"line\",\"points\":[{points}],\"color\":\"red\"}}]"
        )
    }

    fn in_slices(text: &str) -> (Result<Vec<Operation>, OperationError>, usize) {
        let (mut job, mut slices) = (ReadOperations::new(text), 1);
        loop {
            match job.step(&mut Budget::units(1)) {
                Step::Done(operations) => return (operations, slices),
                Step::More => slices += 1,
            }
        }
    }

    #[test]
    fn what_is_typed_in_slices_is_what_is_typed_at_once() {
        let text = text(9000).replace("\"a\\u0062c, ]\"", "\"#0f0\"");
        let (operations, slices) = in_slices(&text);
        let whole = read_operations(&text, |_| None).expect("it is right");
        let show = |operations: &[Operation]| {
            let lists = |form: &Form| match form {
                Form::Voxels(fields) => format!("{:?} {:?}", fields.points, fields.voxels),
                Form::Line(fields) => format!("{:?}", fields.points),
                form => form.name().to_owned(),
            };
            let shown = operations.iter().map(|o| format!("{} {:?}", lists(&o.form), o.color));
            shown.collect::<Vec<_>>()
        };
        assert_eq!(show(&operations.expect("it is right")), show(&whole));
        assert!(slices > 100, "{slices}");
    }

    #[test]
    fn what_is_wrong_is_told_in_the_same_words() {
        let good = text(9000).replace("\"a\\u0062c, ]\"", "\"#0f0\"");
        for (from, to) in [("[8000, ", "[\"x\", "), ("#fff", "#ffq"), ("\"line\"", "\"lines\"")] {
            let bad = good.replacen(from, to, 1);
            let told = |error: OperationError| {
                (error.index, error.op.map(|op| op.name), error.error.to_string())
            };
            let expected = read_operations(&bad, |_| None).map_err(told);
            assert!(expected.is_err(), "{from}");
            assert_eq!(in_slices(&bad).0.map(|_| ()).map_err(told), expected.map(|_| ()), "{from}");
        }
    }
}
