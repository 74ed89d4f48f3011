//! `/api/openapi.json` against the service that serves it: the document is the one in `docs`, and it tells the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::promises::assert_guarded;
use super::{Client, Reply};

/// What is open to everybody in every service.
const OPEN: [(&str, &str); 3] = [
    ("get", "/health"),
    ("post", "/api/session"),
    ("delete", "/api/session"),
];
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// `routes!` documents what it serves; a plain `.route` does not, so there is none in a service's own `table` of routes, nor
/// in the one that all share.
///
/// # Panics
/// When there is one.
pub fn assert_all_documented(table: &str) {
    for table in [table, include_str!("../http/session.rs")] {
        assert!(!table.contains(".route("), "{table}");
    }
}

/// What a service says of its API.
#[derive(Debug)]
pub struct Document {
    api: Client,
    /// All of it.
    pub whole: Value,
}

impl Document {
    /// Asks for it. `api` has the key.
    ///
    /// # Panics
    /// When the answer is none.
    pub async fn of(api: &Client) -> Self {
        let reply = api.get("/api/openapi.json").await;
        assert_eq!(reply.status, 200);
        Self {
            api: api.clone(),
            whole: reply.json(),
        }
    }

    /// It is the one that `docs` keeps of this service; with `UPDATE_OPENAPI` it is put there before.
    ///
    /// # Panics
    /// When it is another one.
    pub fn assert_is_kept(&self, service: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/api/{service}.json"));
        let served = serde_json::to_string_pretty(&self.whole).expect("JSON can be written") + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(&path, &served).expect("a document that can be written");
        }
        let kept = std::fs::read_to_string(path).expect("a document that is kept");
        assert!(
            kept == served,
            "the API has changed; if that is wanted, run this test with UPDATE_OPENAPI=1 and look at the difference"
        );
    }

    /// It is of OpenAPI 3.1 and of this version, names the ways to sign in, and defines what it uses.
    ///
    /// # Panics
    /// When it does not.
    pub fn assert_is_whole(&self, version: &str) {
        let document = &self.whole;
        assert!(
            document["openapi"]
                .as_str()
                .is_some_and(|text| text.starts_with("3.1."))
        );
        assert_eq!(document["info"]["version"], version);
        let schemes = &document["components"]["securitySchemes"];
        assert_eq!(schemes["key"]["name"], "X-API-Key");
        assert_eq!(schemes["bearer"]["scheme"], "bearer");
        let text = document.to_string();
        for reference in text.split("\"#/components/").skip(1) {
            let place = reference.split('"').next().unwrap_or_default();
            let (kind, name) = place.split_once('/').unwrap_or_default();
            assert!(
                document["components"][kind][name].is_object(),
                "{name} is used and not defined"
            );
        }
        self.assert_refusals();
    }

    /// Each operation tells how it refuses those without a key, and a body that it cannot read.
    fn assert_refusals(&self) {
        for (path, methods) in self.operations() {
            for method in methods {
                let operation = &self.whole["paths"][&path][&method];
                let told = operation["responses"].as_object().expect("responses");
                let mut wanted = Vec::new();
                if operation["security"] != json!([{}]) {
                    wanted.extend(["401", "429", "503"]);
                }
                if operation["requestBody"].is_object() {
                    wanted.extend(["400", "408", "413", "415", "503"]);
                }
                for status in wanted {
                    assert!(told.contains_key(status), "{method} {path}: {status}");
                }
            }
        }
    }

    fn operations(&self) -> BTreeMap<String, BTreeSet<String>> {
        let paths = self.whole["paths"].as_object().expect("paths");
        paths
            .iter()
            .map(|(path, item)| {
                let item = item.as_object().expect("operations");
                let methods = item.keys().filter(|key| METHODS.contains(&key.as_str()));
                (path.clone(), methods.cloned().collect())
            })
            .collect()
    }

    /// Each address takes exactly the methods that it is said to take. `address` fills in what a path leaves open.
    ///
    /// # Panics
    /// When one does not.
    pub async fn assert_methods(&self, address: impl Fn(&str) -> String) {
        for (path, methods) in self.operations() {
            let reply = self.api.send("TRACE", &address(&path), None).await;

            assert_eq!(reply.status, 405, "{path}");
            let told: BTreeSet<String> = reply
                .header("allow")
                .split(',')
                .map(|method| method.trim().to_lowercase())
                .filter(|method| method != "head")
                .collect();
            assert_eq!(told, methods, "{path}");
        }
    }

    /// Whoever has no key is let in where the document says so and nowhere else: everything that is served is refused, but
    /// for what is open in every service and what browsers have keys of their own for. Those are no keys of a service's,
    /// nor is `key` one of a browser's. `address` and `stranger` are as in the other promises.
    ///
    /// # Panics
    /// When somebody is let in.
    pub async fn assert_authorised(
        &self,
        service: &str,
        key: &str,
        address: impl Fn(&str) -> String,
        stranger: impl Fn(&str) -> Client,
    ) {
        let mut guarded = Vec::new();
        for (path, methods) in self.operations() {
            for method in methods {
                let security = &self.whole["paths"][&path][&method]["security"];
                let (verb, address) = (method.to_uppercase(), address(&path));
                if security.is_null() {
                    guarded.push((verb, address));
                } else if *security == json!([{"dsn_key": []}]) {
                    for client in [stranger("192.0.2.255"), self.api.clone()] {
                        let reply = client.send(&verb, &address, Some(b"{}")).await;
                        assert_eq!(reply.status, 401, "{method} {path}");
                    }
                } else {
                    let is_open = OPEN.contains(&(&method, &path));
                    assert!(is_open && *security == json!([{}]), "{method} {path}: {security}");
                }
            }
        }
        let addresses: Vec<(&str, &str)> = guarded
            .iter()
            .map(|(method, address)| (method.as_str(), address.as_str()))
            .collect();
        assert!(addresses.len() > OPEN.len(), "{addresses:?}");
        assert_guarded(service, key, &addresses, b"{}", stranger).await;
    }

    /// Each read answers what it is said to answer. `address` makes a whole address of a path, or nothing where an
    /// answer has no end.
    ///
    /// # Panics
    /// When one does not.
    pub async fn assert_reads(&self, address: impl Fn(&str) -> Option<String>) {
        for (path, methods) in self.operations() {
            if methods.contains("get")
                && let Some(address) = address(&path)
            {
                let reply = self.api.get(&address).await;
                assert_eq!(reply.status, 200, "{address}");
                self.assert_describes("get", &path, &reply);
            }
        }
    }

    /// This answer is described: its status, its type, and each of its members.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_describes(&self, method: &str, path: &str, reply: &Reply) {
        let what = format!("{method} {path} {}", reply.status);
        let response = &self.whole["paths"][path][method]["responses"][reply.status.to_string()];
        let kind = reply.header("content-type");
        let Some(schema) = response["content"][kind].get("schema") else {
            panic!("{what}: {response}");
        };
        if ["application/json", "application/problem+json"].contains(&kind) {
            let body = serde_json::from_slice(&reply.body).expect("a body of JSON");
            if let Some(difference) = self.difference(schema, &body, "") {
                panic!("{what}: {difference}");
            }
        }
    }

    /// Where a value is not as the schema says.
    fn difference(&self, schema: &Value, value: &Value, place: &str) -> Option<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return self.difference(&self.whole["components"]["schemas"][name], value, place);
        }
        for ways in ["oneOf", "anyOf"] {
            if let Some(ways) = schema[ways].as_array() {
                let mut differences = ways.iter().map(|way| self.difference(way, value, place));
                let fits = differences.any(|difference| difference.is_none());
                return (!fits).then(|| format!("{place}: {value} is none of {ways:?}"));
            }
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        if !types.is_empty() && !types.iter().any(|kind| is_of(value, kind)) {
            return Some(format!("{place}: {value} is no {types:?}"));
        }
        match value {
            Value::Array(items) => items
                .iter()
                .find_map(|item| self.difference(&schema["items"], item, &format!("{place}[]"))),
            Value::Object(members) => self.different_member(schema, members, place),
            _ => None,
        }
    }

    fn different_member(
        &self,
        schema: &Value,
        members: &serde_json::Map<String, Value>,
        place: &str,
    ) -> Option<String> {
        let (mut documented, mut required) = (serde_json::Map::new(), BTreeSet::new());
        self.collect_members(schema, &mut documented, &mut required);
        if let Some(missing) = required.iter().find(|name| !members.contains_key(*name)) {
            return Some(format!("{place}: {missing} is missing"));
        }
        members.iter().find_map(|(name, value)| {
            let place = format!("{place}.{name}");
            match (documented.get(name), schema.get("additionalProperties")) {
                (Some(schema), _) => self.difference(schema, value, &place),
                (None, Some(schema)) => self.difference(schema, value, &place),
                // An object of any members promises none.
                (None, None) if documented.is_empty() => None,
                (None, None) => Some(format!("{place} is not documented")),
            }
        })
    }

    /// The members of an object's schema, through references and `allOf`.
    fn collect_members(
        &self,
        schema: &Value,
        documented: &mut serde_json::Map<String, Value>,
        required: &mut BTreeSet<String>,
    ) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return self.collect_members(&self.whole["components"]["schemas"][name], documented, required);
        }
        if let Some(own) = schema["properties"].as_object() {
            documented.extend(own.clone());
        }
        let names = schema["required"].as_array().into_iter().flatten();
        required.extend(names.filter_map(Value::as_str).map(str::to_owned));
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.collect_members(part, documented, required);
        }
    }

    /// What every service has beside its own routes; `stranger`, who has no key, may use what is open.
    ///
    /// # Panics
    /// When something is missing or closed.
    pub async fn assert_plumbing(&self, stranger: &Client) {
        for (method, path) in [("get", "/metrics"), ("get", "/api/openapi.json")] {
            assert!(self.whole["paths"][path][method].is_object(), "{method} {path}");
        }
        for (method, path) in OPEN {
            assert!(self.whole["paths"][path][method].is_object(), "{method} {path}");
            let reply = stranger.send(&method.to_uppercase(), path, None).await;
            assert_ne!(reply.status, 401, "{method} {path}");
        }
    }
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}
