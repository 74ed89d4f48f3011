//! What the function of a frame is called in the source.
//!
//! A map names what stands at a place, and what stands at the place of a call is the function that is called: so a frame
//! has its name from its caller, and the outermost, which has none, from its own place. Maps name other things too, and
//! engines leave callers out (natives, tail calls), so the sources that came with the map have a word in it.

use crate::unminify::FrameReport;

/// A longer line is shown in part, and then nobody knows which part.
const WHOLE_LINE: usize = 300;

/// The longest name that is most likely a minifier's, wherever the same letters stand in the source.
const SHORT: usize = 2;

/// A frame as its name is made of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The function as the engine names it.
    pub(crate) function: Option<&'a str>,
    /// The name that the map has at the place.
    pub(crate) token: Option<&'a str>,
    /// The place of code that eval made is that of the eval, which is no call of the function.
    pub(crate) is_eval: bool,
    /// The frame with its lines, whose own function is not known yet.
    pub(crate) report: &'a FrameReport<'a>,
}

/// The name of a frame that was resolved. After the outermost there is no caller.
pub(crate) fn function_name(site: Site<'_>, caller: Option<Site<'_>>) -> Option<String> {
    if let Some(own) = site
        .function
        .and_then(|function| unminified(function, site.report))
    {
        return Some(own.to_owned());
    }
    let place = caller.unwrap_or(site);
    let is_of_eval = site.is_eval || place.is_eval;
    place
        .token
        .filter(|name| says_something(name) && may_be_called(name, place.report))
        .or_else(|| called_after_keyword(caller?.report))
        .filter(|_| !is_of_eval)
        .or(site.function)
        .map(str::to_owned)
}

/// The engine's name, if no minifier has made it: methods and the functions of properties keep theirs. Such a name
/// stands in the source, and near enough in most functions. The name of a class before it may be a minifier's.
fn unminified<'a>(function: &'a str, report: &FrameReport<'_>) -> Option<&'a str> {
    // Firefox has `method/<` for a function without a name in a method.
    let plain = function.trim_end_matches(['/', '<']);
    let word = plain
        .rsplit(|character| !is_of_word(character))
        .find(|word| !word.is_empty())?;
    let lines = report.pre_context.iter().chain(&report.context_line);
    let is_known = word.chars().count() > SHORT
        && lines.into_iter().any(|line| {
            line.split(|character| !is_of_word(character))
                .any(|other| other == word)
        });
    if !is_known {
        return None;
    }
    let receiver = function
        .split_once('.')
        .filter(|(receiver, _)| receiver.chars().count() <= SHORT);
    Some(receiver.map_or(function, |(_, method)| method))
}

/// False where the source shows that what the name stands for is not called there.
fn may_be_called(name: &str, report: &FrameReport<'_>) -> bool {
    let Some((before, here)) = line_at(report) else {
        return true;
    };
    let Some(after) = here
        .strip_prefix(name)
        .filter(|after| !after.starts_with(is_of_word))
    else {
        return true;
    };
    // `name!(`, `name<Type>(`, and the string of a template.
    let after = after.strip_prefix('!').unwrap_or(after);
    let is_call = after.starts_with(['<', '`']) || {
        let after = after.trim_start();
        after.is_empty() || after.starts_with('(') || after.starts_with("?.(")
    };
    is_call || before.trim_end().ends_with("new")
}

/// The function of `new path.Name(` and `await path.name(`: engines give the place of the keyword, which no map names.
fn called_after_keyword<'a>(report: &'a FrameReport<'_>) -> Option<&'a str> {
    let (_, here) = line_at(report)?;
    let path = here
        .strip_prefix("new ")
        .or_else(|| here.strip_prefix("await "))?;
    let end = path.find(|character| !is_of_word(character) && character != '.')?;
    let (path, after) = path.split_at(end);
    let name = path.rsplit('.').next()?;
    let is_name = !matches!(name, "" | "async" | "function" | "import" | "super");
    (is_name && after.starts_with(['(', '<'])).then_some(name)
}

