//! How SQLite would run the statements of a service, read off its sources.

use std::path::{Path, PathBuf};

use sqlx::SqlitePool;

/// A step that reads a table or an index from end to end, or sorts.
#[derive(Debug)]
pub struct Step {
    /// Where the statement stands, below the crate's sources.
    pub file: PathBuf,
    /// As the source has it.
    pub statement: String,
    /// As SQLite describes it, `SCAN errors` for one.
    pub text: String,
}

/// Every statement of the crate at `manifest_folder` is valid in this database, and its costly steps are those that are
/// meant. There are more than `least` of them, or else they are looked for in the wrong way.
///
/// # Panics
/// When it is not so.
pub async fn assert_cheap(
    manifest_folder: &str,
    database: &SqlitePool,
    least: usize,
    is_meant: impl Fn(&Step) -> bool,
) {
    let (count, costly) = costly_steps(manifest_folder, database).await;

    assert!(count > least, "only {count} statements were found");
    for step in costly {
        assert!(is_meant(&step), "{step:?}");
    }
}

/// Looks at each literal in a call of `sqlx::query…` in the sources of the crate at `manifest_folder`, its tests apart. Answers how
/// many there are, and their costly steps.
async fn costly_steps(manifest_folder: &str, database: &SqlitePool) -> (usize, Vec<Step>) {
    let root = Path::new(manifest_folder).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let (mut count, mut costly) = (0, Vec::new());
    for path in files {
        let source = std::fs::read_to_string(&path).expect("a source that can be read");
        let file = path.strip_prefix(&root).unwrap_or(&path).to_owned();
        for statement in statements(&source) {
            let explain = sqlx::AssertSqlSafe(format!("explain query plan {statement}"));
            let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain)
                .fetch_all(database)
                .await
                .unwrap_or_else(|error| panic!("{}: {error}: {statement}", file.display()));
            count += 1;
            costly.extend(
                steps
                    .into_iter()
                    .map(|(_, _, _, text)| text)
                    .filter(|text| text.starts_with("SCAN ") || text.contains("TEMP B-TREE"))
                    .map(|text| Step {
                        file: file.clone(),
                        statement: statement.clone(),
                        text,
                    }),
            );
        }
    }
    (count, costly)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                collect(&path, files);
            }
        } else if !path.ends_with("tests.rs") && path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn statements(source: &str) -> Vec<String> {
    let product = source
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let calls = product.split("sqlx::query").skip(1);
    calls
        .filter_map(|rest| rest.split_once('(')?.1.trim_start().strip_prefix('"'))
        .map(|rest| {
            let literal = rest.split('"').next().unwrap_or_default();
            literal.replace("\\\\", "\\")
        })
        .collect()
}
