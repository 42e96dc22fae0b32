"""The product's addresses and one that nobody wrote down: what the test over all addresses must see."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from repairhub.urls import urlpatterns as product


@login_not_required
def forgotten(request: HttpRequest) -> HttpResponse:
    """A page open to all."""
    return HttpResponse("open")


urlpatterns = [*product, path("one-more-address/", forgotten, name="one_more_address")]
