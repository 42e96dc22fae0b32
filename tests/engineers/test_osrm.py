"""Streets from an OSRM server: a real server on the loopback, good, slow, broken and wrong."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import transaction

from engineers import osrm
from engineers.dispatch import HaversineTravel, Timetable
from engineers.dispatch.lanes import Lanes
from engineers.models import DayWeather, Engineer
from engineers.osrm import MEMORY, RoadTravel
from engineers.planning import load_plans
from engineers.selectors.windows import offered_windows
from repairhub.accounts.models import User
from repairhub.places.models import City
from tests.factories.engineers import CENTRE, DAY, MORNING, SCREEN, north, planned_visit

A, B, C = (39.9, 116.4), (39.95, 116.4), (39.9, 116.5)


class Server:
    """A table service whose ways north take 900.2 s, all others 600 s; `answer` may be replaced."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.answer: Callable[[list[list[float]]], object] = lambda table: {"code": "Ok", "durations": table}
        self.status, self.wait, self.drip = 200, 0.0, 0.0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                assert address.path.startswith("/table/v1/driving/")
                places = [tuple(map(float, p.split(","))) for p in address.path.split("/")[-1].split(";")]
                query = parse_qs(address.query)
                sources = [places[int(n)] for n in query["sources"][0].split(";")]
                targets = [places[int(n)] for n in query["destinations"][0].split(";")]
                server.asked.append((len(sources), len(targets)))
                time.sleep(server.wait)
                table = [[900.2 if b[1] > a[1] else 600.0 for b in targets] for a in sources]
                said = server.answer(table)
                body = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    for start in range(0, len(body), 8) if server.drip else [0]:
                        self.wfile.write(body[start : start + 8] if server.drip else body)
                        time.sleep(server.drip)
                except OSError:
                    pass  # the other side has had enough

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server(settings: LazySettings) -> Iterator[Server]:
    """A server that the settings name, and a process that knows no street."""
    served = Server()
    thread = threading.Thread(target=served.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.OSRM_URL = served.url
    settings.OSRM_TIMEOUT_SECONDS = 0.4
    cache.clear()
    MEMORY.forget()
    yield served
    served.http.shutdown()
    thread.join()
    served.http.server_close()
    MEMORY.forget()
    cache.clear()


class TestLearn:
    def test_one_way_may_take_longer_than_the_other(self, server: Server) -> None:
        assert osrm.learn([A, B], [A, B], patience=2)
        travel = RoadTravel(HaversineTravel(25))
        assert (travel.seconds(A, B), travel.seconds(B, A)) == (901, 600)
        assert travel.seconds(A, A) == 0

    def test_what_is_known_is_not_asked_again(self, server: Server) -> None:
        osrm.learn([A], [B], patience=2)
        osrm.learn([A], [B], patience=2)
        assert server.asked == [(1, 1)]

    def test_another_process_finds_it_in_the_cache(self, server: Server) -> None:
        osrm.learn([A], [B], patience=2)
        MEMORY.forget()
        osrm.recall([(A, B)])
        assert MEMORY.pairs == {(A, B): 901}
        assert server.asked == [(1, 1)]

    def test_places_a_few_steps_apart_are_one(self, server: Server) -> None:
        osrm.learn([A], [B], patience=2)
        assert osrm.learn([(39.90002, 116.40001)], [B], patience=2)
        assert server.asked == [(1, 1)]

    @pytest.mark.parametrize(("sources", "targets"), [(1, 250), (120, 1), (130, 130)])
    def test_no_question_has_more_places_than_a_server_takes(
        self, server: Server, sources: int, targets: int
    ) -> None:
        some = [(39 + n / 1000, 116.0) for n in range(sources)]
        others = [(39 + n / 1000, 117.0) for n in range(targets)]
        assert osrm.learn(some, others, patience=20)
        assert all(rows + columns <= osrm.MOST_PLACES for rows, columns in server.asked)
        assert len(MEMORY.pairs) == sources * targets == sum(r * c for r, c in server.asked)

    def test_a_way_that_the_server_cannot_find_takes_the_straight_line(self, server: Server) -> None:
        server.answer = lambda table: {"code": "Ok", "durations": [[None, 5.0]]}
        assert osrm.learn([A], [B, C], patience=2)
        straight = HaversineTravel(25)
        assert RoadTravel(straight).seconds(A, B) == straight.seconds(A, B)
        assert RoadTravel(straight).seconds(A, C) == 5

    @pytest.mark.parametrize(
        "said",
        [
            b"",
            b"<html>busy</html>",
            b"[" * 5000,
            {"code": "InvalidQuery"},
            {"code": "Ok"},
            {"code": "Ok", "durations": [[1.0]]},
            {"code": "Ok", "durations": [[1.0, 2.0], [3.0, 4.0]]},
            {"code": "Ok", "durations": [[1.0, "soon"]]},
            {"code": "Ok", "durations": [[1.0, -3.0]]},
            b'{"code": "Ok", "durations": [[1.0, NaN]]}',
            {"code": "Ok", "durations": [[1.0, True]]},
        ],
        ids=str,
    )
    def test_an_answer_of_the_wrong_shape_is_no_answer(
        self, server: Server, said: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.answer = lambda table: said
        with caplog.at_level(logging.WARNING, "engineers.osrm"):
            assert not osrm.learn([A], [B, C], patience=2)
        assert "OSRM does not answer" in caplog.text
        assert MEMORY.pairs == {}
        straight = HaversineTravel(25)
        assert RoadTravel(straight).seconds(A, B) == straight.seconds(A, B)

    def test_an_error_is_no_answer(self, server: Server) -> None:
        server.status = 503
        assert not osrm.learn([A], [B], patience=2)

    @pytest.mark.parametrize("slow", ["wait", "drip"])
    def test_a_slow_answer_is_no_answer(
        self, server: Server, slow: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        setattr(server, slow, 0.6)
        assert not osrm.learn([A], [B], patience=2)
        assert MEMORY.pairs == {}

    def test_a_server_that_is_not_there_is_no_answer(self, server: Server, settings: LazySettings) -> None:
        settings.OSRM_URL = "http://127.0.0.1:9"
        assert not osrm.learn([A], [B], patience=2)

    def test_an_address_that_is_none_is_no_answer(self, server: Server, settings: LazySettings) -> None:
        settings.OSRM_URL = "http://127.0.0.1:port"
        assert not osrm.learn([A], [B], patience=2)

    def test_after_a_failure_the_server_is_left_alone_for_a_while_and_it_is_counted(
        self, server: Server
    ) -> None:
        server.status = 500
        osrm.learn([A], [B], patience=2)
        osrm.learn([A], [B], patience=2)
        assert server.asked == [(1, 1)]
        assert osrm.counts() == {"answered": 0, "failed": 1}
        MEMORY.rests_until = 0.0
        server.status = 200
        assert osrm.learn([A], [B], patience=2)
        assert osrm.counts() == {"answered": 1, "failed": 1}


class TestRoadTravel:
    def test_the_weather_slows_streets_as_it_slows_straight_lines(self, server: Server) -> None:
        osrm.learn([A], [B], patience=2)
        assert RoadTravel(HaversineTravel(25), 150).seconds(A, B) == -(-901 * 3 // 2)

    def test_what_it_has_said_once_it_says_again(self, server: Server) -> None:
        travel = RoadTravel(HaversineTravel(25))
        before = travel.seconds(A, B)
        osrm.learn([A], [B], patience=2)
        assert travel.seconds(A, B) == before != RoadTravel(HaversineTravel(25)).seconds(A, B)

    def test_its_table_says_the_same(self, server: Server) -> None:
        osrm.learn([A, B], [A, C], patience=2)
        travel = RoadTravel(HaversineTravel(25))
        places = [A, B, C]
        assert travel.table(places) == [[travel.seconds(a, b) for b in places] for a in places]


@pytest.mark.django_db(transaction=True)
class TestTheProduct:
    def test_a_page_asks_the_server_and_a_booking_asks_only_the_cache(
        self, server: Server, city: City, engineer: Engineer
    ) -> None:
        place = north(5)
        offered_windows(city=city, latitude=place[0], longitude=place[1], needs=SCREEN, at=MORNING, days=1)
        assert server.asked == [(1, 1), (1, 1)]
        MEMORY.forget()  # the booking comes to another process
        planned_visit(city=city, place=place)
        assert len(server.asked) == 2
        plan = load_plans(city, DAY, DAY, MORNING)[DAY]
        assert plan.timetable(engineer.pk).legs == [901, 600]

    def test_a_booking_never_waits_for_the_server(
        self, server: Server, city: City, engineer: Engineer
    ) -> None:
        visit = planned_visit(city=city, place=north(5))
        assert visit.engineer == engineer
        assert server.asked == []

    def test_a_transaction_asks_only_the_cache(self, server: Server, city: City, engineer: Engineer) -> None:
        latitude, longitude = north(5)
        with transaction.atomic():
            offered_windows(
                city=city, latitude=latitude, longitude=longitude, needs=SCREEN, at=MORNING, days=1
            )
        assert server.asked == []

    def test_a_dead_server_costs_no_page(
        self, server: Server, settings: LazySettings, city: City, engineer: Engineer
    ) -> None:
        settings.OSRM_URL = "http://127.0.0.1:9"
        latitude, longitude = north(5)
        offered = offered_windows(
            city=city, latitude=latitude, longitude=longitude, needs=SCREEN, at=MORNING, days=2
        )
        assert any(window.is_open for window in offered)

    def test_the_search_works_on_the_same_streets_as_the_timetable(
        self, server: Server, city: City, engineer: Engineer, dispatcher: User
    ) -> None:
        for km, window in ((5, "10:00"), (-4, "14:00")):
            place = north(km)
            osrm.learn([CENTRE, place], [CENTRE, place], patience=2)
            planned_visit(city=city, place=place, window=window)
        DayWeather.objects.create(
            city=city, on=DAY, factor="1.2", reason="rain", by=dispatcher, at=MORNING - timedelta(days=1)
        )
        plan = load_plans(city, DAY, DAY, MORNING)[DAY]
        (lane,), waiting = Lanes(plan).present()
        table = plan.timetable(engineer.pk)
        assert isinstance(table, Timetable)
        assert (lane.legs, waiting) == (table.legs, [])

    def test_without_a_server_in_the_settings_nothing_is_asked(
        self, server: Server, settings: LazySettings, city: City, engineer: Engineer
    ) -> None:
        settings.OSRM_URL = ""
        offered_windows(city=city, latitude=CENTRE[0], longitude=CENTRE[1], needs=SCREEN, at=MORNING, days=1)
        assert server.asked == []
