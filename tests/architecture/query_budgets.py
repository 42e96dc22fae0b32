"""How many queries each list page may cost, whatever number of rows there are. A new list joins this table.

Sessions and sign-in are part of a page's cost. The test opens each with 20 rows and with 2,000 of what it
lists (1,000 where they lie in one engineer's day) and wants the same number, and no more than this.
"""

BUDGETS: dict[str, int] = {
    "board": 12,
    "board_export": 9,
    "engineer_day": 10,
    "own_certificates": 12,
    "qualifications": 14,
    "qualifications_csv": 13,
    "van_stock": 17,
    "engineer_requests": 6,
    "desk_requests": 8,
    "claims": 10,
    "claims_csv": 8,
    "demo_messages": 3,
    "book": 3,
    "api_cities": 1,
    "api_device_models": 1,
    "api_repairs": 5,
    "api_windows": 16,
}

# Every list of the admin, which shows 50 or 100 rows a page. Those of what grows with the business (GROWING
# in the test) are opened with 20 rows and with 120; those of settings and of the short tables once, with the
# rows of a workshop that has just opened.
ADMIN_LIST = 14
