"""GET /api/v1/repairs/ and /api/v1/windows/: what can be booked, for how much, and when."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engineers.planning import city_today
from engineers.selectors.windows import OfferedWindow, offered_windows
from engineers.services.looking import with_openings
from orders.offers import GradeOption, RepairOffer, choose, repair_offers, visit_needs
from orders.services.booking import check_city_can
from parts.models import DeviceModel, Grade
from repairhub.core.api_fields import CostlyCallsByAddress, PublicAPI
from repairhub.core.errors import InvalidInput
from repairhub.places.models import City

LONGEST_ID = 110
MOST_REPAIRS = 10


def repair_id(device_model: DeviceModel, repair_key: str) -> str:
    """Names a repair of a model in the API: "iphone-12.screen"."""
    return f"{device_model.key}.{repair_key}"


def parse_repairs(pairs: list[tuple[str, str]]) -> tuple[DeviceModel, list[tuple[str, str]]]:
    """The model and its (repair key, grade) pairs. Raises InvalidInput naming `repair`."""
    parsed = [(*repair.partition(".")[::2], grade) for repair, grade in pairs]
    model = DeviceModel.objects.offered().filter(key=parsed[0][0]).first() if parsed else None
    if model is None or any(model_key != model.key for model_key, _repair, _grade in parsed):
        raise InvalidInput(
            _("Take the ids that /api/v1/repairs/ gives for one device model."),
            field="repair",
            code="unknown_repair",
        )
    return model, [(repair_key, grade) for _model, repair_key, grade in parsed]


class GradeAnswer(serializers.Serializer[GradeOption]):
    grade = serializers.ChoiceField(choices=Grade.choices)
    grade_label = serializers.CharField(help_text="In the language asked for.")
    price = serializers.DecimalField(
        max_digits=10, decimal_places=2, source="total", help_text="Part and labour: what the customer pays."
    )
    part_price = serializers.DecimalField(max_digits=10, decimal_places=2)
    labour = serializers.DecimalField(max_digits=10, decimal_places=2)
    currency = serializers.CharField(source="part.currency")
    is_sample_price = serializers.BooleanField(source="part.is_sample_price")
    price_source = serializers.CharField(source="part.price_source")
    keeps_maker_warranty = serializers.BooleanField(source="part.keeps_maker_warranty")
    needs_brand_authorisation = serializers.BooleanField(source="part.needs_brand_authorisation")
    term_days = serializers.IntegerField(help_text="Our warranty, in days.")


class RepairAnswer(serializers.Serializer[RepairOffer]):
    id = serializers.SerializerMethodField(help_text="For windows/ and orders/.")
    name = serializers.CharField(source="repair.name")
    name_en = serializers.CharField(source="repair.name_en")
    name_zh = serializers.CharField(source="repair.name_zh")
    component = serializers.CharField(source="repair.component.key")
    skill = serializers.CharField(source="repair.skill.key")
    minutes = serializers.IntegerField(source="repair.minutes")
    grades = GradeAnswer(source="options", many=True)

    def get_id(self, offer: RepairOffer) -> str:
        """The repair of this model."""
        return repair_id(self.context["device_model"], offer.repair.key)


class Repairs(PublicAPI):
    @extend_schema(
        parameters=[OpenApiParameter("device_model", str, required=True, description="Key of the model.")],
        responses=RepairAnswer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Repairs of a device model, each with its grades side by side. Prices in CNY."""
        key = request.query_params.get("device_model", "")
        model = DeviceModel.objects.offered().filter(key=key[:LONGEST_ID]).first()
        if model is None:
            raise InvalidInput(
                _("There is no device model with this key."),
                field="device_model",
                code="unknown_device_model",
                next_step=_("Take a key from /api/v1/device-models/."),
            )
        offers = repair_offers(model, timezone.localdate())
        return Response(RepairAnswer(offers, many=True, context={"device_model": model}).data)  # type: ignore[arg-type]  # the stubs know no many=True


