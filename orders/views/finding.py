"""Finding an order again without its link."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders.forms import FindOrderForm
from orders.services.finding import send_order_link
from repairhub.accounts.browser import client_of
from repairhub.core.errors import DomainError
from repairhub.core.pages import render_page


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find_order(request: HttpRequest) -> HttpResponse:
    """Sends the order's link to its contact. The answer is the same whether there is such an order or not."""
    form = FindOrderForm(request.POST or None)
    refusal: DomainError | None = None
    if form.is_bound and form.is_valid():
        try:
            send_order_link(
                **form.cleaned_data,
                language=get_language() or "en",
                at=timezone.now(),
                client=client_of(request),
            )
        except DomainError as error:
            refusal = error
        else:
            return redirect(f"{request.path}?sent=1")
    status = refusal.status if refusal else (400 if form.errors else 200)
    context = {"form": form, "refusal": refusal, "sent": "sent" in request.GET and not form.is_bound}
    return render_page(request, "orders/find.html", context, status=status)
