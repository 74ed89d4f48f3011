//! The page of a URL: its path, with ids collapsed, so that a shop with a million orders has one page of them.

/// What stands for an id.
const ID: &str = "{id}";
const PAGE_BYTES: usize = 200;

/// The page of a URL, or of a path.
pub(crate) fn page(url: &str) -> String {
    let path = path(url);
    let mut page = String::with_capacity(path.len());
    for (number, segment) in path.split('/').enumerate() {
        if number > 0 {
            page.push('/');
        }
        page.push_str(if is_id(segment) { ID } else { segment });
    }
    if page.len() > PAGE_BYTES {
        page.truncate(page.floor_char_boundary(PAGE_BYTES));
    }
    page
}

/// The path of a URL without query and fragment; `/` when it has none.
pub(crate) fn path(url: &str) -> &str {
    let url = url.trim();
    let after_scheme = match url.find("://") {
        Some(at) => match url[at + 3..].find('/') {
            Some(slash) if !url[at + 3..at + 3 + slash].contains(['?', '#']) => &url[at + 3 + slash..],
            _ => "/",
        },
        None => url,
    };
    let end = after_scheme.find(['?', '#']).unwrap_or(after_scheme.len());
    match &after_scheme[..end] {
        "" => "/",
        path => path,
    }
}

/// Numbers, UUIDs, hashes, mail addresses and the random words that stand for a row of somebody's table.
fn is_id(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return is_mail_address(segment);
    }
    let is_number = digits == bytes.len();
    let is_hex = bytes.len() >= 8 && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    // A word has its digits together; chance mixes them.
    let changes = bytes
        .windows(2)
        .filter(|pair| {
            pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic()
                || pair[0].is_ascii_alphabetic() && pair[1].is_ascii_digit()
        })
        .count();
    let is_random = bytes.len() >= 16
        && changes >= 3
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    is_number || is_hex || is_random || is_mail_address(segment)
}

fn is_mail_address(segment: &str) -> bool {
    segment.contains('@') && segment.len() > 1 && !segment.starts_with('@') || segment.contains("%40")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_collapsed_and_words_stay() {
        for (url, expected) in [
            ("https://shop.example.com/orders/4711?x=1#y", "/orders/{id}"),
            ("https://shop.example.com", "/"),
            ("https://shop.example.com?x=/a/1", "/"),
            (
                "/users/6f1d9c1e-8c1b-4a55-9a51-1d2c3b4a5f60/edit",
                "/users/{id}/edit",
            ),
            ("/b/507f1f77bcf86cd799439011", "/b/{id}"),
            ("/b/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/b/{id}"),
            ("/b/V1StGXR8_Z5jdHi6B-myT", "/b/{id}"),
            ("/u/joe@example.com", "/u/{id}"),
            ("/u/joe%40example.com", "/u/{id}"),
            ("/@joe/posts", "/@joe/posts"),
            (
                "/articles/10-ways-to-win-in-2026",
                "/articles/10-ways-to-win-in-2026",
            ),
            ("/v2/products/iphone-15-pro", "/v2/products/iphone-15-pro"),
            ("/deadbeef", "/deadbeef"),
            ("/a//b/", "/a//b/"),
            ("file:///C:/x/1.html", "/C:/x/1.html"),
            ("", "/"),
        ] {
            assert_eq!(page(url), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_page_of_bounded_length(url in r"([/:?#.]|\PC){0,400}") {
            prop_assert!(page(&url).len() <= PAGE_BYTES);
        }
    }
}
