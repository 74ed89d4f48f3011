//! The text of a report with marks where its numbers go.

use serde_json::json;

use crate::traceback::{Xorshift, padding, traceback};

/// Enough variety that neither the service's parser nor its compression sees one text again and again.
pub(crate) const TEMPLATES: usize = 64;
pub(crate) const PROJECTS: [&str; 4] = ["shop", "warehouse", "billing", "search-api"];
pub(crate) const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];
pub(crate) const RELEASES: [&str; 5] = ["2.14.0", "2.14.1", "2.15.0-rc1", "2.15.0", "3.0.0"];
const METHODS: [&str; 3] = ["GET", "POST", "PUT"];
/// Sessions repeat, as those of real visitors do.
const SESSIONS: u64 = 50_000;

/// What stands in a template for a number to come; each is exactly as wide as what replaces it.
const KIND: &str = "<kind>";
const ORDER: &str = "<order-id>";
const SESSION: &str = "<session>";
const EVENT: &str = "<event-id-of-thirty-two-letters>";

/// About what a report takes beside its frames, which leaves room for 11 of them in 3 KB and 275 in 50 KB.
const BYTES_WITHOUT_FRAMES: usize = 1100;

const EXCEPTIONS: [(&str, &str); 8] = [
    ("ValueError", "could not settle item"),
    ("KeyError", "no price list for item"),
    ("TimeoutError", "timeout while waiting for the stock of item"),
    (
        "sqlalchemy.exc.IntegrityError",
        "duplicate key value violates unique constraint for item",
    ),
    (
        "requests.exceptions.ConnectionError",
        "connection refused by the carrier for item",
    ),
    ("PermissionError", "the customer may not return item"),
    ("decimal.InvalidOperation", "cannot round the discount of item"),
    ("shop.errors.PaymentDeclined", "the card was declined for item"),
];

/// The numbers that make a report of a template.
pub(crate) struct Numbers {
    pub(crate) kind: u64,
    pub(crate) order: u64,
    pub(crate) event: [u64; 2],
}

pub(crate) struct Template {
    text: Vec<u8>,
    kind_at: Vec<usize>,
    order_at: Vec<usize>,
    session_at: Vec<usize>,
    event_at: Vec<usize>,
}

/// The project in which reports of this kind come.
#[cfg(test)]
pub(crate) fn project_of(kind: u64) -> &'static str {
    PROJECTS[kind as usize % TEMPLATES % PROJECTS.len()]
}

/// What only messages of one kind hold.
pub(crate) fn search_for(kind: u64) -> String {
    format!("item {kind:0width$}", width = KIND.len())
}

impl Template {
    /// The template `number` of `TEMPLATES`: JSON of exactly `size_bytes`, from 1 KB on.
    pub(crate) fn new(number: usize, size_bytes: usize, random: &mut Xorshift) -> Self {
        let (exception_type, cause) = EXCEPTIONS[number / PROJECTS.len() % EXCEPTIONS.len()];
        let message = format!("{cause} {KIND} of order {ORDER}");
        let report = |traceback: &str, padding: &str| {
            json!({
                "project": PROJECTS[number % PROJECTS.len()],
                "exception_type": exception_type,
                "message": message,
                "traceback": traceback,
                "environment": ENVIRONMENTS[number / 5 % ENVIRONMENTS.len()],
                "release": RELEASES[number / 7 % RELEASES.len()],
                "level": "error",
                "request_url": format!("https://shop.example.com/orders/{ORDER}?step={number}"),
                "request_method": METHODS[number % METHODS.len()],
                "request_headers": {
                    "accept": "application/json",
                    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                    "x-request-id": EVENT,
                },
                "user_id": format!("customer-{SESSION}"),
                "trace_id": format!("{:016x}{number:016x}", 0x5eed_u64),
                "event_id": EVENT,
                "extra": {
                    "session_id": SESSION,
                    "cart": {"lines": number % 9, "currency": "EUR"},
                    "note": padding,
                },
            })
            .to_string()
        };

        let room_bytes = size_bytes.saturating_sub(BYTES_WITHOUT_FRAMES);
        let error = format!("{exception_type}: {message}");
        let traceback = traceback(&format!("/srv/app/mod_{KIND}.py"), &error, room_bytes, random);
        let missing = size_bytes.saturating_sub(report(&traceback, "").len());
        Self::find_numbers(report(&traceback, &padding(missing, random)))
    }

    fn find_numbers(text: String) -> Self {
        let places = |mark: &str| text.match_indices(mark).map(|(at, _)| at).collect();
        Self {
            kind_at: places(KIND),
            order_at: places(ORDER),
            session_at: places(SESSION),
            event_at: places(EVENT),
            text: text.into_bytes(),
        }
    }

    /// Appends the report with its numbers to `out`.
    pub(crate) fn write(&self, numbers: &Numbers, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.text);
        let text = &mut out[start..];

        for &at in &self.kind_at {
            write_decimal(numbers.kind, &mut text[at..at + KIND.len()]);
        }
        for &at in &self.order_at {
            write_decimal(numbers.order, &mut text[at..at + ORDER.len()]);
        }
        for &at in &self.session_at {
            write_decimal(numbers.order % SESSIONS, &mut text[at..at + SESSION.len()]);
        }
        for &at in &self.event_at {
            let (high, low) = text[at..at + EVENT.len()].split_at_mut(EVENT.len() / 2);
            write_hex(numbers.event[0], high);
            write_hex(numbers.event[1], low);
        }
    }
}

fn write_decimal(mut number: u64, field: &mut [u8]) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn write_hex(mut number: u64, field: &mut [u8]) {
    for digit in field.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}
