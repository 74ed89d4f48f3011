"""Any WSGI application: wrap it in the middleware."""

from .._setup import Clients, make_clients
from .._wsgi import MonlightWSGIMiddleware

__all__ = ["Clients", "MonlightWSGIMiddleware", "make_clients"]
