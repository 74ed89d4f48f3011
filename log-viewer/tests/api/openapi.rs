//! `/api/openapi.json`: the document is the one in `docs`, and it tells the truth.
//!
//! After a change on purpose: `UPDATE_OPENAPI=1 cargo nextest run -p log-viewer --test api openapi`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::viewer::Viewer;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn operations(document: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .map(|(path, item)| {
            let item = item.as_object().expect("operations");
            let methods = item.keys().filter(|key| METHODS.contains(&key.as_str()));
            (path.clone(), methods.cloned().collect())
        })
        .collect()
}

/// An entry that is there; its number.
async fn an_entry(viewer: &Viewer) -> i64 {
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    1
}

#[tokio::test]
async fn the_document_is_the_one_that_is_kept() {
    let viewer = Viewer::start().await;
    let served = viewer.get("/api/openapi.json").await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api/log-viewer.json");
    let served = format!("{}\n", serde_json::to_string_pretty(&served).unwrap());

    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &served).unwrap();
    }

    let kept = std::fs::read_to_string(&path).expect("docs/api/log-viewer.json is there");
    assert!(
        kept == served,
        "the API has changed; if that is wanted, run this test with UPDATE_OPENAPI=1 and look at the difference"
    );
}

#[tokio::test]
async fn the_document_is_openapi_and_names_the_ways_to_sign_in() {
    let viewer = Viewer::start().await;

    let document = viewer.get("/api/openapi.json").await;

    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["key"]["name"], "X-API-Key");
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name} is used and not defined"
        );
    }
}

#[tokio::test]
async fn exactly_the_documented_methods_are_served() {
    let viewer = Viewer::start().await;
    let id = an_entry(&viewer).await;
    let document = viewer.get("/api/openapi.json").await;

    for (path, methods) in operations(&document) {
        let path = path.replace("{id}", &id.to_string());
        let reply = viewer.api.send("TRACE", &path, None).await;

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

#[tokio::test]
async fn every_documented_answer_of_a_read_has_the_documented_members() {
    let viewer = Viewer::start().await;
    let id = an_entry(&viewer).await;
    let document = viewer.get("/api/openapi.json").await;
    for (path, methods) in operations(&document) {
        if !methods.contains("get") {
            continue;
        }
        let content = &document["paths"][&path]["get"]["responses"]["200"]["content"];
        // It has no end; its events are the rows of the list.
        if path == "/api/logs/tail" {
            assert!(content["text/event-stream"]["schema"].is_object(), "{content}");
            continue;
        }
        let answer = viewer.api.get(&path.replace("{id}", &id.to_string())).await;

        assert_eq!(answer.status, 200, "{path}");
        let Some(schema) = content[answer.header("content-type")].get("schema") else {
            panic!("{path}: {content}");
        };
        // A text has no members, and an object of any members, such as this document, promises none.
        if schema["type"] == "string" || schema.get("additionalProperties").is_some() {
            continue;
        }
        let documented = members(&document, schema);
        let answer = answer.json();
        let served: BTreeSet<String> = answer.as_object().unwrap().keys().cloned().collect();
        assert_eq!(served, documented, "{path}");
    }
}

/// The members of an object's schema, through references and `allOf`.
fn members(document: &Value, schema: &Value) -> BTreeSet<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return members(document, &document["components"]["schemas"][name]);
    }
    let own = schema["properties"].as_object().into_iter().flatten();
    let mut names: BTreeSet<String> = own.map(|(name, _)| name.clone()).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        names.extend(members(document, part));
    }
    names
}

/// `routes!` documents what it serves; a plain `.route` does not, so there is none.
#[test]
fn nothing_is_served_without_being_documented() {
    for table in [
        include_str!("../../src/http/mod.rs"),
        include_str!("../../../shared/src/http/session.rs"),
    ] {
        assert!(!table.contains(".route("), "{table}");
    }
}

#[tokio::test]
async fn the_plumbing_is_documented_with_what_it_asks_for() {
    let viewer = Viewer::start().await;
    let document = viewer.get("/api/openapi.json").await;

    for (path, method, needs_key) in [
        ("/health", "get", false),
        ("/metrics", "get", true),
        ("/api/openapi.json", "get", true),
        ("/api/session", "post", false),
        ("/api/session", "delete", false),
    ] {
        let operation = &document["paths"][path][method];
        assert!(operation.is_object(), "{method} {path}");
        let stranger = viewer.service.client();
        let reply = stranger.send(&method.to_uppercase(), path, None).await;
        assert_eq!(reply.status == 401, needs_key, "{method} {path}");
        let is_open = operation["security"] == json!([{}]);
        assert_eq!(is_open, !needs_key, "{method} {path}");
    }
}
