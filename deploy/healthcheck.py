"""A container's health check: asks /readyz from inside, under a host name that the settings allow."""

import os
import sys
import urllib.error
import urllib.request

host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".*")
request = urllib.request.Request("http://127.0.0.1:8000/readyz", headers={"Host": host or "localhost"})
try:
    with urllib.request.urlopen(request, timeout=8) as answer:  # noqa: S310 (our own address)
        sys.exit(0 if answer.status == 200 else 1)
except (urllib.error.URLError, TimeoutError) as error:
    sys.exit(f"not ready: {error}")
