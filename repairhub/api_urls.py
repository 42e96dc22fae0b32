"""The API's addresses: version 1, its schema and its docs page."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from engineers.api.plan_runs import ApplyPlanRun, CancelPlanRun, PlanRunDetail, PlanRuns
from orders.api.catalogue import Repairs, Windows
from orders.api.orders import OrderDetail, Orders
from orders.api.proposals import ProposalAnswers
from parts.api import DeviceModelList
from repairhub.accounts.api import PhoneCodes, PhoneProofs
from repairhub.core.api_fields import NoSuchAddress
from repairhub.places.api import CityList

schema = SpectacularAPIView.as_view(permission_classes=[AllowAny], authentication_classes=[])
docs = SpectacularSwaggerSplitView.as_view(
    url_name="api_schema",
    template_name="api_docs.html",  # without a style element: the policy of our pages holds here too
    permission_classes=[AllowAny],
    authentication_classes=[],
)

urlpatterns = [
    path("v1/cities/", CityList.as_view(), name="api_cities"),
    path("v1/device-models/", DeviceModelList.as_view(), name="api_device_models"),
    path("v1/repairs/", Repairs.as_view(), name="api_repairs"),
    path("v1/windows/", Windows.as_view(), name="api_windows"),
    path("v1/phone-codes/", PhoneCodes.as_view(), name="api_phone_codes"),
    path("v1/phone-proofs/", PhoneProofs.as_view(), name="api_phone_proofs"),
    path("v1/orders/", Orders.as_view(), name="api_orders"),
    path("v1/orders/<slug:reference>/", OrderDetail.as_view(), name="api_order"),
    path("v1/plan-runs/", PlanRuns.as_view(), name="api_plan_runs"),
    path("v1/plan-runs/<slug:reference>/", PlanRunDetail.as_view(), name="api_plan_run"),
    path("v1/plan-runs/<slug:reference>/apply/", ApplyPlanRun.as_view(), name="api_apply_plan_run"),
    path("v1/plan-runs/<slug:reference>/cancel/", CancelPlanRun.as_view(), name="api_cancel_plan_run"),
    path(
        "v1/orders/<slug:reference>/proposals/<int:proposal_id>/answer/",
        ProposalAnswers.as_view(),
        name="api_answer_proposal",
    ),
    path("schema/", login_not_required(schema), name="api_schema"),
    path("docs/", login_not_required(docs), name="api_docs"),
    re_path("", NoSuchAddress.as_view(), name="api_nothing"),
]
