"""From a fresh clone to the first page, the second start, and the memory of the web processes after use.

The product runs by `make run` from a clone of the last commit in a temporary folder, on a free port. Use is a
customer who books through the API, an engineer who repairs with a 12-megapixel photo, and the pages of desk
and customers, each several times.
"""

import io
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from PIL import Image

from bench.rows import Row

CHECKOUT = Path(__file__).resolve().parent.parent
PATIENCE = 600
PASSWORD = "repairhub-demo"  # noqa: S105 - the demo's own, printed at every start
CUSTOMER = "13800138123"
ROUNDS = 20


def measure() -> list[Row]:
    """Seconds to the first page (fresh, again), seconds of loading, the largest web process in MB."""
    with tempfile.TemporaryDirectory(prefix="repairhub-bench-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
        with running(clone) as (seconds, _url, log):
            first = seconds
            loading = float(re.findall(r"ready after ([\d.]+) s", log.read_text())[-1])
        with running(clone) as (seconds, url, _log):
            second = seconds
            use(url)
            memory = largest_web_process(clone)
    return [
        Row("make run to the first page, fresh clone", first, "s", 180),
        Row("loading the demo data", loading, "s", 30),
        Row("make run to the first page, second time", second, "s", 15),
        Row("largest web process after use (RSS)", memory, "MB", 120),
    ]


@contextmanager
def running(clone: Path) -> Iterator[tuple[float, str, Path]]:
    """`make run` in that folder: seconds until the first page, its address, the log. Stopped by TERM."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = clone.parent / f"run-{port}.log"
    started = time.monotonic()
    environment = {
        k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "VIRTUAL_ENV")
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}"], cwd=clone, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        while not _answers(url):
            if process.poll() is not None or time.monotonic() - started > PATIENCE:
                raise RuntimeError(f"no first page:\n{log.read_text()}")
            time.sleep(0.05)
        yield time.monotonic() - started, url, log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def use(url: str) -> None:
    """A booking, a repair, and pages, as people would."""
    desk, engineer, anybody = (
        _signed_in(url, "13900000001"),
        _signed_in(url, "13900000004"),
        requests.Session(),
    )
    order = _book(url, anybody)
    reference = _dispatch(url, desk, order["reference"])
    _repair(url, engineer, reference, order["pin"])
    for _round in range(ROUNDS):
        for session, path in (
            (anybody, "/"),
            (anybody, "/book/"),
            (anybody, f"/o/{order['reference']}/{order['link_token']}/"),
            (anybody, "/api/v1/repairs/?device_model=iphone-12"),
            (anybody, "/api/schema/"),
            (desk, "/dispatch/?city=SH"),
            (desk, "/dispatch/visits.csv?city=SH"),
            (engineer, "/engineer/"),
        ):
            _ok(session.get(url + path))
    for city in _ok(anybody.get(f"{url}/api/v1/cities/")).json()["results"]:
        _windows(url, anybody, city)


def largest_web_process(clone: Path) -> float:
    """The resident size of the largest gunicorn process of that folder, in MB (10^6 bytes)."""
    sizes = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = status.with_name("cmdline").read_bytes().decode().split("\0")
            if command[0].startswith(str(clone)) and "gunicorn" in command:
                sizes.append(int(re.findall(r"VmRSS:\s+(\d+) kB", status.read_text())[0]) * 1024 / 1e6)
        except (OSError, IndexError):
            continue  # it ended while we looked
    return max(sizes)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _ok(response: requests.Response) -> requests.Response:
    if response.status_code >= 400:
        raise RuntimeError(
            f"{response.request.method} {response.url}: {response.status_code} {response.text[:800]}"
        )
    return response


def _post(session: requests.Session, page: str, target: str = "", **options: object) -> requests.Response:
    """A form of the page, sent with its token."""
    html = _ok(session.get(page)).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)[0]
    data = {"csrfmiddlewaretoken": token, **options.pop("data", {})}  # type: ignore[dict-item]
    return _ok(session.post(target or page, data=data, headers={"Referer": page}, **options))  # type: ignore[arg-type]


def _signed_in(url: str, phone: str) -> requests.Session:
    session = requests.Session()
    session.headers["Accept-Language"] = "en"
    _post(session, f"{url}/accounts/login/", data={"login": phone, "password": PASSWORD})
    return session


def _windows(url: str, session: requests.Session, city: dict[str, float]) -> list[dict[str, str]]:
    asked = {
        "city": city["code"],
        "latitude": city["latitude"],
        "longitude": city["longitude"],
        "repair": "iphone-12.screen-replacement",
        "grade": "original",
    }
    windows = _ok(session.get(f"{url}/api/v1/windows/", params=asked)).json()
    return [window for window in windows if window["is_open"]]


def _book(url: str, session: requests.Session) -> dict[str, str]:
    _ok(session.post(f"{url}/api/v1/phone-codes/", json={"phone": CUSTOMER}))
    code = ""
    for _try in range(100):
        page = session.get(
            f"{url}/demo/messages/", params={"address": CUSTOMER}, headers={"Accept-Language": "en"}
        ).text
        found = re.findall(r"\b(\d{6}) is your RepairHub code", page)
        if found:
            code = found[0]
            break
        time.sleep(0.2)
    proof = _ok(session.post(f"{url}/api/v1/phone-proofs/", json={"phone": CUSTOMER, "code": code})).json()[
        "proof"
    ]
    shanghai = {"code": "SH", "latitude": 31.2304, "longitude": 121.4737}
    window = _windows(url, session, shanghai)[-1]  # type: ignore[arg-type]
    body = {
        "proof": proof,
        "name": "Li Wei",
        "repairs": [{"repair": "iphone-12.screen-replacement", "grade": "original"}],
        "city": "SH",
        "latitude": 31.2304,
        "longitude": 121.4737,
        "address": "Huaihai Road 100",
        "window": {"start_at": window["start_at"], "end_at": window["end_at"]},
    }
    answer = session.post(
        f"{url}/api/v1/orders/", json=body, headers={"Idempotency-Key": f"bench-{time.time()}"}
    )
    return dict(_ok(answer).json())


def _dispatch(url: str, desk: requests.Session, order: str) -> str:
    """The demo engineer is named; the reference of the visit."""
    found = _ok(desk.get(f"{url}/dispatch/", params={"city": "SH", "q": order})).text
    reference = re.findall(r"/dispatch/visits/(V-\w+)/", found)[0]
    panel = f"{url}/dispatch/visits/{reference}/"
    # the panel has other forms, each with what its own decision was made on
    html = _ok(desk.get(panel)).text.partition(f'action="{panel.removeprefix(url)}engineer/"')[2]
    seen = re.findall(r'name="seen" value="([^"]*)"', html)[0]
    chen = re.findall(
        r'name="engineer" value="(\d+)"[^>]*>[^<]*Chen Ying|value="(\d+)" aria-label="Choose Chen Ying"', html
    )
    engineer = next(number for pair in chen for number in pair if number)
    _post(desk, panel, f"{panel}engineer/", data={"engineer": engineer, "seen": seen})
    return reference


def _repair(url: str, engineer: requests.Session, reference: str, pin: str) -> None:
    page = f"{url}/engineer/visits/{reference}/"
    _post(engineer, page, f"{page}set_out/")
    _post(engineer, page, f"{page}arrive/")
    html = _post(engineer, page, f"{page}start/", data={"pin": pin}).text
    line = re.findall(r'name="line" value="(\d+)"', html)[0]
    serial = re.findall(r'<option value="([^"]+)"', html)[0]
    html = _post(engineer, page, f"{page}fit/", data={"line": line, "serial": serial}).text
    fitting = re.findall(r'name="fitting" value="(\d+)"', html)[0]
    old = {"fitting": fitting, "old_serial": "none", "fate": "recycle"}
    _post(engineer, page, f"{page}take_out/", data=old)
    photo = io.BytesIO()
    Image.effect_noise((4000, 3000), 40).convert("RGB").save(photo, "JPEG", quality=85)
    files = {"photo": ("phone.jpg", photo.getvalue(), "image/jpeg")}
    _post(engineer, page, f"{page}finish/", files=files)
