"""Tests: the demo's settings on throw-away servers, with a fast password hasher."""

from .local import *
from .local import BASE_DIR, DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = BASE_DIR / "var" / "test-media"
# A thread of the live server lives as long as a browser keeps its socket, and held a session all that time:
# a database that is dropped at the end of the run must have none.
DATABASES["default"]["CONN_MAX_AGE"] = 0
