"""A server that others can reach. Every secret and address comes from the environment; none has a default.

.env.example lists them; docs/how-to/deploy.md says how they fit together. TLS ends at a proxy in front, which
sets X-Forwarded-Proto and X-Forwarded-For.
"""

import sys

from cryptography.fernet import Fernet

from .base import *
from .base import BASE_DIR, MIDDLEWARE, env
from .logs import logging_settings

REQUIRED = {
    "SECRET_KEY": "50 characters or more that nobody can guess",
    "FERNET_KEYS": "keys that seal one-time codes, separated by commas, the newest first",
    "DATABASE_URL": "postgres://user:password@host/name",
    "REDIS_URL": "redis://host:6379/0",
    "ALLOWED_HOSTS": "the host names of this server, separated by commas",
    "PUBLIC_URL": "where customers reach it, as in https://repair.example.com",
    "EMAIL_URL": "smtp+tls://user:password@host:587",
    "DEFAULT_FROM_EMAIL": "the sender of our mail, as in RepairHub <noreply@repair.example.com>",
}
missing = [name for name in REQUIRED if not env.str(name, default="").strip()]
if missing:
    # No exception with a traceback: whoever starts the server reads what to set, a line for each.
    sys.exit("\n".join(f"RepairHub cannot start: {name} is not set ({REQUIRED[name]})." for name in missing))

DEBUG = False
DEMO = False
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
FERNET_KEYS = env.list("FERNET_KEYS")
try:
    for key in FERNET_KEYS:
        Fernet(key)
except ValueError:
    sys.exit("RepairHub cannot start: FERNET_KEYS holds something else than 32 bytes in URL-safe base64.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
PUBLIC_URL = env.str("PUBLIC_URL").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- messages: mail by SMTP; text messages where an operator's gateway is named -------------
NOTIFICATION_CHANNELS = {"email": "repairhub.notifications.channels.SmtpChannel"}
if env.str("SMS_CHANNEL", default=""):
    NOTIFICATION_CHANNELS["sms"] = env.str("SMS_CHANNEL")
vars().update(env.email_url("EMAIL_URL"))
SERVER_EMAIL = DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL")

# --- TLS ends at the proxy; what comes over plain HTTP is sent to HTTPS ---------------------
MIDDLEWARE = ["repairhub.ops.proxy.ClientAddressMiddleware", *MIDDLEWARE]
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked from inside, without the proxy
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True

# --- files ----------------------------------------------------------------------------------
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "var" / "static"))
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = logging_settings(as_json=True, requests="INFO")