/// The line of the place in the source, parted at its column.
fn line_at<'a>(report: &'a FrameReport<'_>) -> Option<(&'a str, &'a str)> {
    let line = report.context_line.as_deref()?;
    let column = report.column?.checked_sub(1)? as usize;
    if line.encode_utf16().count() >= WHOLE_LINE {
        return None;
    }
    let mut units = 0;
    let mut starts = line.char_indices().chain([(line.len(), ' ')]);
    let (bytes, _) = starts.find(|(_, character)| {
        let is_here = units >= column;
        units += character.len_utf16();
        is_here
    })?;
    line.split_at_checked(bytes)
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// Names that bundlers give to their own machinery.
fn says_something(name: &str) -> bool {
    !matches!(
        name,
        "" | "<anonymous>" | "anonymous" | "__webpack_require__" | "__webpack_modules__"
    ) && !name.contains(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame at the first place of a line where the mark `|` stands.
    fn report(source: &str) -> FrameReport<'_> {
        let (before, line) = source.rsplit_once('\n').unwrap_or(("", source));
        let column = line
            .find('|')
            .map(|bytes| line[..bytes].encode_utf16().count() as u32 + 1);
        FrameReport {
            column,
            pre_context: before.lines().map(str::to_owned).collect(),
            context_line: Some(line.replace('|', "")),
            ..FrameReport::default()
        }
    }

    fn site<'a>(function: &'a str, token: &'a str, report: &'a FrameReport<'_>) -> Site<'a> {
        Site {
            function: Some(function).filter(|function| !function.is_empty()),
            token: Some(token).filter(|token| !token.is_empty()),
            is_eval: false,
            report,
        }
    }

    #[test]
    fn a_name_that_the_source_has_is_no_minifiers() {
        let own = report("  *entries() {\n    yield |price(line);");
        let caller = report("|from(cart.entries());");
        for (function, expected) in [
            ("entries", "entries"),
            ("Cart.entries", "Cart.entries"),
            ("t.entries", "entries"),
            ("get entries", "get entries"),
            ("entries/<", "entries/<"),
            // Too far up, or not there at all.
            ("handler", "from"),
            ("t", "from"),
            ("e/<", "from"),
            ("", "from"),
            // In the source, but by chance.
            ("r.of", "from"),
        ] {
            let name = function_name(site(function, "", &own), Some(site("", "from", &caller)));

            assert_eq!(name.as_deref(), Some(expected), "{function}");
        }
        let outermost = function_name(site("entries", "price", &own), None);
        assert_eq!(outermost.as_deref(), Some("entries"));
    }

    #[test]
    fn what_is_not_called_at_the_place_is_not_the_function() {
        for (line, is_called) in [
            ("const x = /* 🛒 */ |name(1);", true),
            ("|name<Line>(1);", true),
            ("|name!(1);", true),
            ("|name`a`;", true),
            ("|name?.(1);", true),
            ("|name (1);", true),
            ("|name", true),
            ("new |name;", true),
            // The map is of another version than the text.
            ("|named(1);", true),
            ("|other;", true),
            ("const |name = await charge(order);", false),
            ("|name.total;", false),
            ("|name!.total;", false),
            ("use(|name);", false),
            ("|name[0](1);", false),
        ] {
            let (own, caller) = (report(""), report(line));

            let name = function_name(site("t", "", &own), Some(site("", "name", &caller)));

            assert_eq!(
                name.as_deref(),
                Some(if is_called { "name" } else { "t" }),
                "{line}"
            );
        }
    }

    #[test]
    fn what_a_keyword_calls_is_the_function() {
        for (line, expected) in [
            ("const 車 = '🚗', order = |new Order(cart);", "Order"),
            ("|await charge(order, payment);", "charge"),
            ("|await this.bank.charge<Order>(order);", "charge"),
            ("|await import('./late');", "t"),
            ("|await (later());", "t"),
            ("|await later;", "t"),
            ("|new Order", "t"),
        ] {
            let (own, caller) = (report(""), report(line));

            let name = function_name(site("t", "", &own), Some(site("", "", &caller)));

            assert_eq!(name.as_deref(), Some(expected), "{line}");
        }
        let outermost = report("|await charge(order);");
        assert_eq!(
            function_name(site("t", "", &outermost), None).as_deref(),
            Some("t")
        );
    }

    #[test]
    fn a_place_may_be_anywhere() {
        for (line, column, expected) in [
            ("a🛒b", 1, Some(("", "a🛒b"))),
            ("a🛒b", 4, Some(("a🛒", "b"))),
            ("a🛒b", 3, Some(("a🛒", "b"))),
            ("a🛒b", 5, Some(("a🛒b", ""))),
            ("a🛒b", 6, None),
            ("", 1, Some(("", ""))),
            ("", 0, None),
        ] {
            let report = FrameReport {
                context_line: Some(line.to_owned()),
                column: Some(column),
                ..FrameReport::default()
            };

            assert_eq!(line_at(&report), expected, "{line} {column}");
        }
    }

    #[test]
    fn without_the_source_the_map_is_believed() {
        let report = FrameReport::default();

        let inner = function_name(site("handler", "", &report), Some(site("", "name", &report)));
        let outermost = function_name(site("handler", "name", &report), None);

        assert_eq!(
            (inner.as_deref(), outermost.as_deref()),
            (Some("name"), Some("name"))
        );
    }
}
