//! The chain of a Python text, turned round: the raised exception first, and its innermost frame.

use std::collections::VecDeque;

use super::super::lines::Lines;
use super::super::python::{Part, Reader};
use super::{EXCEPTIONS_MAX, Exception, FRAMES_MAX, Relation, StackFrame, add_to_title};

/// A Python exception as printed: what came before it, and the members if it is a group.
#[derive(Default)]
struct PythonException {
    title: String,
    frames: VecDeque<StackFrame>,
    /// How the exception printed before this one relates to it.
    earlier: Option<Relation>,
    members: Vec<Vec<PythonException>>,
}

impl PythonException {
    fn into_exception(self, relation: Option<Relation>) -> Exception {
        Exception {
            title: self.title,
            relation,
            frames: self.frames.into_iter().rev().collect(),
        }
    }
}

/// Python prints the oldest exception first and the innermost frame last: all is turned round.
pub(super) fn read_chain(text: &str, message: &str) -> Vec<Exception> {
    let mut reader = Reader::default();
    let mut printed: VecDeque<PythonException> = VecDeque::new();
    let mut follows = None;
    let mut above = "";
    for line in Lines::new(text, message) {
        let part = if line.quoted {
            Part::Message(line.body)
        } else {
            reader.take(&line)
        };
        if let Part::CauseFollows | Part::ContextFollows = part {
            follows = Some(if matches!(part, Part::CauseFollows) {
                Relation::Cause
            } else {
                Relation::Context
            });
            continue;
        }
        if printed.is_empty() {
            match part {
                Part::Outside => above = line.body,
                // A group that was raised again: its title is all that there is of it.
                Part::Member => {
                    let title = above.trim_start_matches(['|', ' ']).to_owned();
                    printed.push_back(PythonException {
                        title,
                        ..PythonException::default()
                    });
                }
                _ => {}
            }
        }
        let is_child = matches!(part, Part::Header { child: true } | Part::BareTitle(_));
        let begins = is_child
            || matches!(part, Part::Header { .. })
            || printed.is_empty() && matches!(part, Part::Frame(_));
        if begins {
            let new = PythonException {
                earlier: follows.take(),
                ..PythonException::default()
            };
            match printed.back_mut() {
                Some(group) if is_child => match group.members.last_mut() {
                    Some(member) if member.len() < EXCEPTIONS_MAX => member.push(new),
                    _ => {}
                },
                _ => {
                    printed.push_back(new);
                    // The raised exception comes last, so it is the oldest that are let go.
                    if printed.len() > EXCEPTIONS_MAX {
                        printed.pop_front();
                    }
                }
            }
        }
        let Some(group) = printed.back_mut() else { continue };
        if let Part::Member = part {
            if group.members.len() < EXCEPTIONS_MAX {
                group.members.push(Vec::new());
            }
            continue;
        }
        let current = match group.members.last_mut() {
            Some(member) if !member.is_empty() => member.last_mut(),
            _ => Some(group),
        };
        if let Some(current) = current {
            take_part(current, part);
        }
    }
    flatten(printed.into())
}

/// Adds what a line says to the exception being read.
fn take_part(current: &mut PythonException, part: Part<'_>) {
    match part {
        Part::Frame(frame) => {
            current.frames.push_back(frame.into());
            if current.frames.len() > FRAMES_MAX {
                current.frames.pop_front();
            }
        }
        Part::Detail(body) => {
            let Some(frame) = current.frames.back_mut() else {
                return;
            };
            if let Some(rest) = body.strip_prefix("[Previous line repeated ") {
                frame.repeats = rest
                    .split(' ')
                    .next()
                    .and_then(|count| count.parse().ok())
                    .unwrap_or(0);
            } else if frame.context_line.is_none() && !body.is_empty() {
                frame.context_line = Some(body.to_owned());
            }
        }
        Part::Title(body) | Part::Message(body) | Part::BareTitle(body) => {
            add_to_title(&mut current.title, body)
        }
        _ => {}
    }
}

/// The chain with the raised exception first; the members of a group follow it.
fn flatten(printed: Vec<PythonException>) -> Vec<Exception> {
    let mut exceptions = Vec::new();
    let mut relation = None;
    for mut exception in printed.into_iter().rev() {
        let earlier = exception.earlier;
        let members = std::mem::take(&mut exception.members);
        exceptions.push(exception.into_exception(relation));
        for member in members {
            let start = exceptions.len();
            exceptions.extend(flatten(member));
            if let Some(first) = exceptions.get_mut(start) {
                first.relation = Some(Relation::Member);
            }
        }
        relation = earlier;
    }
    exceptions
}
