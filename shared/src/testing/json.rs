//! JSON as tests make and read it: an object with other members, and one member of each object in a list.

use serde_json::Value;

/// The same object with other members.
///
/// # Panics
/// When one of them is no object.
#[must_use]
pub fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("members are an object")
    };
    object.as_object_mut().expect("an object").extend(more);
    object
}

/// This member of each object in a list, as text.
///
/// # Panics
/// When there is no list, or one has no such member.
#[must_use]
pub fn strings(list: &Value, member: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|item| item[member].as_str().expect("text").to_owned())
        .collect()
}

/// This member of each object in a list, as numbers.
///
/// # Panics
/// When there is no list, or one has no such member.
#[must_use]
pub fn numbers(list: &Value, member: &str) -> Vec<i64> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|item| item[member].as_i64().expect("a number"))
        .collect()
}
