"""Names the route that a request took, for a label: its template with the prefix it is mounted under, never its path.

Frameworks leave what they matched in the scope. Nothing of Starlette or FastAPI is imported.
"""

from collections.abc import Mapping
from typing import Any

UNMATCHED = "<unmatched>"

# By the route's identity, with what the template was made of; the route is kept, so that no other gets its identity. Most
# requests take a route that is known, not mounted.
_known: dict[int, tuple[str, Any, Any]] = {}
_MOST_KNOWN = 10_000


def endpoint_of(scope: Mapping[str, Any], root_before: str) -> str:
    """`root_before` is the prefix under which a proxy shows the application; the rest of it came from mounts."""
    try:
        endpoint, context, _ = _known[id(scope["route"])]
        if scope["root_path"] == root_before and context is (_context_of(scope) if "fastapi" in scope else None):
            return endpoint
    except Exception:  # noqa: S110 # not known yet, or a framework that leaves something else there
        pass
    try:
        return _endpoint_of(scope, root_before)
    except Exception:  # as above
        return UNMATCHED


def _context_of(scope: Mapping[str, Any]) -> Any:
    """What FastAPI knows of how a router was included, if the route is in one that was."""
    return (scope.get("fastapi") or {}).get("effective_route_context")


def _endpoint_of(scope: Mapping[str, Any], root_before: str) -> str:
    route = scope.get("route")
    template = None if route is None or hasattr(route, "routes") else _template(route, scope)
    root = scope.get("root_path", "")
    if len(root) > len(root_before):
        return _mounted(root[len(root_before) :], template, scope)
    if template is not None:
        if len(_known) < _MOST_KNOWN:
            _known[id(route)] = template, _context_of(scope), route
        return template
    if "endpoint" not in scope or hasattr(scope["endpoint"], "routes"):
        return UNMATCHED
    # Older versions of Starlette tell the endpoint and the parameters, but not the route.
    path = scope["path"].removeprefix(root_before) or "/"
    return _with_names(path, scope.get("path_params") or {}) or _name_of(scope["endpoint"])


def _template(route: Any, scope: Mapping[str, Any]) -> str | None:
    # A route of an included router knows its own part only; the whole is in the context of the inclusion.
    context = _context_of(scope)
    if context is not None:
        for owner in (context, getattr(context, "starlette_route", None)):
            whole = getattr(owner, "path", None)
            if isinstance(whole, str) and (owner is route or getattr(context, "original_route", None) is route):
                return whole
    template = getattr(route, "path", None)
    return template if isinstance(template, str) else None


def _mounted(root: str, template: str | None, scope: Mapping[str, Any]) -> str:
    endpoint = scope.get("endpoint")
    if template is None and hasattr(endpoint, "routes"):
        return UNMATCHED
    parameters = scope.get("path_params") or {}
    if template is not None:
        # Those of the route itself are named already.
        parameters = {
            name: value for name, value in parameters.items() if f"{{{name}}}" not in template and f"{{{name}:" not in template
        }
        prefix = _with_names(root, parameters)
        return f"{prefix}{template}" if prefix else _name_of(endpoint)
    if endpoint is None:
        return UNMATCHED
    prefix = _with_names(root, parameters)
    if prefix is None:
        return _name_of(endpoint)
    return prefix


def _with_names(path: str, parameters: Mapping[str, Any]) -> str | None:
    """The path with `{name}` in the place of each value; None when a value does not stand in it as it is."""
    for name, value in parameters.items():
        segment = f"/{value}"
        at = path.find(segment)
        while at >= 0 and path[at + len(segment) : at + len(segment) + 1] not in ("", "/"):
            at = path.find(segment, at + 1)
        if at < 0:
            return None
        path = f"{path[:at]}/{{{name}}}{path[at + len(segment) :]}"
    return path


def _name_of(endpoint: object) -> str:
    return f"<{getattr(endpoint, '__qualname__', None) or type(endpoint).__qualname__}>"
