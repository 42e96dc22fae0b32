"""The production web server. WEB_CONCURRENCY and WEB_THREADS change its size."""

import os

bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")  # inside its container
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
# One import for all workers: less memory, and a missing secret ends the start instead of repeating it.
preload_app = True
worker_tmp_dir = "/dev/shm"  # noqa: S108 (heartbeats must not wait for a disk)
timeout = 60
graceful_timeout = 30
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
loglevel = "warning"  # requests are logged by the product, as JSON
