//! The bundles, and where their maps and sources are.

use std::fs;
use std::path::PathBuf;

use browser_relay::source_map::{Indexed, Limits, ReadAt, index};
use browser_relay::unminify::StoredMap;

/// What the `sourceRoot` of a bundle leaves before the path.
pub(crate) const ROOT: &str = "https://code.example/";

/// A script of `built`, with its map.
pub(crate) struct Bundle {
    /// As `esbuild/shop.js`.
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) map: Vec<u8>,
    pub(crate) indexed: Indexed,
}

impl Bundle {
    /// `None` when there is no such script.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let script = folder().join("built").join(name);
        let map = fs::read(format!("{}.map", script.display())).ok()?;
        Some(Self {
            name: name.to_owned(),
            code: fs::read_to_string(script).unwrap(),
            indexed: index(map.as_slice(), Limits::default()).unwrap(),
            map,
        })
    }

    pub(crate) fn all() -> Vec<Self> {
        let mut names = Vec::new();
        for variant in fs::read_dir(folder().join("built")).unwrap() {
            let variant = variant.unwrap();
            for file in fs::read_dir(variant.path()).unwrap() {
                let (variant, file) = (variant.file_name(), file.unwrap().file_name());
                let name = format!("{}/{}", variant.display(), file.display());
                names.extend(name.strip_suffix(".map").map(str::to_owned));
            }
        }
        names.sort();
        assert!(names.len() >= 14, "{names:?}");
        names.iter().map(|name| Self::read(name).unwrap()).collect()
    }

    pub(crate) fn stored(self) -> StoredMap {
        StoredMap {
            index: self.indexed.bytes.into(),
            text: Box::new(Text(self.map)),
        }
    }
}

struct Text(Vec<u8>);

impl ReadAt for Text {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.0.as_slice().read_at(offset, bytes)
    }
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bundles")
}

/// The text of a source, by the path that it is shown with.
pub(crate) fn source(path: &str) -> String {
    let path = path.strip_prefix(ROOT).unwrap_or(path);
    // npm puts a copy of the package where the bundler finds it.
    let path = path.replace("node_modules/@shop", "packages");
    fs::read_to_string(folder().join(path)).unwrap()
}
