//! The ids that bundlers write.

use browser_relay::source_map::normal_debug_id;

use crate::bundles::Bundle;

#[test]
fn a_map_has_the_id_of_its_bundle() {
    let bundle = Bundle::read("vite/shop.js").unwrap();
    let comment = bundle
        .code
        .lines()
        .find_map(|line| line.strip_prefix("//# debugId="));

    let id = normal_debug_id(comment.unwrap());

    assert!(id.is_some());
    assert_eq!(bundle.indexed.debug_id, id);
}

#[test]
fn a_map_without_an_id_has_none() {
    assert_eq!(Bundle::read("webpack/shop.js").unwrap().indexed.debug_id, None);
}
