"""The project. The Celery app is loaded with it, so that tasks find it wherever they are called from."""

from repairhub.celery import app as celery_app

__all__ = ["celery_app"]
