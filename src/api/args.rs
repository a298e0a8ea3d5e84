//! The params of one call, by position or by name, before they have types.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::json::{Elements, MOST_MEMBERS, Members};
use super::notes::{note, note_unknown};
use super::param_error::{COUNTED_POSITIONS, counted};
pub use super::param_error::{ParamError, shown};
use crate::likeness::nearest;

/// Surplus positions that are noted one by one.
const NOTED_POSITIONS: usize = 4;

/// What is said of a position behind all that are known.
fn surplus(index: usize, known: usize) -> String {
    let known = match known {
        0 => "none".to_owned(),
        1 => "the first".to_owned(),
        known => format!("the first {known}"),
    };
    format!("params[{index}] is not known here; known: {known}")
}

struct Member<'a> {
    name: Cow<'a, str>,
    value: &'a str,
    used: bool,
}

enum Form<'a> {
    Positional(Positions<'a>),
    Named(Vec<Member<'a>>),
}

/// Params by position, cut out of the text one after another as they are taken.
struct Positions<'a> {
    rest: Elements<'a>,
    /// The next value, looked at and not taken yet.
    peeked: Option<&'a str>,
    /// Values in another order, to be taken before the rest; the last one first.
    reordered: Vec<&'a str>,
    taken: usize,
}

impl<'a> Positions<'a> {
    fn peek(&mut self) -> Option<&'a str> {
        if let Some(value) = self.reordered.last() {
            return Some(value);
        }
        if self.peeked.is_none() {
            self.peeked = self.rest.next();
        }
        self.peeked
    }

    fn take(&mut self) -> Option<&'a str> {
        self.taken += 1;
        self.reordered.pop().or_else(|| self.peeked.take()).or_else(|| self.rest.next())
    }

    /// Leaves out whatever was not taken.
    fn skip_rest(&mut self) {
        (self.rest, self.peeked) = (Elements::new(""), None);
        self.reordered.clear();
    }

    /// How many were not taken, or some number over [`COUNTED_POSITIONS`].
    fn count_rest(&mut self) -> usize {
        let ahead = self.reordered.len() + usize::from(self.peeked.is_some());
        ahead + self.rest.by_ref().take(COUNTED_POSITIONS + 1).count()
    }
}

/// Room for the members of a usual call.
const USUAL_MEMBERS: usize = 8;

/// The members of an object, as far as they are read.
fn members(text: &str) -> Vec<Member<'_>> {
    let mut members = Vec::with_capacity(USUAL_MEMBERS);
    let all = Members::new(text).take(MOST_MEMBERS + 1);
    members.extend(all.map(|(name, value)| Member { name, value, used: false }));
    members
}

/// The error for params that nobody reads.
fn too_many_members() -> ParamError {
    let message = format!("Invalid params: an object with more than {MOST_MEMBERS} members");
    ParamError::rule("params", message)
}

/// The params of one call. Each is taken once, in the order of the method's description.
pub struct Args<'a> {
    text: Option<&'a str>,
    form: Form<'a>,
}

impl<'a> Args<'a> {
    /// From the raw text of `params`: a valid JSON array or object; absent and `null` are the same.
    /// Anything else gives `None`.
    pub fn new(params: Option<&'a str>) -> Option<Self> {
        let form = match params.map(|text| (text, text.as_bytes().first())) {
            None | Some(("null", _)) => Form::Named(Vec::new()),
            Some((text, Some(b'['))) => Form::Positional(Positions {
                rest: Elements::new(text),
                peeked: None,
                reordered: Vec::new(),
                taken: 0,
            }),
            Some((text, Some(b'{'))) => Form::Named(members(text)),
            Some(_) => return None,
        };
        Some(Args { text: params.filter(|&text| text != "null"), form })
    }

    /// Whether the params came by position.
    pub fn is_positional(&self) -> bool {
        matches!(self.form, Form::Positional(_))
    }

