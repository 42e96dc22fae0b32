from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from orders.services.timeline import chain_faults
from orders.states import OrderStatus
from repairhub.accounts.models import User
from repairhub.accounts.states import Role
from repairhub.core.errors import Conflict, InvalidInput, NotAllowed
from repairhub.notifications.models import Message
from repairhub.sla.models import SlaClock
from tests.factories.accounts import (
    CaseOfficerFactory,
    DispatcherFactory,
    ManagerFactory,
    PartsAdminFactory,
    UserFactory,
)
from tests.factories.places import CityFactory
from tests.factories.warranty import Workshop, contact_of, force_status, form_id, photo
from warranty.models import Claim, ClaimPhoto
from warranty.services import claims as claims_service
from warranty.services.claims import MOST_PHOTOS, take_over, transfer_claim
from warranty.services.deciding import decide_claim
from warranty.states import ClaimKind, ClaimStatus, Outcome

pytestmark = pytest.mark.django_db


class TestFileClaim:
    def test_a_claim_has_an_owner_a_clock_a_line_on_the_timeline_and_a_message(
        self, workshop: Workshop
    ) -> None:
        officer = CaseOfficerFactory(name="Min Zhao", cities=[workshop.city])
        order = workshop.completed()
        claim = workshop.claim(order, photos=[photo(), photo()])

        assert claim.status == ClaimStatus.FILED
        assert claim.owner == officer
        assert claim.photos.count() == 2
        clock = SlaClock.objects.for_subjects([claim]).get()
        assert clock.due_at == claim.filed_at + timedelta(hours=48)
        assert (clock.scope, clock.link) == ("BJ", f"/claims/{claim.reference}/")
        event = order.events.last()
        assert (event.kind, event.payload["owner"]) == ("claim_filed", "Min Zhao")
        assert chain_faults(order) == []
        assert Message.objects.filter(template="claim_filed").count() == 2

    def test_the_same_form_again_gives_the_claim_that_it_made(self, workshop: Workshop) -> None:
        order = workshop.completed()
        first = workshop.claim(order, form_id=form_id(1), photos=[photo()])
        second = workshop.claim(order, form_id=form_id(1), photos=[photo()], text="Something else.")

        assert second == first
        assert second.text == "The screen flickers again."
        assert (Claim.objects.count(), ClaimPhoto.objects.count()) == (1, 1)
        assert Message.objects.filter(template="claim_filed").count() == 2

    def test_a_form_of_another_order_makes_nothing(self, workshop: Workshop) -> None:
        workshop.claim(workshop.completed(), form_id=form_id(1))
        with pytest.raises(Conflict, match="another order"):
            workshop.claim(workshop.completed(), form_id=form_id(1))
        assert Claim.objects.count() == 1

    def test_a_second_and_a_third_are_always_possible(self, workshop: Workshop) -> None:
        order = workshop.completed()
        open_one = workshop.claim(order)
        approved = workshop.approved(order)
        third = workshop.claim(order, fitting=None, kind=ClaimKind.DAMAGE)
        assert {open_one.status, third.status} == {ClaimStatus.FILED}
        assert approved.status == ClaimStatus.APPROVED
        assert order.claims.count() == 3

    def test_a_claim_after_the_end_of_the_warranty_is_taken_too(self, workshop: Workshop) -> None:
        order = workshop.completed()
        claim = workshop.claim(order, at=workshop.clock + timedelta(days=400))
        assert claim.status == ClaimStatus.FILED

    @pytest.mark.parametrize("status", [s for s in OrderStatus if s != OrderStatus.COMPLETED])
    def test_only_for_completed_orders(self, workshop: Workshop, status: str) -> None:
        order = workshop.book()
        force_status(order, status)
        with pytest.raises(Conflict, match="once the repair is completed"):
            workshop.claim(order, fitting=None, at=workshop.clock)
        assert Claim.objects.count() == 0

    def test_a_stranger_s_contact_and_a_stranger_s_part_are_refused(self, workshop: Workshop) -> None:
        order, other = workshop.completed(), workshop.completed()
        with pytest.raises(NotAllowed, match="does not belong"):
            workshop.claim(order, contact=contact_of(other))
        with pytest.raises(InvalidInput, match="was not fitted under order") as refusal:
            workshop.claim(order, fitting=other.fittings.get())
        assert refusal.value.field == "fitting"

    def test_what_is_missing_or_too_much_names_its_field(self, workshop: Workshop) -> None:
        order = workshop.completed()
        for field, given in [
            ("kind", {"kind": "because"}),
            ("text", {"text": " \n\x00 "}),
            ("text", {"text": "x" * 2001}),
            ("photos", {"photos": [photo() for _ in range(MOST_PHOTOS + 1)]}),
        ]:
            with pytest.raises(InvalidInput) as refusal:
                workshop.claim(order, **given)
            assert refusal.value.field == field
        assert Claim.objects.count() == 0

    def test_photos_lose_their_place_and_time(self, workshop: Workshop) -> None:
        exif = Image.Exif()
        exif[0x0110] = "iPhone 12"
        exif.get_ifd(0x8825)[2] = (39.0, 54.0, 15.0)  # GPS latitude
        claim = workshop.claim(photos=[photo(exif=exif.tobytes())])

        with Image.open(claim.photos.get().image) as stored:
            assert stored.format == "JPEG"
            assert dict(stored.getexif()) == {}

    def test_a_refusal_leaves_no_file_behind(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**kwargs: object) -> None:
            raise Conflict("No.")

        order = workshop.completed()
        before = set(Path(settings.MEDIA_ROOT).rglob("*.jpg"))
        monkeypatch.setattr(claims_service, "start_clock", refuse)
        with pytest.raises(Conflict):
            workshop.claim(order, photos=[photo()])
        assert set(Path(settings.MEDIA_ROOT).rglob("*.jpg")) == before
        assert Claim.objects.count() == 0


