//! What no list can be made of is a 400 that names the parameter; what is no entry is a 404.

use crate::viewer::Viewer;

#[tokio::test]
async fn an_invalid_value_is_told_with_its_parameter() {
    let viewer = Viewer::start().await;
    let filters = [
        ("level=loud", "level"),
        ("level=%3E%3D", "level"),
        ("level=%3Eloud", "level"),
        ("level=error,loud", "level"),
        ("stream=stdin", "stream"),
        ("stream=STDOUT", "stream"),
        ("since=yesterday", "since"),
        ("since=-15", "since"),
        ("since=2026-13-01T00:00:00Z", "since"),
        ("until=15m", "until"),
        ("until=2026-03-01", "until"),
    ];
    for path in [
        "/api/logs",
        "/api/logs/histogram",
        "/api/logs/export",
        "/api/logs/tail",
    ] {
        for (query, name) in filters {
            assert_refused(&viewer, &format!("{path}?{query}"), name).await;
        }
    }
    for (path, name) in [
        ("/api/logs?limit=0", "limit"),
        ("/api/logs?limit=-1", "limit"),
        ("/api/logs?limit=ten", "limit"),
        ("/api/logs?limit=1.5", "limit"),
        ("/api/logs?offset=-1", "offset"),
        ("/api/logs?offset=x", "offset"),
        ("/api/logs?offset=10001", "offset"),
        ("/api/logs?cursor=garbage", "cursor"),
        ("/api/logs?cursor=1.2", "cursor"),
        ("/api/logs?cursor=1.2.3.4", "cursor"),
        ("/api/logs?cursor=%00%FF", "cursor"),
        ("/api/logs?cursor=99999999999999999999.1.1", "cursor"),
        ("/api/logs/histogram?buckets=x", "buckets"),
        ("/api/logs/histogram?buckets=-1", "buckets"),
        ("/api/logs/export?format=xml", "format"),
        ("/api/logs/tail?last_event_id=x", "last_event_id"),
    ] {
        assert_refused(&viewer, path, name).await;
    }
}

async fn assert_refused(viewer: &Viewer, path: &str, name: &str) {
    let reply = viewer.api.get(path).await;

    assert_eq!(reply.status, 400, "{path}: {}", reply.text());
    let detail = reply.detail();
    assert!(detail.starts_with(&format!("{name}: ")), "{path}: {detail}");
}

#[tokio::test]
async fn a_number_around_an_entry_that_is_none_is_told() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    for (query, name) in [
        ("before=x", "before"),
        ("after=-1", "after"),
        ("after=1.5", "after"),
    ] {
        assert_refused(&viewer, &format!("/api/logs/1/context?{query}"), name).await;
    }
}

#[tokio::test]
async fn what_is_no_entry_is_404() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    for id in [
        "2",
        "0",
        "-1",
        "abc",
        "1.0",
        "99999999999999999999",
        "%31x",
        "9223372036854775807",
    ] {
        for path in [format!("/api/logs/{id}"), format!("/api/logs/{id}/context")] {
            let reply = viewer.api.get(&path).await;
            assert_eq!(reply.status, 404, "{path}");
            assert!(!reply.detail().is_empty());
        }
    }
}

#[tokio::test]
async fn strange_queries_are_answered_and_harm_nothing() {
    let viewer = Viewer::start().await;
    viewer.docker.container("shop").line("one");
    viewer.has(1).await;
    let long = format!("search={}", "a+OR+(".repeat(2_000));
    let many = "container=shop&".repeat(700);
    for query in [
        "%",
        "%zz=1",
        "&&&",
        "=",
        "search=%FF%FE",
        "search=%00",
        "search=%22%22",
        "container=%00",
        "container='%3B+drop+table+containers",
        "since=-9999999999999w",
        &long,
        &many,
    ] {
        let reply = viewer.api.get(&format!("/api/logs?{query}")).await;
        assert!([200, 400].contains(&reply.status), "{query}: {}", reply.status);
    }
    assert_eq!(viewer.messages("").await, ["one"]);
}
