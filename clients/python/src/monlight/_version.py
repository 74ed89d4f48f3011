"""The version, as the package's metadata has it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("monlight")
except PackageNotFoundError:
    # Run from a checkout that is not installed.
    __version__ = "0.0.0"
