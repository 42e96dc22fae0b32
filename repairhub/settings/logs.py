"""Logs: one event per line, as JSON in production and as plain words elsewhere."""

import re
from typing import Any

import structlog

# An order's link opens the order: its token (32 characters) and one in a query are no business of a log.
TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{32}(?=[/?\s'\"]|$)|(?<=token=)[^&\s'\"]+")


def hide_tokens(logger: Any, name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: every text of the event without tokens."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = TOKEN.sub("[token]", value)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    hide_tokens,
]


def logging_settings(*, as_json: bool, requests: str) -> dict[str, Any]:
    """Django's LOGGING; structlog is set up to go the same way. `requests` is the level of request lines."""
    formatter = structlog.stdlib.ProcessorFormatter
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, formatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # Tracebacks without the values of variables: they hold codes and addresses of people.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderers: list[Any] = [formatter.remove_processors_meta, plain]
    if as_json:
        renderers = [
            formatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": formatter,
                "processors": renderers,
                "foreign_pre_chain": [*SHARED, structlog.stdlib.ExtraAdder()],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {"django_structlog": {"level": requests}},
    }