    /// The next value by position, without taking it; `None` with named params or behind the last.
    pub fn peek(&mut self) -> Option<&'a str> {
        match &mut self.form {
            Form::Positional(positions) => positions.peek(),
            Form::Named(_) => None,
        }
    }

    /// The next `N` values by position, or at least `least` if they are the last: how many, and the
    /// values. All of them must be whole numbers in plain digits and in a range; otherwise nothing
    /// is taken.
    pub fn take_whole<const N: usize>(
        &mut self,
        least: usize,
        range: &RangeInclusive<i64>,
    ) -> Option<(usize, [i64; N])> {
        let Form::Positional(positions) = &mut self.form else { return None };
        if positions.peeked.is_some() || !positions.reordered.is_empty() {
            return None;
        }
        let mut rest = positions.rest.clone();
        let (mut count, mut numbers) = (0, [0; N]);
        while count < N {
            match rest.next_whole().filter(|number| range.contains(number)) {
                Some(number) => numbers[count] = number,
                None if count >= least && rest.is_at_end() => break,
                None => return None,
            }
            count += 1;
        }
        positions.rest = rest;
        positions.taken += count;
        Some((count, numbers))
    }

    /// The next value by position.
    pub fn take_next(&mut self) -> Option<&'a str> {
        match &mut self.form {
            Form::Positional(positions) => positions.take(),
            Form::Named(_) => None,
        }
    }

    /// Puts params by position into another order: `order[i]` is the index of the new i-th one. A
    /// position that was not given counts as `null`, and so does `usize::MAX`.
    pub fn reorder(&mut self, order: &[usize]) {
        if let Form::Positional(positions) = &mut self.form {
            let taken = positions.taken;
            let places = order.iter().filter(|&&index| index < usize::MAX);
            let most = places.max().map_or(0, |last| last + 1);
            let given: Vec<_> = std::iter::from_fn(|| positions.take()).take(most).collect();
            for index in most..most + positions.count_rest().min(NOTED_POSITIONS) {
                note(surplus(index, most));
            }
            positions.skip_rest();
            positions.taken = taken;
            let new = order.iter().rev().map(|&index| given.get(index).copied().unwrap_or("null"));
            positions.reordered = new.collect();
        }
    }

    /// Everything that was given, as one raw text; `None` if nothing was.
    pub fn take_all(&mut self) -> Option<&'a str> {
        match &mut self.form {
            Form::Positional(positions) => positions.skip_rest(),
            Form::Named(members) => members.iter_mut().for_each(|member| member.used = true),
        }
        self.text
    }

    /// The value of a named param. Of duplicate names the last one counts.
    pub fn named(&mut self, name: &str) -> Option<&'a str> {
        let Form::Named(members) = &mut self.form else { return None };
        let mut value = None;
        for member in members.iter_mut().filter(|member| member.name == name) {
            member.used = true;
            value = Some(member.value);
        }
        value
    }

    /// The first of several names for one param that was given, as (name, value). All of them count
    /// as used.
    pub fn first_named(&mut self, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
        let Form::Named(members) = &mut self.form else { return None };
        let mut first: Option<(usize, &'static str)> = None;
        let mut other: Option<(usize, &'static str)> = None;
        for (index, member) in members.iter_mut().enumerate() {
            if let Some(&name) = names.iter().find(|&&name| member.name == name) {
                member.used = true;
                // The first name given wins; of one name given twice the last value wins.
                match first {
                    Some((_, earlier)) if earlier != name => other = Some((index, name)),
                    _ => first = Some((index, name)),
                }
            }
        }
        let (index, name) = first?;
        if let Some((second, synonym)) = other
            && members[second].value != members[index].value
        {
            note(format!("'{synonym}' is the same as '{name}', which was given too and was used"));
        }
        Some((name, members[index].value))
    }

    /// One param: the next position, or the first of its names. `null` counts as absent.
    pub fn take(&mut self, names: &[&'static str]) -> Option<&'a str> {
        let value = match self.form {
            Form::Positional(_) => self.take_next(),
            Form::Named(_) => self.first_named(names).map(|(_, value)| value),
        };
        value.filter(|&value| value != "null")
    }

    /// Tells of a missing param under which name it seems to have been given.
    pub fn explain(&self, error: ParamError) -> ParamError {
        if self.has_too_many() {
            return too_many_members();
        }
        let (ParamError::Missing { param, expected }, Form::Named(members)) = (&error, &self.form)
        else {
            return error;
        };
        let unused = || members.iter().filter(|member| !member.used);
        let like = nearest(param, unused().map(|member| &*member.name)).map(shown);
        match like {
            None => match unused().next().map(|member| shown(&member.name)) {
                None => error,
                Some(other) => {
                    ParamError::Foreign { param: param.clone(), other, expected: expected.clone() }
                }
            },
            Some(given) => {
                let (param, expected) = (param.clone(), expected.clone());
                ParamError::Misnamed { param, given, expected }
            }
        }
    }

    /// Whether there are so many names that not all were read. That matters to nobody who takes
    /// them all as one text.
    fn has_too_many(&self) -> bool {
        let Form::Named(members) = &self.form else { return false };
        members.len() > MOST_MEMBERS && members.last().is_some_and(|last| !last.used)
    }

    /// Refuses params with so many names that not all were read.
    pub fn check_count(&self) -> Result<(), ParamError> {
        if self.has_too_many() { Err(too_many_members()) } else { Ok(()) }
    }

    /// Notes what nobody has taken, for methods that carry out the rest; `known` gives the names
    /// that there are.
    pub fn note_rest(&mut self, known: impl FnOnce() -> Vec<&'static str>) {
        match &mut self.form {
            Form::Positional(positions) => {
                let taken = positions.taken;
                let rest = positions.count_rest();
                for index in (taken..taken + rest).take(NOTED_POSITIONS) {
                    note(surplus(index, taken));
                }
                if rest > NOTED_POSITIONS {
                    note(format!("there are {} params, {taken} are known", counted(taken + rest)));
                }
            }
            Form::Named(members) => {
                let unused = || members.iter().filter(|member| !member.used);
                if unused().next().is_some() {
                    let known = known();
                    unused().for_each(|member| note_unknown("", &member.name, &known));
                }
            }
        }
    }

    /// Refuses what nobody has taken; `known` gives the names that there are, for the message.
    pub fn finish(&mut self, known: impl FnOnce() -> Vec<&'static str>) -> Result<(), ParamError> {
        match &mut self.form {
            Form::Positional(positions) => {
                let most = positions.taken;
                match positions.count_rest() {
                    0 => Ok(()),
                    rest => Err(ParamError::Surplus { most, got: most + rest }),
                }
            }
            Form::Named(members) => match members.iter().find(|member| !member.used) {
                None => Ok(()),
                Some(member) => {
                    let known = known();
                    Err(ParamError::Unknown {
                        nearest: nearest(&member.name, known.iter().copied()),
                        param: shown(&member.name),
                        known,
                    })
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_duplicate_names_the_last_one_counts_and_of_synonyms_the_first() {
        let mut args = Args::new(Some(r#"{"path":1,"file_path":2,"path":3}"#)).unwrap();
        assert_eq!(args.first_named(&["file_path", "path"]), Some(("path", "3")));
    }

    #[test]
    fn what_nobody_takes_is_named_with_its_nearest_neighbour() {
        let mut args = Args::new(Some(r#"{"width":1,"heigth":2}"#)).unwrap();
        args.named("width");
        let error = args.finish(|| vec!["width", "height"]).unwrap_err();
        assert_eq!(error.to_string(), "Unknown parameter 'heigth'; did you mean 'height'?");
    }

    #[test]
    fn surplus_positions_are_counted_as_far_as_somebody_reads_it() {
        for (count, told) in [(3, "got 3"), (1000, "got 1000"), (5000, "got more than 1000")] {
            let text = format!("[{}]", vec!["1"; count].join(","));
            let mut args = Args::new(Some(&text)).unwrap();
            args.take_next();
            let error = args.finish(Vec::new).unwrap_err().to_string();
            assert!(error.ends_with(told), "{error}");
            let mut args = Args::new(Some(&text)).unwrap();
            assert_eq!(args.take_all(), Some(&*text));
            assert_eq!(args.finish(Vec::new), Ok(()));
        }
    }

    #[test]
    fn scalars_are_no_params() {
        assert!(Args::new(Some("5")).is_none());
        assert!(Args::new(Some("null")).is_some());
    }
}
