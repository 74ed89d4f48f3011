"""Any ASGI application: wrap it in the middleware."""

from .._asgi import MonlightMiddleware
from .._setup import Clients, make_clients

__all__ = ["Clients", "MonlightMiddleware", "make_clients"]
