//! Lines that belong together are one entry, however they come.

use shared::testing::eventually;

use crate::viewer::{Viewer, fixture};

#[tokio::test]
async fn recorded_tracebacks_are_one_entry_each() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let names = [
        "python-chained.txt",
        "python-group.txt",
        "java-nested.txt",
        "go-panic.txt",
        "node-cause.txt",
        "ruby-cause.txt",
        "php-uncaught.txt",
        "dotnet-aggregate.txt",
        "rust-backtrace.txt",
    ];
    for name in names {
        shop.line(&format!("GET /{name} 200"));
        shop.lines(fixture(name).trim_end());
    }
    shop.line("GET /end 200");
    viewer.has(2 * names.len() + 1).await;

    let list = viewer.list("").await;

    let rows = list["logs"].as_array().unwrap();
    for (row, name) in rows.iter().skip(1).step_by(2).zip(names.iter().rev()) {
        assert_eq!(row["message"], fixture(name).trim_end(), "{name}");
        assert!(
            ["ERROR", "CRITICAL"].contains(&row["level"].as_str().unwrap()),
            "{name}: {}",
            row["level"]
        );
    }
}

#[tokio::test]
async fn two_streams_of_a_container_do_not_disturb_each_other() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let (out, error) = (fixture("java-nested.txt"), fixture("python-chained.txt"));
    let mut error_lines = error.lines();
    for line in out.lines() {
        shop.line(line);
        for line in error_lines.by_ref().take(3) {
            shop.error_line(line);
        }
    }
    for line in error_lines {
        shop.error_line(line);
    }
    viewer.shows("stream=stdout", &[out.trim_end()]).await;
    viewer.shows("stream=stderr", &[error.trim_end()]).await;
}

#[tokio::test]
async fn an_entry_is_shown_at_once_and_grows_with_its_lines() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let traceback = fixture("python-plain.txt");
    let mut shown = String::new();
    let mut ids = Vec::new();
    for (number, line) in traceback.lines().take(6).enumerate() {
        let separator = if number == 0 { "" } else { "\n" };
        shown = format!("{shown}{separator}{line}");
        shop.line(line);
        viewer.shows("", &[&shown]).await;
        ids.push(viewer.list("").await["logs"][0]["id"].clone());
    }
    assert!(
        ids.iter().all(|id| *id == ids[0]),
        "it stays the same entry: {ids:?}"
    );
}

#[tokio::test]
async fn an_entry_that_is_growing_survives_a_restart() {
    let viewer = Viewer::start().await;
    let traceback = fixture("python-plain.txt");
    let lines: Vec<&str> = traceback.lines().collect();
    let mut shop = viewer.docker.container("shop");
    shop.lines(&lines[..2].join("\n"));
    viewer.shows("", &[&lines[..2].join("\n")]).await;
    let id = viewer.list("").await["logs"][0]["id"].clone();

    let viewer = viewer
        .restarted(|_| {
            shop.lines(&lines[2..].join("\n"));
        })
        .await;

    viewer.shows("", &[traceback.trim_end()]).await;
    assert_eq!(viewer.list("").await["logs"][0]["id"], id);
    let words = "search=%22most+recent+call+last%22";
    assert_eq!(viewer.list(words).await["total"], 1);
}

#[tokio::test]
async fn a_traceback_on_standard_output_is_an_error_once_it_is_one() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.lines(&fixture("python-plain.txt"));
    eventually("the level is raised", async || {
        let list = viewer.list("level=error&stream=stdout").await;
        (list["total"] == 1).then_some(())
    })
    .await;
    assert_eq!(viewer.get("/api/stats").await["by_level"]["ERROR"], 1);
}
