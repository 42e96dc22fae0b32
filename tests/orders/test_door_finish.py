"""The end of a visit: everything that was promised is done, or nothing is written."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from engineers.states import VisitStatus
from orders.models import Fitting, HandOver, HandOverPhoto
from orders.services import door as verbs
from orders.services.timeline import chain_faults
from orders.signals import order_completed
from orders.states import OrderStatus, Stage
from parts.models import Grade, UnitStatus
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.notifications.models import Message
from tests.connections import both_at_once
from tests.factories.accounts import EngineerUserFactory
from tests.factories.door import Door, door, gave_up, photo, standing, working
from tests.factories.warranty import Workshop
from warranty.models import Warranty

AWAY = [status for status in VisitStatus if status != VisitStatus.ON_SITE]
NOT_IN_REPAIR = [status for status in OrderStatus if status != OrderStatus.IN_REPAIR]
BOTH = (("screen", Grade.ORIGINAL), ("battery", Grade.ORIGINAL))
NO_PHOTOS = {
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 400,
    "truncated": photo().read()[:200],
    "huge": photo(size=(6400, 6400), kind="PNG", mode="1").read(),
    "polyglot": b"GIF89a" + photo().read(),
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stored(settings: Any, tmp_path: Path) -> Path:
    """Where photos go: an empty folder."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def files(folder: Path) -> list[str]:
    """Names of everything that lies there."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def ready(**booking: Any) -> Door:
    """Every part in, every old part out."""
    return working(**booking).do_all_lines()


def finish(place: Door, **other: Any) -> Any:
    """The last step, with one photo."""
    return verbs.finish_repair(**{**place.who, "photos": [photo()], "note": "", **other})


def nothing_was_written(place: Door, folder: Path) -> bool:
    """Visit, order, hand-over, warranty and files are as they were before the last step."""
    place.refresh()
    return (
        place.visit.ended_at is None
        and place.order.completed_at is None
        and not HandOver.objects.exists()
        and not HandOverPhoto.objects.exists()
        and not Warranty.objects.exists()
        and not place.order.events.filter(kind__in=["completed", "warranty_issued"]).exists()
        and files(folder) == []
    )


class TestFinishRepair:
    def test_visit_order_photo_and_warranty_in_one_go(self, stored: Path) -> None:
        place = ready()
        order = finish(place, note=" Small scratch, top left. ")
        place.refresh()
        assert (order.status, order.completed_at) == (OrderStatus.COMPLETED, place.at)
        assert (place.visit.status, place.visit.ended_at) == (VisitStatus.DONE, place.at)
        hand_over = HandOver.objects.get(order=order, visit=place.visit, stage=Stage.END)
        assert (hand_over.note, hand_over.by) == ("Small scratch, top left.", place.by)
        kept = hand_over.photos.get()
        assert files(stored) == [f"{kept.digest[:24]}.jpg"]
        warranty = Warranty.objects.get(fitting__order=order)
        assert (warranty.ends_on - warranty.starts_on).days == 180
        assert place.order.events.filter(kind="completed").count() == 1
        assert chain_faults(order) == []
        assert Message.objects.filter(template="warranty_issued").count() == 2

    def test_several_photos_are_kept_in_one_hand_over(self, stored: Path) -> None:
        place = ready()
        finish(place, photos=[photo(), photo(size=(30, 20))])
        assert HandOver.objects.get().photos.count() == 2
        assert len(files(stored)) == 2

    def test_every_line_gets_its_warranty(self) -> None:
        place = ready(repairs=BOTH)
        finish(place)
        assert Warranty.objects.filter(fitting__order=place.order).count() == 2

    def test_pressed_twice_it_is_finished_once(self, stored: Path) -> None:
        place = ready()
        first = finish(place)
        assert finish(place).completed_at == first.completed_at
        assert HandOverPhoto.objects.count() == len(files(stored)) == 1
        assert Warranty.objects.count() == 1

    def test_pressed_again_without_a_photo_it_stays_finished(self) -> None:
        place = ready()
        finish(place)
        assert finish(place, photos=[]).status == OrderStatus.COMPLETED

    def test_refused_while_a_line_has_no_part(self, stored: Path) -> None:
        place = working(repairs=BOTH)
        place.take_out(place.fit())
        with pytest.raises(Conflict, match="No part is in yet for: Battery replacement") as refusal:
            finish(place)
        assert refusal.value.code == "line_not_fitted"
        assert nothing_was_written(place, stored)

    def test_refused_while_an_old_part_is_not_recorded(self, stored: Path) -> None:
        place = working()
        place.fit()
        with pytest.raises(Conflict, match="old part is not recorded yet") as refusal:
            finish(place)
        assert refusal.value.code == "old_part_missing"
        assert nothing_was_written(place, stored)

    def test_refused_without_a_photo_and_with_too_many(self, stored: Path) -> None:
        place = ready()
        for number in (0, 7):
            with pytest.raises(InvalidInput) as refusal:
                finish(place, photos=[photo() for _one in range(number)])
            assert refusal.value.field == "photo"
        assert nothing_was_written(place, stored)

    def test_refused_with_a_file_that_is_no_photo_and_nothing_is_written(
        self, stored: Path, subtests: pytest.Subtests
    ) -> None:
        place = ready()
        for kind, data in NO_PHOTOS.items():
            with subtests.test(kind=kind), pytest.raises(InvalidInput) as refusal:
                finish(place, photos=[photo(), SimpleUploadedFile("phone.jpg", data)])
            assert refusal.value.field == "photo"
            assert refusal.value.next_step
            assert nothing_was_written(place, stored)

    def test_place_and_maker_do_not_reach_the_disk(self, stored: Path) -> None:
        from tests.core.test_photos import whereabouts

        place = ready()
        finish(place, photos=[photo(exif=whereabouts(), comment=b"secret")])
        (kept,) = stored.rglob("*.jpg")
        assert b"Apple" not in kept.read_bytes()
        assert b"secret" not in kept.read_bytes()

    def test_a_warranty_that_cannot_be_issued_stops_everything(self, stored: Path) -> None:
        def refuse(**_news: Any) -> None:
            raise Conflict("No terms for this part.")

        place = ready()
        order_completed.connect(refuse)
        try:
            with pytest.raises(Conflict, match="No terms"):
                finish(place)
        finally:
            order_completed.disconnect(refuse)
        assert nothing_was_written(place, stored)
        assert place.order.status == OrderStatus.IN_REPAIR
        assert place.visit.status == VisitStatus.ON_SITE
        assert finish(place).status == OrderStatus.COMPLETED

    def test_refused_unless_the_engineer_stands_at_the_door(
        self, stored: Path, subtests: pytest.Subtests
    ) -> None:
        place = ready()
        for status in AWAY:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                finish(standing(place, visit=status))
            assert refusal.value.code == "wrong_state"
            assert nothing_was_written(place, stored)

    def test_refused_before_the_work_has_started(self, stored: Path) -> None:
        place = door()
        with pytest.raises(Conflict) as refusal:
            finish(place)
        assert refusal.value.code == "not_started"
        assert nothing_was_written(place, stored)

    def test_refused_unless_the_order_is_in_repair(self, stored: Path, subtests: pytest.Subtests) -> None:
        place = ready()
        for status in NOT_IN_REPAIR:
            with subtests.test(status=status), pytest.raises(Conflict) as refusal:
                finish(standing(place, order=status))
            assert refusal.value.code == "order_closed"
            assert not HandOver.objects.exists()
            assert files(stored) == []

    def test_another_engineer_may_not(self, stored: Path) -> None:
        place = ready()
        with pytest.raises(NotAllowed):
            finish(place, by=EngineerUserFactory())
        assert nothing_was_written(place, stored)


@pytest.mark.django_db(transaction=True)
class TestTwoClicksAtOnce:
    def test_the_visit_is_finished_once_and_both_hear_so(self, stored: Path) -> None:
        place = ready()
        results = both_at_once(lambda: finish(place))
        assert [result.status for result in results] == [OrderStatus.COMPLETED] * 2
        assert HandOverPhoto.objects.count() == Warranty.objects.count() == len(files(stored)) == 1

    def test_what_is_rolled_back_leaves_no_file(self, stored: Path) -> None:
        def break_down(**_news: Any) -> None:
            raise RuntimeError("The database went away.")

        place = ready()
        order_completed.connect(break_down)
        try:
            with pytest.raises(RuntimeError):
                finish(place)
        finally:
            order_completed.disconnect(break_down)
        assert nothing_was_written(place, stored)


class TestSecondVisit:
    def test_what_the_first_visit_fitted_is_not_fitted_again(self) -> None:
        shop = Workshop.open()
        order = shop.book("screen-replacement", "battery-replacement")
        visit = shop.go_to_the_door(order)
        shop.fit(order, visit, lines=1)
        gave_up(visit=visit, by=shop.user, at=shop.clock)
        shop.book_again(order)
        visit = shop.go_to_the_door(order)
        assert [line.repair.key for line in verbs.lines_to_fit(order, visit)] == ["battery-replacement"]
        shop.fit(order, visit)
        assert shop.finish(order, visit).status == OrderStatus.COMPLETED
        assert Warranty.objects.filter(fitting__order=order).count() == 2


class TestRework:
    def test_the_rework_fits_the_claimed_line_again_and_the_order_stays_completed(self) -> None:
        shop = Workshop.open()
        order = shop.completed("screen-replacement", "battery-replacement")
        claimed = Fitting.objects.get(order=order, line__repair__key="battery-replacement")
        shop.book_rework(shop.approved(order, fitting=claimed))
        completed_at = order.completed_at
        visit = shop.go_to_the_door(order)
        assert [line.pk for line in verbs.lines_to_fit(order, visit)] == [claimed.line_id]
        (again,) = shop.fit(order, visit)
        order = shop.finish(order, visit)
        assert (order.status, order.completed_at) == (OrderStatus.COMPLETED, completed_at)
        assert again.line_id == claimed.line_id
        assert again.unit.status == UnitStatus.FITTED
        assert order.events.filter(kind="rework_finished").count() == 1
        assert Warranty.objects.get(fitting=again).replaces == Warranty.objects.get(fitting=claimed)

    def test_a_line_that_was_not_claimed_is_refused(self) -> None:
        shop = Workshop.open()
        order = shop.completed("screen-replacement", "battery-replacement")
        claimed = Fitting.objects.get(order=order, line__repair__key="battery-replacement")
        other = Fitting.objects.get(order=order, line__repair__key="screen-replacement")
        shop.book_rework(shop.approved(order, fitting=claimed))
        visit = shop.go_to_the_door(order)
        with pytest.raises(InvalidInput) as refusal:
            verbs.fit_part(
                order=order,
                visit=visit,
                line=other.line,
                serial=other.unit.serial,
                by=shop.user,
                at=shop.clock,
            )
        assert refusal.value.code == "not_in_this_visit"

    def test_it_needs_its_parts_and_photo_like_any_other_visit(self) -> None:
        shop = Workshop.open()
        order = shop.completed()
        shop.book_rework(shop.approved(order))
        visit = shop.go_to_the_door(order)
        with pytest.raises(Conflict, match="No part is in yet"):
            shop.finish(order, visit)
