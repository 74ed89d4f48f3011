//! Keys: who may use the API, compared in constant time, with rotation and a brake on guessing.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use super::problem::Problem;
use super::rate_limit::RateLimiter;
use crate::clock::{DAY_MS, Timestamp};

/// Failures in a minute after which a client's further failures are answered late.
const FREE_FAILURES: u32 = 10;
/// How late they are answered.
const FAILURE_DELAY: Duration = Duration::from_secs(1);
/// Late answers at the same time; beyond that the answer is 429 at once.
const MAX_DELAYED: usize = 64;
/// A browser session's length.
pub(crate) const SESSION_MS: i64 = 30 * DAY_MS;

/// How a request showed that it may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The key itself, in a header (or in the query of an event stream).
    Key,
    /// The cookie of a browser session.
    Cookie,
}

/// A request that may pass; handlers and limits find it in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Which key, as its place in the setting.
    pub key_index: u8,
    /// Key or cookie.
    pub via_cookie: bool,
    /// The client's address.
    pub client: IpAddr,
}

/// The keys of one service.
pub struct Auth {
    keys: Vec<KeyEntry>,
    cookie_name: String,
    failures: RateLimiter<IpAddr>,
    delayed: Semaphore,
}

/// Digests, so that comparing takes the same time whatever the length.
struct KeyEntry {
    digest: [u8; 32],
    session_secret: [u8; 32],
}

impl Auth {
    /// Accepts any of `keys`; `service` names the cookie, because cookies know no ports.
    #[must_use]
    pub fn new(service: &str, keys: &[String]) -> Self {
        let keys = keys
            .iter()
            .map(|key| KeyEntry {
                digest: Sha256::digest(key.as_bytes()).into(),
                session_secret: Sha256::new_with_prefix(b"monlight browser session\0")
                    .chain_update(service.as_bytes())
                    .chain_update(b"\0")
                    .chain_update(key.as_bytes())
                    .finalize()
                    .into(),
            })
            .collect();
        Self {
            keys,
            cookie_name: format!("monlight_{service}"),
            failures: RateLimiter::new(FREE_FAILURES),
            delayed: Semaphore::new(MAX_DELAYED),
        }
    }

    /// Which key this is, if any. Looks at every key, so that the time says nothing.
    #[must_use]
    pub fn key_index(&self, key: &str) -> Option<u8> {
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut found = None;
        for (index, entry) in (0_u8..).zip(&self.keys) {
            if bool::from(entry.digest.ct_eq(&digest)) {
                found = Some(index);
            }
        }
        found
    }

    /// Which key the request carries and how.
    #[must_use]
    pub fn identify(
        &self,
        headers: &HeaderMap,
        query_key: Option<&str>,
        now: Timestamp,
    ) -> Option<(u8, Via)> {
        let presented = header_key(headers).or(query_key);
        if let Some(key) = presented {
            return self.key_index(key).map(|index| (index, Via::Key));
        }
        let cookie = self.cookie_value(headers)?;
        self.check_session(cookie, now).map(|index| (index, Via::Cookie))
    }

    /// Answers a failed attempt: at once for the first few, late for those who keep guessing.
    pub async fn refuse(&self, client: IpAddr) -> Problem {
        let now_ms = Timestamp::now().millis();
        if self.failures.check(client, now_ms).is_err() {
            let Ok(_place) = self.delayed.try_acquire() else {
                return Problem::too_many_requests(60);
            };
            tokio::time::sleep(FAILURE_DELAY).await;
        }
        Problem::unauthorized()
    }

    /// The value of a new session's cookie: when it ends, and a proof that needs the key to make.
    #[must_use]
    pub fn issue_session(&self, key_index: u8, now: Timestamp) -> Option<String> {
        let entry = self.keys.get(usize::from(key_index))?;
        let ends = now.plus_millis(SESSION_MS).millis().to_string();
        let proof = URL_SAFE_NO_PAD.encode(sign(&entry.session_secret, &ends).finalize().into_bytes());
        Some(format!("{ends}.{proof}"))
    }

    /// The cookie's name.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.cookie_name
    }

    fn check_session(&self, cookie: &str, now: Timestamp) -> Option<u8> {
        let (ends, proof) = cookie.split_once('.')?;
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        let in_time = ends.parse::<i64>().is_ok_and(|ends| ends > now.millis());
        let mut found = None;
        for (index, entry) in (0_u8..).zip(&self.keys) {
            if sign(&entry.session_secret, ends).verify_slice(&proof).is_ok() {
                found = Some(index);
            }
        }
        found.filter(|_| in_time)
    }

    fn cookie_value<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            // Cookies know no ports: those of other programs on this host come along, and may be no text.
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
            .find_map(|(name, value)| (name == self.cookie_name).then_some(value))
    }
}

