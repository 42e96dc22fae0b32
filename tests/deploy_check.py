"""`check --deploy` on the production settings, with throw-away secrets.

python -m tests.deploy_check
"""

import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def production_environment(**values: str) -> dict[str, str]:
    """An environment in which the production settings load; `values` replace single variables."""
    secrets = {
        "DJANGO_SETTINGS_MODULE": "repairhub.settings.production",
        "SECRET_KEY": urlsafe_b64encode(os.urandom(48)).decode(),
        "FERNET_KEYS": urlsafe_b64encode(os.urandom(32)).decode(),
        "DATABASE_URL": "postgres://repairhub:unused@127.0.0.1:1/repairhub",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOWED_HOSTS": "repair.example.com",
        "PUBLIC_URL": "https://repair.example.com",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
        "DEFAULT_FROM_EMAIL": "RepairHub <noreply@repair.example.com>",
    }
    return {**os.environ, **secrets, **values}


if __name__ == "__main__":
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    sys.exit(subprocess.run(command, cwd=CHECKOUT, env=production_environment(), check=False).returncode)
