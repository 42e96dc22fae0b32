"""Starts the product on one machine (`make run`).

- `bootstrap`: by any Python 3, with the standard library alone: the virtual environment and its libraries;
- `runner`: in that environment: embedded servers, preparation, then web, worker and beat until Ctrl-C;
- `prepare`: one short process with Django: is the database there, migrations, demo data;
- `watchdog`: ends what is left where the runner was killed without a chance to.
"""
