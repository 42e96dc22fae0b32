"""A PostgreSQL and a Valkey for a machine that has neither: `make run` and the tests use them.

The servers' programs come out of wheels; this package starts them, and nothing else does:

- `homes`: the folders of the servers, and which user owns them;
- `programs`: where the programs lie, and the user they run as;
- `postgres`, `valkey`: how each server is prepared, started and stopped;
- `keeper`: the process that holds both servers for as long as somebody needs them;
- `client`: what the runner, the settings of this machine and the tests call.

Both servers listen on unix sockets in a folder that only their owner may enter: no port, no password.
Only the standard library is imported here, so the keeper starts fast and needs no settings.
"""

from .client import EmbeddedServers, EmbeddedServersError, running_addresses
from .homes import Home

__all__ = ["EmbeddedServers", "EmbeddedServersError", "Home", "running_addresses"]