def degrees(limit: int) -> dict[str, Any]:
    """A latitude or a longitude, in the schema."""
    return {"type": "number", "minimum": -limit, "maximum": limit}


class WindowsQuery(serializers.Serializer[Any]):
    city = serializers.SlugRelatedField("code", queryset=City.objects.open())
    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    repair = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_ID), max_length=MOST_REPAIRS
    )
    grade = serializers.ListField(
        child=serializers.ChoiceField(choices=Grade.choices), max_length=MOST_REPAIRS
    )
    days = serializers.IntegerField(required=False, min_value=1, max_value=settings.BOOKING_DAYS)
    from_on = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One grade per repair; one grade alone counts for all."""
        if len(attrs["grade"]) == 1:
            attrs["grade"] = attrs["grade"] * len(attrs["repair"])
        if len(attrs["grade"]) != len(attrs["repair"]):
            raise serializers.ValidationError({"grade": _("Give one grade, or one for each repair.")})
        return attrs


class WindowAnswer(serializers.Serializer[Any]):
    on = serializers.DateField()
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    is_open = serializers.BooleanField(help_text="Whether it can be booked now.")
    opening = serializers.SerializerMethodField(
        help_text="`pending` while it is looked for whether moving other visits opens it: ask again."
    )

    @extend_schema_field(serializers.ChoiceField(choices=["pending", "done"]))
    def get_opening(self, window: OfferedWindow) -> str:
        """Whether the answer for this window may still turn from shut to open."""
        return "pending" if window.is_pending else "done"


class Windows(PublicAPI):
    throttle_classes = [CostlyCallsByAddress]
    field_names = {"place": "latitude", "repairs": "repair"}
    refusals = (409,)

    @extend_schema(
        parameters=[
            OpenApiParameter("city", str, required=True, description="Code of the city."),
            OpenApiParameter("latitude", degrees(90), required=True, description="Degrees."),
            OpenApiParameter("longitude", degrees(180), required=True, description="Degrees."),
            OpenApiParameter("repair", str, required=True, many=True, description="Ids from repairs/."),
            OpenApiParameter(
                "grade",
                str,
                required=True,
                many=True,
                enum=Grade.values,
                description="One for each repair, or one for all.",
            ),
            OpenApiParameter("from", OpenApiTypes.DATE, description="First day; today by default."),
            OpenApiParameter(
                "days",
                {"type": "integer", "minimum": 1, "maximum": settings.BOOKING_DAYS},
                description="How many days; as far as can be booked by default.",
            ),
        ],
        responses=WindowAnswer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Arrival windows at a place, open where a qualified engineer can keep them, in the city's time."""
        at = timezone.now()
        asked = self._asked(request)
        model, choices = parse_repairs(list(zip(asked["repair"], asked["grade"], strict=True)))
        needs = visit_needs(model, choose(model, choices, city_today(asked["city"], at)))
        check_city_can(asked["city"], model, needs, at)
        place = {"city": asked["city"], "latitude": asked["latitude"], "longitude": asked["longitude"]}
        windows = offered_windows(
            **place, needs=needs, at=at, first=asked.get("from_on"), days=asked.get("days")
        )
        windows = with_openings(windows, **place, needs=needs)
        return Response(WindowAnswer(windows, many=True).data)

    def _asked(self, request: Request) -> dict[str, Any]:
        params = request.query_params
        data: dict[str, Any] = {
            name: params[name] for name in ("city", "latitude", "longitude", "days") if name in params
        }
        data |= {name: params.getlist(name) for name in ("repair", "grade") if name in params}
        if "from" in params:  # a word of Python's own
            data["from_on"] = params["from"]
        query = WindowsQuery(data=data)
        if not query.is_valid():
            raise serializers.ValidationError(
                {("from" if name == "from_on" else name): errors for name, errors in query.errors.items()}
            )
        asked: dict[str, Any] = query.validated_data
        return asked
