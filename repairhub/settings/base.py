"""What local, test and production settings share."""

import re
from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _

from .admin_look import UNFOLD as UNFOLD
from .logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

DEBUG = False
DEMO = False  # True shows the demo's pages: sign-ins and every message that left

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rules.apps.AutodiscoverRulesConfig",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_fsm",
    "simple_history",
    "phonenumber_field",
    "django_htmx",
    "template_partials",
    "crispy_forms",
    "crispy_bootstrap5",
    "js_lib_bootstrap5",
    "js_lib_leaflet",
    "heroicons",
    "csp",
    "django_structlog",
    "repairhub.core",
    "repairhub.places",
    "repairhub.notifications",
    "repairhub.accounts",
    "repairhub.sla",
    "parts",
    "engineers",
    "orders",
    "warranty",
    "repairhub.ops",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "repairhub.core.middleware.AdminPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "repairhub.core.middleware.DomainErrorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]

ROOT_URLCONF = "repairhub.urls"
WSGI_APPLICATION = "repairhub.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "repairhub.ops.context.site",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "repairhub.core.templatetags.repairhub",
                "template_partials.templatetags.partials",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# One PostgreSQL dialect everywhere; the address comes from the environment.
DATABASES = {
    "default": {
        **env.db("DATABASE_URL", default="postgres://repairhub:@/repairhub"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "repairhub.core.caches.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        # a request may lose less than a second to a Redis that is silent
        "OPTIONS": {"socket_connect_timeout": 0.4, "socket_timeout": 0.4},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- who may come in ------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "repairhub.accounts.backends.StaffBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Staff sign in with phone or mail address and password, TOTP where set up. Nobody signs up, nothing but a
# password (with TOTP) opens a session: no log-in by code, no reset by mail. Limits of allauth: 30 attempts a
# minute from one address, 5 failures in 5 minutes for one name.
ACCOUNT_ADAPTER = "repairhub.accounts.sign_in.StaffAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"phone", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PHONE_VERIFICATION_ENABLED = False
ACCOUNT_LOGIN_BY_CODE_ENABLED = False
ACCOUNT_SESSION_REMEMBER = False
MFA_ADAPTER = "repairhub.accounts.sign_in.SealedSecrets"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "RepairHub"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "staff_home"
LOGOUT_REDIRECT_URL = "home"

# --- language, zone, money ------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
PHONENUMBER_DEFAULT_REGION = "CN"
PHONENUMBER_DB_FORMAT = "E164"

# --- files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT: Path | None = BASE_DIR / "var" / "static"
MEDIA_URL = "/media/"  # never served as files: views check who may see a photo
MEDIA_ROOT = BASE_DIR / "var" / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
PHOTO_MAX_BYTES = 10 * 1024 * 1024
PHOTO_MAX_PIXELS = 40_000_000

# --- maps: without tiles unless an address is set, as in https://tiles.example.com/{z}/{x}/{y}.png ---
MAP_TILE_URL = env.str("MAP_TILE_URL", default="")
MAP_TILE_CREDIT = env.str("MAP_TILE_CREDIT", default="")  # whom the map has to name
TILE_ORIGINS = re.findall(r"^https?://[^/{}]+", MAP_TILE_URL)

# --- headers --------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *TILE_ORIGINS],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}
# The admin's look (Unfold, with Alpine) needs inline styles and eval; nothing from another host.
ADMIN_CONTENT_SECURITY_POLICY = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF, "data:"],
    "object-src": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
PERMISSIONS_POLICY: dict[str, str | list[str]] = {
    "camera": "self",
    "geolocation": "self",
    "microphone": [],
    "payment": [],
    "usb": [],
}
X_FRAME_OPTIONS = "DENY"
TRUSTED_PROXIES = 0  # how many proxies of ours stand in front and are believed in X-Forwarded-For
SECURE_REFERRER_POLICY = "same-origin"

# --- API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # Closed by default: a public endpoint says so itself.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "repairhub.core.api_schema.RefusalSchema",
    "EXCEPTION_HANDLER": "repairhub.core.api.handle_exception",
    "COERCE_DECIMAL_TO_STRING": True,
    # calls of one address; costly ones ask the dispatch engine
    "DEFAULT_THROTTLE_RATES": {"anon": "600/min", "costly": "120/min"},
}
SPECTACULAR_SETTINGS = {
    "TITLE": "RepairHub",
    "DESCRIPTION": (
        "Book a phone repair at the door and follow it.\n\n"
        "1. `device-models/`, `repairs/` and `windows/` say what can be booked, for how much, and when.\n"
        "2. `phone-codes/` and `phone-proofs/` prove the customer's phone or mail address.\n"
        "3. `orders/` books once for each `Idempotency-Key`: send the same request again whenever unsure.\n"
        "4. `orders/{reference}/` shows the order to whoever holds its token.\n"
        "5. `plan-runs/` is the dispatch desk's, in a signed-in session: ask, look, apply or cancel.\n\n"
        "Sentences are in the language of `Accept-Language` (`en`, `zh-hans`), times in the city's zone, "
        "money in CNY. Every refusal has the one shape of `RefusalAnswer`."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "OrderStatusEnum": "orders.states.OrderStatus",
        "VisitStatusEnum": "engineers.states.VisitStatus",
        "PlanRunStatusEnum": "engineers.states.PlanRunStatus",
        "RefusalTypeEnum": "repairhub.core.api_schema.REFUSAL_TYPES",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Celery on Redis: Redis is only the bell, what must happen is a row in PostgreSQL -------
# The numbers are those under which no task was lost or stuck when a worker, its child or Redis died:
# the visibility timeout lies above the time limit, and lost messages are looked for every few seconds.
# Celery has a word of its own for a Redis on a unix socket.
CELERY_BROKER_URL = re.sub(r"^unix://(.*?)(\?db=(\d+))?$", r"redis+socket://\1?virtual_host=\3", REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 110
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- messages -------------------------------------------------------------------------------
# channel -> class that delivers; the sandbox keeps what it delivered for the demo's page
NOTIFICATION_CHANNELS = {
    "sms": "repairhub.notifications.channels.SandboxChannel",
    "email": "repairhub.notifications.channels.SandboxChannel",
}
EMAIL_TIMEOUT = 20  # seconds for one operation of the socket; a message's lease covers the whole task
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="RepairHub <noreply@repairhub.example>")

# --- booking --------------------------------------------------------------------------------
BOOKING_DAYS = 14  # arrival windows are offered this many days ahead
BOOKING_LEAD_MINUTES = 90  # the first window offered starts at least this long after the booking
OPENING_DAYS = 3  # on so many days a worker looks for windows that moving others would open
OPENING_ROUNDS = 400  # rounds of the search for each of them: a fifth of a second of CPU in a full city
REMINDER_MINUTES = 60  # the customer is reminded this long before the promised window
BOOKING_SLACK_MINUTES = 25  # kept free in what is offered: 97 of 100 arrive in time then (docs/decisions/007)
PLAN_CHANGE_MINUTES = 20  # so much driving must be saved before a customer gets another engineer than named
# a server with OSRM's table service, such as http://127.0.0.1:5000; empty: the straight line's times
OSRM_URL = env.str("OSRM_URL", default="")
OSRM_TIMEOUT_SECONDS = 1.0
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")

LOGGING = logging_settings(as_json=False, requests="WARNING")