fn header_key(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get("x-api-key") {
        // A key that is no text is a wrong key, not a missing one.
        return Some(value.to_str().unwrap_or_default());
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn sign(secret: &[u8; 32], ends: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(ends.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_772_366_400_000)
    }

    #[test]
    fn either_key_passes_in_either_header() {
        let auth = Auth::new("thing", &["new".into(), "old".into()]);
        for (name, value, expected) in [
            ("x-api-key", "new", Some((0, Via::Key))),
            ("x-api-key", "old", Some((1, Via::Key))),
            ("authorization", "Bearer new", Some((0, Via::Key))),
            ("authorization", "bearer old", Some((1, Via::Key))),
            ("authorization", "Basic new", None),
            ("x-api-key", "ne", None),
            ("x-api-key", "new ", None),
            ("x-api-key", "", None),
        ] {
            assert_eq!(
                auth.identify(&headers(name, value), None, now()),
                expected,
                "{name}: {value}"
            );
        }
        assert_eq!(auth.identify(&HeaderMap::new(), None, now()), None);
        assert_eq!(
            auth.identify(&HeaderMap::new(), Some("old"), now()),
            Some((1, Via::Key))
        );
    }

    #[test]
    fn a_cookie_is_found_beside_one_of_another_that_is_no_text() {
        let auth = Auth::new("thing", &["key".into()]);
        let value = auth.issue_session(0, now()).unwrap();
        let cookies = [b"name=\xc3\xbc; x=\xff; monlight_thing=", value.as_bytes()].concat();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_bytes(&cookies).unwrap());

        assert_eq!(auth.identify(&headers, None, now()), Some((0, Via::Cookie)));
    }

    #[test]
    fn a_session_lasts_thirty_days_and_ends_with_its_key() {
        let auth = Auth::new("thing", &["new".into(), "old".into()]);
        let value = auth.issue_session(1, now()).unwrap();
        let cookie = headers("cookie", &format!("other=1; monlight_thing={value}"));

        assert_eq!(auth.identify(&cookie, None, now()), Some((1, Via::Cookie)));
        assert_eq!(
            auth.identify(&cookie, None, now().plus_millis(SESSION_MS - 1)),
            Some((1, Via::Cookie))
        );
        assert_eq!(auth.identify(&cookie, None, now().plus_millis(SESSION_MS)), None);
        assert_eq!(
            Auth::new("thing", &["new".into()]).identify(&cookie, None, now()),
            None,
            "the key was removed"
        );
        let rotated = Auth::new("thing", &["newer".into(), "new".into(), "old".into()]);
        assert!(
            rotated.identify(&cookie, None, now()).is_some(),
            "the key is still among them"
        );
    }

    #[test]
    fn a_session_cannot_be_forged_or_moved_to_another_service() {
        let auth = Auth::new("thing", &["key".into()]);
        let value = auth.issue_session(0, now()).unwrap();
        let later = format!("9{value}");
        for forged in [
            later.as_str(),
            "",
            ".",
            "1.2.3",
            "99999999999999.AAAA",
            &value[..value.len() - 1],
        ] {
            let cookie = headers("cookie", &format!("monlight_thing={forged}"));
            assert_eq!(auth.identify(&cookie, None, now()), None, "{forged}");
        }
        let other = Auth::new("other", &["key".into()]);
        let cookie = headers("cookie", &format!("monlight_other={value}"));
        assert_eq!(other.identify(&cookie, None, now()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_guessing_is_answered_late() {
        let auth = Auth::new("thing", &["key".into()]);
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        let start = tokio::time::Instant::now();
        for _ in 0..FREE_FAILURES {
            auth.refuse(client).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);

        let problem = auth.refuse(client).await;

        assert_eq!(problem.status(), 401);
        assert!(start.elapsed() >= FAILURE_DELAY);
        let other = tokio::time::Instant::now();
        auth.refuse("192.0.2.2".parse().unwrap()).await;
        assert_eq!(
            other.elapsed(),
            Duration::ZERO,
            "another client is not slowed down"
        );
    }
}
