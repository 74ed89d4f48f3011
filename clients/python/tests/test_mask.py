"""The rule of the browser relay, case by case."""

import time

import pytest

from monlight._headers import excluded, scrub_headers
from monlight._mask import is_secret, mask
from monlight._plain import scrub


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://x.io/a?token=abc", "https://x.io/a?token=***"),
        ("https://x.io/a?page=2&accessToken=abc&sort=up", "https://x.io/a?page=2&accessToken=***&sort=up"),
        ("/a?api_key=1", "/a?api_key=***"),
        ("/a?APIKey=1&X-Amz-Signature=2&SIG=3", "/a?APIKey=***&X-Amz-Signature=***&SIG=***"),
        ("/a?user.password=1;pwd=2", "/a?user.password=***;pwd=***"),
        ("/a?user%5Bpassword%5D=1", "/a?user%5Bpassword%5D=***"),
        ("/a?code=1&zip_code=2&postcode=3", "/a?code=***&zip_code=2&postcode=3"),
        ("/a?monkey=1&keyboard=2&author=3&sessions=4", "/a?monkey=1&keyboard=2&author=3&sessions=4"),
        ("/a?session_id=1&sid=2&PHPSESSID=3", "/a?session_id=***&sid=***&PHPSESSID=3"),
        ("/a?token", "/a?token"),
        ("/a?token=&x=1", "/a?token=&x=1"),
        ("https://x.io/#access_token=abc&state=1", "https://x.io/#***"),
        ("https://x.io/a?x=1#chapter-2", "https://x.io/a?x=1#chapter-2"),
        ("https://x.io/#/route?tab=1&token=2", "https://x.io/#/route?tab=1&token=***"),
        ("https://joe:secret@x.io/a", "https://joe:***@x.io/a"),
        ("https://joe@work:se:cr@t@x.io/a", "https://joe@work:***@x.io/a"),
        ("https://x.io:8080/a?token=1", "https://x.io:8080/a?token=***"),
        ("postgres://joe:secret@db:5432/shop", "postgres://joe:***@db:5432/shop"),
        ("mail joe@x.io, a=b", "mail joe@x.io, a=b"),
        ("a token=abc in words", "a token=abc in words"),
        ("https://x.io/a?x=1?token=2", "https://x.io/a?x=1?token=***"),
        ("users?jwt=abc", "users?jwt=***"),
        ("/a?token=abc&next=https://x.io/b?key=1", "/a?token=***&next=https://x.io/b?key=***"),
        ("a?sid=1#https://x.io", "a?sid=***#https://x.io"),
        ("/#key=1&u=https://x.io", "/#***"),
        ("see ./a#key=1 and #key=2", "see ./a#*** and #***"),
        ("/a?token=ü&x=é", "/a?token=***&x=é"),
        ("GET https://x.io/b?sig=1 failed, see (/c?key=2:10:55)", "GET https://x.io/b?sig=*** failed, see (/c?key=***:10:55)"),
        ("", ""),
    ],
)
def test_secrets_in_urls_are_masked_and_the_rest_stays(text: str, expected: str) -> None:
    assert mask(text) == expected
    assert mask(expected) == expected, "a second time"


def test_masking_takes_time_in_proportion_to_the_text() -> None:
    begun = time.perf_counter()

    for hostile in ("://" * 100_000, "?a" * 200_000 + "@", "a:" * 200_000 + "@=", "?" + "&;?" * 100_000 + "=", "#=" * 200_000):
        mask(hostile)

    assert time.perf_counter() - begun < 10.0, "quadratic time would take minutes"


@pytest.mark.parametrize(
    "name", ["token", "apiKey", "DB_PASSWORD", "passwd", "x-auth", "JWT", "my.secret", "sid", "code", "Authorization"]
)
def test_a_name_tells_a_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["monkey", "keyboard", "author", "zip_code", "sessions", "design", "passage", ""])
def test_a_name_that_only_looks_like_one_does_not(name: str) -> None:
    assert not is_secret(name)


def test_secrets_in_json_are_masked_at_any_depth() -> None:
    value = {
        "password": "p",
        "deep": [{"apiKey": 1, "url": "/a?token=b", "/b?pwd=1": 1}],
        "token": None,
        "auth": {"user": "joe"},
        "Cookie": "a=b",
        "set-cookie": ["a=b"],
        "n": 1,
    }

    assert scrub(value) == {
        "password": "***",
        "deep": [{"apiKey": "***", "url": "/a?token=***", "/b?pwd=***": "***"}],
        "token": None,
        "auth": "***",
        "Cookie": "***",
        "set-cookie": "***",
        "n": 1,
    }


def test_headers_that_prove_who_somebody_is_are_removed_and_others_lose_their_secrets() -> None:
    sensitive = ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-API-Key", "X-CSRF-Token", "X-Auth-Token"]
    headers: dict[object, object] = dict.fromkeys(sensitive, "SeCrEt")
    headers |= {b"X-Internal": b"SeCrEt", "X-Session-Id": "SeCrEt", "Referer": "https://x.io/?token=SeCrEt", "Accept": "*/*"}

    kept = scrub_headers(headers, excluded(["x-internal"]))

    assert kept == {"X-Session-Id": "***", "Referer": "https://x.io/?token=***", "Accept": "*/*"}
