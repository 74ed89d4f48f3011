//! The chain of a text that prints the title first and the innermost frame first: all languages but Python.

use super::super::{Frame, Language, lines::Lines, read, ruby};
use super::{EXCEPTIONS_MAX, Exception, FRAMES_MAX, Relation, add_to_title};

/// The exceptions of a text in `language`.
pub(super) fn read_chain(text: &str, message: &str, language: Language) -> Vec<Exception> {
    let mut printed = Printed::new(language);
    let mut above = "";
    for line in Lines::new(text, message) {
        if printed.exceptions.len() > EXCEPTIONS_MAX {
            break;
        }
        let frame = if line.quoted { None } else { read(line.body, above) };
        match frame.filter(|frame| frame.language == language) {
            Some(frame) => printed.take_frame(frame, line.body, above),
            None => printed.take_text(line.body),
        }
        above = line.body;
    }
    let mut exceptions = printed.exceptions;
    if language == Language::Php {
        // PHP prints the oldest first.
        exceptions.reverse();
        for (at, exception) in exceptions.iter_mut().enumerate() {
            exception.relation = (at > 0).then_some(Relation::Cause);
        }
    }
    exceptions.retain(|exception| !exception.frames.is_empty() || !exception.title.is_empty());
    exceptions
}

/// Reads texts that print the title first and the innermost frame first.
struct Printed {
    language: Language,
    exceptions: Vec<Exception>,
    /// Further lines belong to the title of the exception being read.
    in_title: bool,
    /// The exceptions around the one being read; .NET prints the inner one inside the outer.
    open: Vec<usize>,
    /// Inside the list of an `AggregateError`.
    in_members: bool,
    /// The only frame so far is the place of a Rust panic, which the backtrace will repeat.
    is_panic_place: bool,
}

impl Printed {
    fn new(language: Language) -> Self {
        Self {
            language,
            exceptions: vec![Exception::default()],
            in_title: true,
            open: vec![0],
            in_members: false,
            is_panic_place: false,
        }
    }

    fn take_frame(&mut self, frame: Frame<'_>, body: &str, above: &str) {
        match self.language {
            Language::Rust if !body.starts_with("at ") => {
                if self.has_frames() {
                    self.begin("", None);
                }
                add_to_title(&mut self.current().title, body);
                self.current().frames.push(frame.into());
                (self.in_title, self.is_panic_place) = (true, true);
                return;
            }
            Language::Rust | Language::Go => {
                if std::mem::take(&mut self.is_panic_place) {
                    self.current().frames.clear();
                }
                // The function's own line was taken for text.
                let title = &mut self.current().title;
                title.truncate(
                    title
                        .strip_suffix(above)
                        .map_or(title.len(), |title| title.trim_end().len()),
                );
            }
            Language::Ruby => {
                if let Some(title) = ruby::read(body).and_then(|line| line.title) {
                    match self.has_frames() {
                        true => self.begin(title, Some(Relation::Cause)),
                        false => self.current().title = title.to_owned(),
                    }
                }
            }
            _ => {}
        }
        self.in_title = false;
        let frames = &mut self.current().frames;
        if frames.len() < FRAMES_MAX {
            frames.push(frame.into());
        }
    }

    fn take_text(&mut self, body: &str) {
        match self.language {
            Language::Java | Language::JavaScript if let Some(title) = body.strip_prefix("Caused by: ") => {
                self.begin(title, Some(Relation::Cause));
            }
            Language::Java if let Some(title) = body.strip_prefix("Suppressed: ") => {
                self.begin(title, Some(Relation::Context));
            }
            Language::JavaScript if let Some(title) = body.strip_prefix("[cause]: ") => {
                self.begin(title, Some(Relation::Cause));
            }
            Language::JavaScript if body == "[errors]: [" => self.in_members = true,
            Language::JavaScript if self.in_members && body == "]" => self.in_members = false,
            Language::JavaScript if self.in_members && body.contains("Error") => {
                self.begin(body, Some(Relation::Member));
            }
            Language::DotNet if let Some(title) = body.strip_prefix("---> ") => {
                self.begin(title, Some(Relation::Cause));
                self.open.push(self.exceptions.len() - 1);
            }
            Language::DotNet if body.starts_with("--- End of inner exception") => self.end_inner(),
            Language::Php if self.has_frames() && body.starts_with("Next ") => self.begin(&body[5..], None),
            Language::Go if body.starts_with("goroutine ") => {
                match self.has_frames() {
                    true => self.begin(body, None),
                    false if self.current().title.is_empty() => self.current().title = body.to_owned(),
                    false => {}
                }
                self.in_title = false;
            }
            Language::Rust if body == "stack backtrace:" || body.starts_with("note: ") => {
                self.in_title = false
            }
            _ if self.in_title => {
                let line = if self.language == Language::JavaScript {
                    body.trim_end_matches(" {")
                } else {
                    body
                };
                add_to_title(&mut self.current().title, line);
            }
            _ => {}
        }
    }

    fn begin(&mut self, title: &str, relation: Option<Relation>) {
        let mut exception = Exception {
            relation,
            ..Exception::default()
        };
        add_to_title(&mut exception.title, title);
        self.exceptions.push(exception);
        self.in_title = true;
        if self.language != Language::DotNet {
            self.open = vec![self.exceptions.len() - 1];
        }
    }

    /// Goes back to the outer exception. The older .NET printed all titles in one line, in front of all frames.
    fn end_inner(&mut self) {
        self.in_title = false;
        if self.open.len() > 1 {
            self.open.pop();
            return;
        }
        let at = self.open.first().copied().unwrap_or(0);
        let titles = std::mem::take(&mut self.current().title);
        let (outer, inner) = titles.rsplit_once(" ---> ").unwrap_or(("", &titles));
        let relation = self.current().relation.replace(Relation::Cause);
        self.current().title = inner.to_owned();
        self.exceptions.insert(
            at,
            Exception {
                title: outer.to_owned(),
                relation,
                frames: Vec::new(),
            },
        );
    }

    fn has_frames(&self) -> bool {
        self.open
            .last()
            .and_then(|at| self.exceptions.get(*at))
            .is_some_and(|exception| !exception.frames.is_empty())
    }

    fn current(&mut self) -> &mut Exception {
        let at = self
            .open
            .last()
            .copied()
            .unwrap_or(0)
            .min(self.exceptions.len() - 1);
        &mut self.exceptions[at]
    }
}
