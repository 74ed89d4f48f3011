//! Each service links to the others' pages, at the addresses that it was given.

use serde_json::{Value, json};

use crate::stack::{Kind, Stack};

/// As the services call each other in JSON.
fn member_name(kind: Kind) -> String {
    kind.name().replace('-', "_")
}

#[tokio::test]
async fn every_service_links_to_the_three_others_and_the_links_open_pages() {
    let mut stack = Stack::down(&[]);
    let addresses: Vec<(Kind, String)> = Kind::ALL
        .iter()
        .map(|kind| (*kind, stack.member(*kind).url()))
        .collect();
    for kind in Kind::ALL {
        for (other, address) in addresses.iter().filter(|(other, _)| *other != kind) {
            // The relay sends to the address without `UI`, which a page may not reach.
            let takes_both = kind == Kind::BrowserRelay && *other != Kind::LogViewer;
            let suffix = if takes_both { "_UI_URL" } else { "_URL" };
            let setting = format!("{}{suffix}", member_name(*other).to_uppercase());
            stack.member(kind).set(&setting, address);
        }
        stack.member(kind).start().await;
    }

    for kind in Kind::ALL {
        let about = stack.member(kind).get("/api/about").await;
        for (other, address) in &addresses {
            let link = &about["links"][member_name(*other)];
            if *other == kind {
                assert_eq!(link, &Value::Null, "{kind:?} to itself");
            } else {
                assert_eq!(link, &json!(address), "{kind:?} to {other:?}");
            }
        }
        let page = stack.member(kind).stranger().get("/").await;
        assert_eq!(page.status, 200, "{kind:?}");
    }
}