class TestOwner:
    def test_the_case_officer_of_the_city_with_the_fewest_open_claims(self, workshop: Workshop) -> None:
        busy, idle = CaseOfficerFactory.create_batch(2, cities=[workshop.city])
        CaseOfficerFactory(cities=[CityFactory(shanghai=True)])
        CaseOfficerFactory(cities=[workshop.city], is_active=False)
        ManagerFactory()
        order = workshop.completed()

        owners = [workshop.claim(order).owner for _ in range(4)]
        assert owners == [busy, idle, busy, idle]

    def test_answered_claims_weigh_nothing(self, workshop: Workshop) -> None:
        first, _second = CaseOfficerFactory.create_batch(2, cities=[workshop.city])
        order = workshop.completed()
        workshop.approved(order)
        assert workshop.claim(order).owner == first

    def test_one_without_cities_looks_after_all(self, workshop: Workshop) -> None:
        everywhere = CaseOfficerFactory()
        assert workshop.claim().owner == everywhere

    def test_nobody_there_leaves_the_claim_without_owner_but_with_its_clock(self, workshop: Workshop) -> None:
        claim = workshop.claim()
        assert claim.owner is None
        assert SlaClock.objects.for_subjects([claim]).open().count() == 1


class TestTransferClaim:
    def test_another_owner_and_the_same_deadline(self, workshop: Workshop) -> None:
        first, second = CaseOfficerFactory.create_batch(2, cities=[workshop.city])
        claim = workshop.claim()
        before = SlaClock.objects.for_subjects([claim]).get()

        claim = transfer_claim(claim=claim, to=second, by=first, at=claim.filed_at + timedelta(hours=5))

        assert claim.owner == second
        after = SlaClock.objects.for_subjects([claim]).get()
        assert (after.pk, after.due_at) == (before.pk, before.due_at)
        event = claim.order.events.last()
        assert event.kind == "claim_transferred"
        assert (event.payload["from"], event.payload["to"]) == (first.name, second.name)

    def test_to_its_owner_again_changes_nothing(self, workshop: Workshop) -> None:
        officer = CaseOfficerFactory(cities=[workshop.city])
        claim = workshop.claim()
        transfer_claim(claim=claim, to=officer, by=officer, at=claim.filed_at)
        assert claim.order.events.last().kind == "claim_filed"

    def test_somebody_takes_a_claim_over(self, workshop: Workshop) -> None:
        claim = workshop.claim()
        officer = CaseOfficerFactory()
        assert take_over(claim=claim, by=officer, at=claim.filed_at).owner == officer

    @pytest.mark.parametrize("role", [r for r in Role if r not in (Role.CASE_OFFICER, Role.MANAGER)])
    def test_only_to_people_who_decide_claims(self, workshop: Workshop, role: str) -> None:
        officer = CaseOfficerFactory(cities=[workshop.city])
        claim = workshop.claim()
        with pytest.raises(InvalidInput, match="does not decide claims in Beijing") as refusal:
            transfer_claim(claim=claim, to=UserFactory(role=role), by=officer, at=claim.filed_at)
        assert refusal.value.field == "owner"

    @pytest.mark.parametrize("factory", [DispatcherFactory, PartsAdminFactory, UserFactory])
    def test_nobody_else_moves_claims(self, workshop: Workshop, factory: type) -> None:
        claim = workshop.claim()
        stranger: User = factory()
        with pytest.raises(NotAllowed, match="do not decide claims"):
            take_over(claim=claim, by=stranger, at=claim.filed_at)

    def test_nor_does_a_case_officer_of_another_city(self, workshop: Workshop) -> None:
        claim = workshop.claim()
        stranger = CaseOfficerFactory(cities=[CityFactory(shanghai=True)])
        with pytest.raises(NotAllowed):
            take_over(claim=claim, by=stranger, at=claim.filed_at)

    @pytest.mark.parametrize("outcome", Outcome.values)
    def test_an_answered_claim_stays_where_it_is(self, workshop: Workshop, outcome: str) -> None:
        first, second = CaseOfficerFactory.create_batch(2, cities=[workshop.city])
        claim = workshop.claim()
        decide_claim(claim=claim, outcome=outcome, reason="Seen on the photo.", by=first, at=claim.filed_at)
        with pytest.raises(Conflict, match=f"{first.name} has answered this claim already"):
            transfer_claim(claim=claim, to=second, by=second, at=claim.filed_at)
