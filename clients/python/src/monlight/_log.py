"""The SDK's own voice: what is dropped and why at debug level, what needs somebody's attention once as a warning."""

import logging

logger = logging.getLogger("monlight")
# Without a handler of the host's, Python would print warnings itself; they are the host's to show.
logger.addHandler(logging.NullHandler())
