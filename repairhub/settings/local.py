"""The demo on one machine: `make run`. Never for a machine that others can reach."""

import os
from pathlib import Path

from repairhub.ops.embedded import running_addresses

# Beside `make run`, a command needs to be told no address. Here and not in manage.py: other settings must
# never end up on the demo's database. Before the rest is read: broker and cache are made of these addresses.
for _name, _address in running_addresses(Path(__file__).resolve().parent.parent.parent).items():
    os.environ[_name] = os.environ.get(_name) or _address

from .base import *  # noqa: E402
from .base import env  # noqa: E402

DEBUG = env.bool("DEBUG", default=False)
DEMO = True
# A demo on the loopback address: its keys are no secrets.
SECRET_KEY = "demo-only-key-of-a-server-on-the-loopback-address"  # noqa: S105
FERNET_KEYS = ["Zm9yLXRoZS1kZW1vLW9ubHktb24tbG9vcGJhY2shISE="]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
# Static files come from where they lie: nothing to collect before a start.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None
