//! Serves the web UI that is inside the binary.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Problem;

const SHELL: &str = "index.html";
/// Nothing inline, nothing from elsewhere, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What a service answers that was built without its UI.
const UNBUILT_SHELL: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Monlight</title></head>\
    <body class=\"unbuilt\"><main class=\"notice\"><h1>Monlight</h1><p>This service was built without its web \
    interface. Run <code>make ui</code> and build again; the API works as it is.</p></main></body></html>";

/// The fallback of every service: the UI's files, its shell for any other page, 404 for unknown API routes.
pub async fn serve<A: RustEmbed>(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" {
        return Problem::not_found("no such route").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        let allowed = HeaderValue::from_static("GET, HEAD");
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here")
            .with_header(header::ALLOW, allowed)
            .into_response();
    }
    // Compressed variants are chosen, never asked for by name.
    let is_variant = path.ends_with(".br") || path.ends_with(".gz");
    if !path.is_empty() && !is_variant && A::get(path).is_some() {
        return file_response::<A>(path, &headers);
    }
    if path.starts_with("assets/") || path.contains('.') && path != SHELL {
        return Problem::not_found("no such file").into_response();
    }
    file_response::<A>(SHELL, &headers)
}

fn file_response<A: RustEmbed>(path: &str, request: &HeaderMap) -> Response {
    let Some((file, encoding)) = best_variant::<A>(path, request) else {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        return ([(header::CONTENT_TYPE, html)], UNBUILT_SHELL).into_response();
    };
    let hash = file.metadata.sha256_hash();
    let etag = format!(
        "\"{}\"",
        hash[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = if matches_etag(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data).into_response()
    };
    let headers = response.headers_mut();
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if mime.type_() == "text" {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_string()
    };
    for (name, value) in [
        (header::CONTENT_TYPE, kind.as_str()),
        (header::CACHE_CONTROL, cache),
        (header::ETAG, etag.as_str()),
        (header::VARY, "Accept-Encoding"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn best_variant<A: RustEmbed>(
    path: &str,
    request: &HeaderMap,
) -> Option<(EmbeddedFile, Option<&'static str>)> {
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if accepts(request, encoding)
            && let Some(file) = A::get(&format!("{path}.{suffix}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    A::get(path).map(|file| (file, None))
}

fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let Some(value) = request
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    value.split(',').any(|part| {
        let mut parts = part.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|part| {
            part.strip_prefix("q=")
                .is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
        });
        named && !refused
    })
}

fn matches_etag(request: &HeaderMap, etag: &str) -> bool {
    let value = request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value
            .split(',')
            .any(|part| part.trim().trim_start_matches("W/") == etag || part.trim() == "*")
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    struct Files;

    impl RustEmbed for Files {
        fn get(path: &str) -> Option<EmbeddedFile> {
            let data: &'static [u8] = match path {
                "index.html" => b"<p>plain",
                "index.html.br" => b"brotli",
                "assets/app-1a2b.js" => b"script",
                "assets/app-1a2b.js.gz" => b"gzipped",
                _ => return None,
            };
            let hash = [data.len() as u8; 32];
            Some(EmbeddedFile {
                data: Cow::Borrowed(data),
                metadata: rust_embed::Metadata::__rust_embed_new(hash, None, None),
            })
        }

        #[expect(refining_impl_trait, reason = "the derive does the same")]
        fn iter() -> rust_embed::Filenames {
            unreachable!("the handler never lists files")
        }
    }

    async fn get(path: &str, accept: &str) -> (u16, HeaderMap, String) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(accept).unwrap());
        let response = serve::<Files>(Method::GET, path.parse().unwrap(), headers).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8(bytes.to_vec()).unwrap(),
        )
    }

    #[tokio::test]
    async fn the_best_variant_that_the_browser_accepts_is_sent() {
        for (path, accept, status, body) in [
            ("/", "gzip, br", 200, "brotli"),
            ("/", "br;q=0, identity", 200, "<p>plain"),
            ("/assets/app-1a2b.js", "gzip;q=0.5, br", 200, "gzipped"),
            ("/assets/app-1a2b.js", "", 200, "script"),
            ("/some/page", "", 200, "<p>plain"),
        ] {
            let (got_status, headers, got_body) = get(path, accept).await;
            assert_eq!((got_status, got_body.as_str()), (status, body), "{path} {accept}");
            assert_eq!(headers["vary"], "Accept-Encoding");
            assert!(headers.contains_key("etag"));
        }
    }

    #[tokio::test]
    async fn hashed_files_are_kept_for_ever_and_the_shell_is_not() {
        assert!(
            get("/assets/app-1a2b.js", "").await.1["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        assert_eq!(get("/", "").await.1["cache-control"], "no-cache");
    }

    #[tokio::test]
    async fn what_is_not_there_is_404_and_not_the_shell() {
        for path in [
            "/assets/gone.js",
            "/favicon.ico",
            "/api/nothing",
            "/index.html.br",
        ] {
            assert_eq!(get(path, "br").await.0, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn a_known_etag_saves_the_body() {
        let (_, headers, _) = get("/", "").await;
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, headers["etag"].clone());

        let response = serve::<Files>(Method::GET, "/".parse().unwrap(), request).await;

        assert_eq!(response.status(), 304);
    }
}
