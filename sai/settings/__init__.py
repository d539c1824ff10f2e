"""Django's settings. Values that differ between installations come from `sai.env`."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sai.env import ROOT, env
from sai.settings.policies import *  # noqa: F403
from sai.settings.wiring import *  # noqa: F403

BASE_DIR = ROOT
SECRET_KEY = env.key
DEBUG = env.debug
ALLOWED_HOSTS = env.allowed_hosts or [
    "localhost",
    "127.0.0.1",
    "[::1]",
    ".localhost",
    urlsplit(env.base_url).hostname or "localhost",
]

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "channels",
    "django_celery_beat",
    "common",
    "accounts",
    "notifications",
    "recordings",
    "recognition",
    "conferences",
    "analytics",
    "sai",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "common.content_policy.ContentPolicyMiddleware",
    "common.private_answers.PrivateAnswersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "sai.urls"
ASGI_APPLICATION = "sai.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _pool() -> dict[str, Any]:
    size = env.database_pool
    return {"pool": {"min_size": 2, "max_size": size, "timeout": 10}} if size else {}


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url or "postgresql://sai@127.0.0.1:5432/sai")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        # Under ASGI every request has a thread, and so a connection, of its own: there a pool.
        "CONN_MAX_AGE": 0 if env.database_pool else 600,
        "CONN_HEALTH_CHECKS": True,
        # The pipeline's own statements are prepared: half again as many jobs a second.
        "OPTIONS": {"connect_timeout": 5, "prepare_threshold": 2, **_pool()},
    }


DATABASES = {"default": _database(env.servers[0])}
REDIS_URL = env.servers[1] or "redis://127.0.0.1:6379/0"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "recordings"
LOGOUT_REDIRECT_URL = "login"
CSRF_FAILURE_VIEW = "recordings.pages.errors.csrf_refused"

LANGUAGE_CODE = env.language
LANGUAGES = [("ru", "Русский"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.timezone
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Finders serve straight from the packages; a container collects into STATIC_ROOT first.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# An upload goes to a file on the storage's own disk: publishing it is then one rename.
FILE_UPLOAD_HANDLERS = ["recordings.storage.uploads.IncomingUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 100

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.Allowed"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.Limited"],
    "DEFAULT_RENDERER_CLASSES": ["common.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "common.parsers.OrjsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "common.api.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    # `?format=` belongs to the views: exports name a file format with it.
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "common.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SAI",
    "DESCRIPTION": "Every conversation of a company: recorded, recognised, summarised.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # The same for everybody, whatever token somebody shows.
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.openapi.describe_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RecordingStatusEnum": "recordings.choices.RecordingStatus",
        "RunStatusEnum": "recordings.choices.RunStatus",
        "StepStatusEnum": "recordings.choices.StepStatus",
        "RecordingKindEnum": "recordings.choices.Kind",
        "TrackStatusEnum": "recordings.choices.TrackStatus",
        "RightEnum": "recordings.choices.Right",
        "TokenKindEnum": "accounts.choices.TokenKind",
        "RoleEnum": "accounts.choices.Role",
        "ConferenceRoleEnum": "conferences.choices.ConferenceRole",
        "ConnectionAccessEnum": "conferences.choices.ConnectionAccess",
        "ConnectionStatusEnum": "conferences.choices.ConnectionStatus",
        "ImportStatusEnum": "conferences.choices.ImportStatus",
        "DownloadStatusEnum": "conferences.choices.DownloadStatus",
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "cpu"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# On a busy machine a pool process may need more than the 4 s after which Celery kills it.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONSUMER = "sai.worker:HintConsumer"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A frozen Redis must not hold anybody for longer than this.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "visibility_timeout": 3600,
}
CELERY_TASK_ACKS_LATE = False
"""Messages are hints: acknowledged early, never redelivered; the work stands in PostgreSQL."""
# Celery closes the connection around every task otherwise; `recordings.tasks` checks its health.
CELERY_DB_REUSE_MAX = 1_000_000
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = TIME_ZONE

SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.https
CSRF_TRUSTED_ORIGINS = [env.base_url]
SECURE_SSL_REDIRECT = env.https
SECURE_HSTS_SECONDS = 31_536_000 if env.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.https else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
X_FRAME_OPTIONS = "DENY"
CORS_ALLOWED_ORIGINS = env.cors_origins
CORS_URLS_REGEX = r"^/(api|v1)/.*$"

ENCRYPTION_KEYS = env.encryption_keys
ACCOUNTS: dict[str, Any] = {
    "api_requests_per_minute": env.api_requests_per_minute,
    "server_access_days": env.user_api_access_hours / 24,
    "server_refresh_days": env.user_api_refresh_days,
    "licence_public_keys": env.licence_public_key,
}
RECORDINGS: dict[str, Any] = {
    "lease_seconds": env.lease_seconds,
    "heartbeat_seconds": env.heartbeat_seconds,
    "sweep_seconds": env.sweep_seconds,
    "poll_seconds": env.poll_seconds,
    "storage": env.storage or str(env.var / "fs"),
    "disk_reserve_bytes": env.disk_reserve_mb * 1024 * 1024,
    "upload_limit_bytes": env.upload_limit_mb * 1024 * 1024,
    "s3": {
        "access_key_id": env.aws_access_key_id,
        "secret_access_key": env.aws_secret_access_key.get_secret_value(),
        "endpoint_url": env.s3_endpoint_url,
        "region": env.aws_region,
    },
    "inbox": str(env.inbox or ""),
    "inbox_owner": env.inbox_owner,
}
RECOGNITION: dict[str, Any] = {
    "engine": env.stt_engine,
    "whisper_model": env.whisper_model,
    "device": env.whisper_device,
    "compute_type": env.whisper_compute_type,
    "models_dir": str(env.models_dir or env.var / "models"),
    "language": env.language_default,
}
ANALYTICS: dict[str, Any] = {
    "url": env.llm_url,
    "model": env.llm_model,
    "api_key": env.llm_api_key.get_secret_value(),
    "context_tokens": env.llm_context_tokens,
    "timeout_seconds": env.llm_timeout_seconds,
}
METRICS_TOKEN = env.metrics_token.get_secret_value()
OUTBOUND_ALLOW = env.outbound_allow
EMAIL_HOST = env.smtp_host
EMAIL_PORT = env.smtp_port
EMAIL_HOST_USER = env.smtp_user
EMAIL_HOST_PASSWORD = env.smtp_password.get_secret_value()
EMAIL_USE_TLS = env.smtp_security == "starttls"
EMAIL_USE_SSL = env.smtp_security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.email_from
VAR_DIR: Path = env.var
PUBLIC_URL = env.base_url
SAMPLE_DIR: Path = ROOT / "samples" / "meeting"

from sai.settings.logs import LOGGING, LOGGING_CONFIG  # noqa: E402, F401
from sai.settings.unfold import UNFOLD  # noqa: E402, F401
