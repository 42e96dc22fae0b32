"""The demo on one machine: `make run`. Never for a machine that others can reach."""

from .base import *
from .base import env

DEBUG = env.bool("DEBUG", default=False)
DEMO = True
# A demo on the loopback address: its keys are no secrets.
SECRET_KEY = "demo-only-key-of-a-server-on-the-loopback-address"  # noqa: S105
FERNET_KEYS = ["Zm9yLXRoZS1kZW1vLW9ubHktb24tbG9vcGJhY2shISE="]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
# Static files come from where they lie: nothing to collect before a start.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None
