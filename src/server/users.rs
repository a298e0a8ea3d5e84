//! Users and groups by name, from the system's own lists.
//!
//! Names that only a directory service knows are not found here; their numbers work.

use std::fs;

/// The list of users.
const USERS: &str = "/etc/passwd";
/// The list of groups.
const GROUPS: &str = "/etc/group";

/// A user, and the group that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's number.
    pub id: u32,
    /// The number of its first group, where the list tells.
    pub group: Option<u32>,
    /// Its directory, where the list tells.
    pub home: Option<String>,
}

/// A user by name or number.
pub fn user(text: &str) -> Result<User, String> {
    let number = text.parse::<u32>().ok();
    let is_meant = |fields: &[&str]| match number {
        Some(_) => fields.get(2).and_then(|id| id.parse().ok()) == number,
        None => fields.first() == Some(&text),
    };
    let listed = entry(USERS, is_meant);
    match (listed, number) {
        (Ok(Some(fields)), _) => match field(&fields, 2) {
            Some(id) => Ok(User { id, group: field(&fields, 3), home: fields.get(5).cloned() }),
            None => Err(format!("{USERS} has no number for {text}")),
        },
        (_, Some(id)) => Ok(User { id, group: None, home: None }),
        (Ok(None), None) => Err(no_such("user", text, USERS)),
        (Err(problem), None) => Err(problem),
    }
}

/// A group by name or number.
pub fn group(text: &str) -> Result<u32, String> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let fields = entry(GROUPS, |fields| fields.first() == Some(&text))?;
    fields.and_then(|fields| field(&fields, 2)).ok_or_else(|| no_such("group", text, GROUPS))
}

fn no_such(what: &str, text: &str, list: &str) -> String {
    format!("there is no {what} {text} in {list}; give its number")
}

fn field(fields: &[String], place: usize) -> Option<u32> {
    fields.get(place)?.parse().ok()
}

fn entry(list: &str, is_meant: impl Fn(&[&str]) -> bool) -> Result<Option<Vec<String>>, String> {
    let text = fs::read_to_string(list).map_err(|error| format!("{list}: {error}"))?;
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = lines.find(|fields| is_meant(fields));
    Ok(found.map(|fields| fields.into_iter().map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_by_name_and_by_number() {
        assert_eq!(user("root").map(|user| user.id), Ok(0));
        assert_eq!(user("0").map(|user| user.id), Ok(0));
        assert_eq!(user("4000000").map(|user| user.id), Ok(4_000_000));
        assert_eq!(group("0"), Ok(0));
        let error = user("no such user").unwrap_err();
        assert!(error.contains("there is no user no such user"), "{error}");
        assert!(group("no such group").is_err());
    }
}
