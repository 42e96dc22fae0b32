import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orders.links import order_path, order_pin, order_token
from orders.models import RepairOrder
from repairhub.core.photos import ACCEPTED
from tests.factories.accounts import CaseOfficerFactory
from tests.factories.warranty import Workshop, browser_of, form_id, photo
from warranty.models import Claim
from warranty.services.deciding import decide_claim
from warranty.states import RemedyStatus

pytestmark = pytest.mark.django_db


def address(name: str, order: RepairOrder, *more: Any) -> str:
    """The page of that name behind the order's link."""
    return reverse(name, args=[order.reference, order_token(order), *more])


def said(**given: Any) -> dict[str, Any]:
    """A filled form."""
    return {
        "form_id": str(form_id(1)),
        "fitting": "other",
        "kind": "repeat_fault",
        "text": "It flickers <b>again</b>.",
        **given,
    }


class TestFileClaim:
    def test_a_proved_contact_files_a_claim_with_photos(self, workshop: Workshop) -> None:
        order = workshop.completed()
        fitting = order.fittings.get()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            page = client.get(address("file_claim", order))
            assert "Screen replacement" in page.text
            response = client.post(
                address("file_claim", order), said(fitting=str(fitting.pk), photos=[photo(), photo()])
            )

        assert response.status_code == 302
        assert response["Location"].startswith(order_path(order))
        claim = Claim.objects.get()
        assert (claim.fitting, claim.photos.count()) == (fitting, 2)
        assert claim.contact.position == 1

    def test_every_form_shown_has_an_id_of_its_own(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            pages = [client.get(address("file_claim", order)).text for _ in range(2)]
        ids = {re.search(r'name="form_id" value="([^"]+)"', page).group(1) for page in pages}  # type: ignore[union-attr]
        assert len(ids) == 2

    def test_names_the_photos_that_we_read_so_that_phones_send_no_others(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            page = browser_of(order, workshop.clock).get(address("file_claim", order)).text
        assert f'accept="{ACCEPTED}"' in page

    def test_sent_twice_it_is_one_claim(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            for _ in range(2):
                assert client.post(address("file_claim", order), said()).status_code == 302
        assert Claim.objects.count() == 1

    def test_the_link_alone_leads_back_to_the_code(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            stranger = browser_of(workshop.completed(), workshop.clock)
            for client in (Client(), stranger):
                for response in (
                    client.get(address("file_claim", order)),
                    client.post(address("file_claim", order), said()),
                ):
                    assert response["Location"] == order_path(order) + "#prove"
        assert Claim.objects.count() == 0

    @pytest.mark.parametrize("name", ["file_claim", "rework_window"])
    def test_a_wrong_link_opens_nothing(self, workshop: Workshop, name: str) -> None:
        order = workshop.completed()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            assert client.get(reverse(name, args=[order.reference, "x" * 32])).status_code == 404

    def test_before_the_completion_it_leads_back(self, workshop: Workshop) -> None:
        order = workshop.book()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            response = client.post(address("file_claim", order), said())
        assert response["Location"] == order_path(order)
        assert Claim.objects.count() == 0

    def test_a_mistake_keeps_what_was_typed_and_names_the_field(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            response = client.post(address("file_claim", order), said(kind="", photos=[photo()]))
        assert response.status_code == 400
        assert "It flickers &lt;b&gt;again&lt;/b&gt;." in response.text
        assert "Choose what happened." in response.text
        assert "choose your photos again" in response.text
        assert str(form_id(1)) in response.text

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"photos": [SimpleUploadedFile("x.jpg", b"<script>alert(1)</script>")]}, "not a photo"),
            (
                {"photos": [SimpleUploadedFile("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")]},
                "not a photo",
            ),
            ({"photos": [photo() for _ in range(7)]}, "at most 6 photos"),
            ({"text": "\x00"}, "characters"),
            ({"text": "x" * 5000}, "2000"),
            ({"fitting": "1"}, "Choose one of the parts shown."),
            ({"fitting": "-1"}, "Choose one of the parts shown."),
            ({"kind": "anything"}, "not one of the available choices"),
            ({"form_id": "1"}, "cannot be read any more"),
            ({"form_id": ""}, "cannot be read any more"),
        ],
    )
    def test_hostile_input_is_refused_in_a_sentence(
        self, workshop: Workshop, given: dict[str, Any], sentence: str
    ) -> None:
        order = workshop.completed()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            response = client.post(address("file_claim", order), said(**given))
        assert response.status_code == 400
        assert sentence in response.text
        assert Claim.objects.count() == 0

    def test_a_stored_text_never_becomes_markup(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            client.post(address("file_claim", order), said())
            page = client.get(order_path(order)).text
        assert "&lt;b&gt;again&lt;/b&gt;" in page
        assert "<b>again</b>" not in page


class TestOrderSection:
    def test_shows_the_promise_and_the_button_without_a_proof(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            page = Client().get(order_path(order)).text
        warranty = order.fittings.get().warranty
        assert warranty.number in page
        assert "Covered to the end of 23 May 2027: 180 more days." in page
        assert "File a claim" in page
        assert address("file_claim", order) not in page

    def test_words_and_photos_of_a_claim_only_after_the_proof(self, workshop: Workshop) -> None:
        order = workshop.completed()
        claim = workshop.claim(order, text="My secret words.", photos=[photo()])
        picture = address("own_claim_photo", order, claim.photos.get().pk)
        with workshop.now():
            for client, sees in ((Client(), False), (browser_of(order, workshop.clock), True)):
                page = client.get(order_path(order)).text
                assert claim.reference in page
                assert ("My secret words." in page) is sees
                assert (picture in page) is sees
                assert client.get(picture).status_code == (200 if sees else 404)

    def test_a_refusal_is_shown_with_its_reason_and_what_next(self, workshop: Workshop) -> None:
        claim = workshop.claim()
        decide_claim(
            claim=claim,
            outcome="refused",
            reason="The phone fell after the repair.",
            by=CaseOfficerFactory(),
            at=claim.filed_at,
        )
        with workshop.now():
            page = browser_of(claim.order, workshop.clock).get(order_path(claim.order)).text
            seen_with_the_link = Client().get(order_path(claim.order)).text
        assert "The phone fell after the repair." in page
        assert "File another claim" in page
        assert "The phone fell after the repair." not in seen_with_the_link

    def test_an_approved_claim_leads_to_its_windows(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        with workshop.now():
            page = browser_of(claim.order, workshop.clock).get(order_path(claim.order)).text
        assert address("rework_window", claim.order) in page

    def test_nothing_before_the_completion(self, workshop: Workshop) -> None:
        order = workshop.book()
        with workshop.now():
            page = Client().get(order_path(order)).text
        assert 'id="warranty"' not in page

    def test_a_warranty_that_ended_says_so_and_takes_claims(self, workshop: Workshop) -> None:
        order = workshop.completed()
        workshop.clock += timedelta(days=200)
        with workshop.now():
            page = Client().get(order_path(order)).text
        assert "Ended on 23 May 2027." in page
        assert "File a claim" in page

    def test_in_chinese_too(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            page = Client(headers={"accept-language": "zh-hans"}).get(order_path(order)).text
        assert "足 180 天" in page
        assert "180 full days" not in page


class TestThePageThatStoodOpen:
    def test_gains_its_warranty_when_the_repair_is_done(self, workshop: Workshop) -> None:
        order = workshop.book()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            asked = re.search(r'hx-get="([^"]+)"', client.get(order_path(order)).text)
        assert asked is not None
        workshop.do_the_work(order)
        with workshop.now():
            answer = client.get(asked[1], headers={"HX-Request": "true"})
            assert answer.headers["HX-Refresh"] == "true"
            assert "File a claim" in client.get(order_path(order)).text


class TestReworkWindow:
    def test_the_customer_chooses_a_window(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        with workshop.now():
            client = browser_of(claim.order, workshop.clock)
            page = client.get(address("rework_window", claim.order))
            start_at = workshop._next_window()
            assert start_at.isoformat() in page.text
            response = client.post(address("rework_window", claim.order), {"window": start_at.isoformat()})
        assert response.status_code == 302
        claim.remedy.refresh_from_db()
        assert claim.remedy.status == RemedyStatus.BOOKED
        assert claim.remedy.visit is not None
        assert claim.remedy.visit.window_start_at == start_at

    def test_the_pin_is_shown_again_for_the_visit(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        with workshop.now():
            client = browser_of(claim.order, workshop.clock)
            assert order_pin(claim.order) not in client.get(order_path(claim.order)).text
            workshop.book_rework(claim)
            claim.order.refresh_from_db()  # the rework has a PIN of its own
            assert order_pin(claim.order) in client.get(order_path(claim.order)).text
            assert order_pin(claim.order) not in Client().get(order_path(claim.order)).text

    def test_the_link_alone_chooses_nothing(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        with workshop.now():
            response = Client().post(
                address("rework_window", claim.order), {"window": workshop._next_window().isoformat()}
            )
        assert response["Location"].endswith("#prove")
        claim.remedy.refresh_from_db()
        assert claim.remedy.status == RemedyStatus.OFFERED

    def test_a_window_that_shut_meanwhile_offers_the_nearest(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        start_at = workshop._next_window()
        workshop.engineer.absences.create(from_on=start_at.date(), until_on=start_at.date())
        with workshop.now():
            client = browser_of(claim.order, workshop.clock)
            response = client.post(address("rework_window", claim.order), {"window": start_at.isoformat()})
        assert response.status_code == 409
        assert "The nearest that are still free" in response.text

    def test_a_window_that_begins_too_soon_by_now_offers_the_nearest(
        self, workshop: Workshop, settings: Any
    ) -> None:
        settings.BOOKING_LEAD_MINUTES = 90
        claim = workshop.approved()
        start_at = workshop._next_window()
        workshop.clock = start_at - timedelta(minutes=89)
        with workshop.now():
            client = browser_of(claim.order, workshop.clock)
            response = client.post(address("rework_window", claim.order), {"window": start_at.isoformat()})
        assert response.status_code == 409
        assert "This arrival window begins too soon by now" in response.text
        assert "The nearest that are still free" in response.text
        claim.remedy.refresh_from_db()
        assert claim.remedy.status == RemedyStatus.OFFERED

    @pytest.mark.parametrize(
        "window", ["", "tomorrow", "2026-11-25T08:07:00+0800", "9999-12-31T08:00:00+0800"]
    )
    def test_a_window_that_we_never_offer_is_refused(self, workshop: Workshop, window: str) -> None:
        claim = workshop.approved()
        with workshop.now():
            client = browser_of(claim.order, workshop.clock)
            response = client.post(address("rework_window", claim.order), {"window": window})
        assert response.status_code == 400
        claim.remedy.refresh_from_db()
        assert claim.remedy.status == RemedyStatus.OFFERED

    def test_nothing_owed_leads_back(self, workshop: Workshop) -> None:
        order = workshop.completed()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            response = client.get(address("rework_window", order))
        assert response["Location"] == order_path(order)

    def test_an_engineer_on_the_way_is_not_moved(self, workshop: Workshop) -> None:
        claim = workshop.approved()
        workshop.book_rework(claim)
        workshop.go_to_the_door(claim.order)
        with workshop.now():
            client = browser_of(claim.order, workshop.clock)
            page = client.get(address("rework_window", claim.order))
        assert page.status_code == 200
        assert "already on the way" in page.text
        assert 'name="window"' not in page.text


class TestClaimPhotos:
    def test_only_behind_their_own_order(self, workshop: Workshop) -> None:
        order, other = workshop.completed(), workshop.completed()
        picture = workshop.claim(order, photos=[photo()]).photos.get()
        with workshop.now():
            client = browser_of(other, workshop.clock)
            assert client.get(address("own_claim_photo", other, picture.pk)).status_code == 404
            assert client.get(address("own_claim_photo", order, picture.pk)).status_code == 404

    def test_kept_by_no_cache_and_never_run(self, workshop: Workshop) -> None:
        order = workshop.completed()
        picture = workshop.claim(order, photos=[photo()]).photos.get()
        with workshop.now():
            response = browser_of(order, workshop.clock).get(address("own_claim_photo", order, picture.pk))
        assert response["Content-Type"] == "image/jpeg"
        assert "no-store" in response["Cache-Control"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response["Content-Security-Policy"]

    def test_a_file_that_is_gone_is_not_found(self, workshop: Workshop) -> None:
        order = workshop.completed()
        picture = workshop.claim(order, photos=[photo()]).photos.get()
        Path(picture.image.path).unlink()
        with workshop.now():
            client = browser_of(order, workshop.clock)
            assert client.get(address("own_claim_photo", order, picture.pk)).status_code == 404
