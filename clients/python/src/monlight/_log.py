"""The SDK's own voice: what is dropped and why at debug level, what needs somebody's attention once as a warning."""

import logging

# Where the host sets no logging up, Python itself prints warnings to stderr, and that is right: they say that data is lost.
logger = logging.getLogger("monlight")
