"""The outbox in the admin: seen by managers, addresses masked, secrets never shown, nothing typed."""

import pytest

from tests.factories.accounts import DispatcherFactory, ManagerFactory, PartsAdminFactory
from tests.factories.notifications import FailedMessageFactory, MessageFactory

pytestmark = pytest.mark.django_db
MESSAGES = "/admin/notifications/message/"


class TestTheOutboxInTheAdmin:
    @pytest.fixture(autouse=True)
    def manager(self, client):
        client.force_login(ManagerFactory())

    @pytest.fixture
    def code(self):
        return MessageFactory(code=True, channel="sms", address="+8613800138000")

    def test_addresses_are_masked_and_secrets_are_not_there(self, client, code):
        for page in (MESSAGES, f"{MESSAGES}{code.pk}/change/"):
            content = client.get(page).content.decode()
            assert "+86 138****8000" in content
            assert "13800138000" not in content
            assert code.secret not in content

    def test_nothing_can_be_typed_or_deleted(self, client, code):
        assert client.post(f"{MESSAGES}{code.pk}/change/", {"status": "sent"}).status_code == 403
        assert client.get(f"{MESSAGES}add/").status_code == 403
        assert client.get(f"{MESSAGES}{code.pk}/delete/").status_code == 403

    def test_what_was_given_up_is_sent_again(self, client):
        failed, waiting = FailedMessageFactory(), MessageFactory()
        chosen = {"action": "put_back", "_selected_action": [failed.pk, waiting.pk]}
        page = client.post(MESSAGES, chosen, follow=True)
        failed.refresh_from_db()
        assert failed.status == "queued"
        said = [str(message) for message in page.context["messages"]]
        assert said[0].startswith(f"{waiting}: This message was not given up.")
        assert said[1:] == ["1 message is on its way again."]

    def test_it_costs_the_same_however_many_messages_there_are(self, client, django_assert_max_num_queries):
        MessageFactory.create_batch(20)
        with django_assert_max_num_queries(12):
            client.get(MESSAGES)

    @pytest.mark.parametrize("make", [DispatcherFactory, PartsAdminFactory])
    def test_it_is_for_managers(self, client, make):
        client.force_login(make())
        assert client.get(MESSAGES, follow=True).status_code == 403
