"""Requests to a server, many at a time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit


def send(url: str, requests: list[tuple[str, str]], at_once: int = 8) -> "Counter[tuple[str, str, int]]":
    """Sends each (method, path), and counts the answers by method, path and status. 0 is no answer."""
    address = urlsplit(url).netloc

    def one(request: tuple[str, str]) -> tuple[str, str, int]:
        method, path = request
        # A connection of its own, so that all workers get some.
        connection = HTTPConnection(address, timeout=20.0)
        try:
            connection.request(method, path, headers={"Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            return method, path, answer.status
        except (OSError, HTTPException):
            return method, path, 0
        finally:
            connection.close()

    with ThreadPoolExecutor(at_once) as pool:
        return Counter(pool.map(one, requests))
