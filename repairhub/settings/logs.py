"""Logs: one event per line, as JSON in production and as plain words elsewhere."""

import re
from typing import Any

import structlog

# An order's link opens the order: its token (32 characters) and one in a query are no business of a log.
TOKEN = re.compile(
    r"(?<=/)[A-Za-z0-9_-]{32}(?=[/?\s'\"]|$)|(?<=token=)[^&\s'\"]+|(?<=['\"]token['\"]: ['\"])[^'\"]+"
)
# What structlog hands from one processor to the next, and numbers: left as they are.
OF_STRUCTLOG = {"_record", "_from_structlog", "exc_info", "stack_info"}
PLAIN = (bool, int, float, type(None))


def hide_tokens(logger: Any, name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: every value of the event without tokens, objects as their text.

    A request that came as an object (Django adds it to its records) is left out: the event names its path.
    """
    if not isinstance(event.get("request", ""), str):
        del event["request"]
    for key, value in event.items():
        if key not in OF_STRUCTLOG:
            event[key] = _without_tokens(value)
    return event


def _without_tokens(value: Any) -> Any:
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, dict):
        return {str(key): _without_tokens(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_tokens(each) for each in value]
    return TOKEN.sub("[token]", str(value))


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
            hide_tokens,  # tracebacks quote the arguments of views
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": formatter,
                "processors": renderers,
                "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *SHARED],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django_structlog": {"level": requests},
            # there, a check that says no is a warning with a traceback; /readyz logs it in one line
            "health_check": {"level": "ERROR"},
        },
    }
