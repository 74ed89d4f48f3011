"""Errors and metrics of Python back ends, for Monlight.

Importing it starts nothing. Integrations are in `monlight.integrations`, one module for each framework.
"""

from ._context import add_breadcrumb, set_extra, set_user
from ._errors import ErrorClient
from ._metrics import MetricsClient
from ._version import __version__

__all__ = ["ErrorClient", "MetricsClient", "__version__", "add_breadcrumb", "set_extra", "set_user"]
