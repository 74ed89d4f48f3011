//! Writes the texts of a report: Python tracebacks of a web application, and filling words.

use crate::report::mix;

/// The first line, the deciding frame and the error's own line.
const BYTES_OF_BOTH_ENDS: usize = 250;

const LIBRARY_FRAMES: [(&str, &str, &str); 8] = [
    (
        "starlette/routing.py",
        "app",
        "await wrap_app_handling_exceptions(app, request)(scope, receive, send)",
    ),
    (
        "starlette/middleware/errors.py",
        "__call__",
        "await self.app(scope, receive, _send)",
    ),
    (
        "fastapi/routing.py",
        "run_endpoint_function",
        "return await dependant.call(**values)",
    ),
    (
        "sqlalchemy/engine/base.py",
        "_execute_context",
        "self.dialect.do_execute(cursor, str_statement, parameters)",
    ),
    (
        "sqlalchemy/orm/session.py",
        "commit",
        "trans.commit(_to_root=True)",
    ),
    (
        "requests/sessions.py",
        "send",
        "r = adapter.send(request, **kwargs)",
    ),
    (
        "celery/app/trace.py",
        "trace_task",
        "R = retval = fun(*args, **kwargs)",
    ),
    (
        "pydantic/main.py",
        "__init__",
        "validated_self = self.__pydantic_validator__.validate_python(data)",
    ),
];

const APP_FRAMES: [(&str, &str, &str); 6] = [
    (
        "orders/views.py",
        "create_order",
        "order = service.place(cart, customer=request.user, dry_run=\"preview\" in flags)",
    ),
    (
        "orders/service.py",
        "place",
        "reservation = self.warehouse.reserve([line.sku for line in cart.lines])",
    ),
    (
        "billing/invoices.py",
        "draft_invoice",
        "total = sum(line.net * (1 + line.vat / 100) for line in lines)",
    ),
    (
        "warehouse/stock.py",
        "reserve",
        "return self._locked(sku, lambda row: row.take(quantity))",
    ),
    (
        "carriers/client.py",
        "quote",
        "response = self.http.post(f\"{self.base}/quotes\", json=parcel.as_dict())",
    ),
    (
        "tasks/nightly.py",
        "run",
        "for batch in batched(open_orders, 500): settle_batch(batch)",
    ),
];

const PADDING_WORDS: [&str; 12] = [
    "parcel",
    "invoice",
    "retry",
    "warehouse-7",
    "pending",
    "discount",
    "customer",
    "eur",
    "carrier",
    "shelf",
    "label",
    "refund",
];

/// A Python traceback that takes about `room_bytes` in JSON; its deepest frame is in `deciding_file`.
pub(crate) fn traceback(
    deciding_file: &str,
    error: &str,
    room_bytes: usize,
    random: &mut Xorshift,
) -> String {
    let mut text = String::from("Traceback (most recent call last):\n");
    let mut json_bytes = BYTES_OF_BOTH_ENDS;
    while json_bytes < room_bytes {
        let line = random.below(900) + 10;
        let frame = if random.below(3) < 2 {
            let (file, function, source) = LIBRARY_FRAMES[random.below(LIBRARY_FRAMES.len() as u64) as usize];
            let path = format!("/srv/app/.venv/lib/python3.12/site-packages/{file}");
            python_frame(&path, line, function, source, random)
        } else {
            let (file, function, source) = APP_FRAMES[random.below(APP_FRAMES.len() as u64) as usize];
            python_frame(&format!("/srv/app/{file}"), line, function, source, random)
        };
        // Quotes and line ends take one byte more in JSON.
        json_bytes += frame.len() + frame.matches(['"', '\n']).count();
        text.push_str(&frame);
    }
    text.push_str(&format!(
        "  File \"{deciding_file}\", line 42, in settle\n    raise error\n{error}"
    ));
    text
}

fn python_frame(path: &str, line: u64, function: &str, source: &str, random: &mut Xorshift) -> String {
    let marked = 1 + random.below(source.len() as u64 / 2) as usize;
    let mark = format!("{}{}", "~".repeat(marked), "^".repeat(marked));
    format!("  File \"{path}\", line {line}, in {function}\n    {source}\n    {mark}\n")
}

/// Words that take exactly `size_bytes`.
pub(crate) fn padding(size_bytes: usize, random: &mut Xorshift) -> String {
    let mut text = String::new();
    while text.len() < size_bytes {
        text.push_str(PADDING_WORDS[random.below(PADDING_WORDS.len() as u64) as usize]);
        text.push(' ');
    }
    text.truncate(size_bytes);
    text
}

/// Chance that repeats: the same seed gives the same numbers.
pub(crate) struct Xorshift(u64);

impl Xorshift {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}
