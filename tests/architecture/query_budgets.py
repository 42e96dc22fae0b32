"""How many queries each list page may cost, whatever number of rows there are. A new list joins this table.

Sessions and sign-in are part of a page's cost. The test opens each with 20 rows and with 2,000 and wants the
same number, and no more than this.
"""

BUDGETS: dict[str, int] = {
    "board": 28,
    "board_export": 12,
    "engineer_day": 10,
    "claims": 10,
    "claims_csv": 8,
    "demo_messages": 3,
    "book": 3,
    "api_cities": 1,
    "api_device_models": 1,
    "api_repairs": 5,
    "api_windows": 16,
}

# every list of the admin
ADMIN_LIST = 14
