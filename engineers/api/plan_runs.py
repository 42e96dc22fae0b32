"""POST and GET /api/v1/plan-runs/, apply and cancel: what the desk's pages do, for programs of the desk."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from engineers.models import PlanRun
from engineers.plan_forms import AskPlan
from engineers.planning import city_today
from engineers.selectors.board import cities_of
from engineers.selectors.plan_runs import Difference, difference_of
from engineers.services.lateness import MOST_MINUTES
from engineers.services.plan_runs import Outcome, apply_run, ask_for_plan, cancel_run
from engineers.states import PlanCause, PlanRunStatus
from repairhub.accounts.rules import sees_dispatch_board
from repairhub.core.api_fields import FlatJSONParser
from repairhub.core.errors import Conflict, NotFoundError
from repairhub.core.idempotency import LONGEST_KEY, SHORTEST_KEY, run_once

KEY_HEADER = "Idempotency-Key"
KEY = OpenApiParameter(
    KEY_HEADER,
    {"type": "string", "minLength": SHORTEST_KEY, "maxLength": LONGEST_KEY, "pattern": "^[ -~]*$"},
    OpenApiParameter.HEADER,
    required=True,
    description="With the same key and body comes the same answer.",
)


class PlanQuestion(serializers.Serializer[Any]):
    cause = serializers.ChoiceField(choices=PlanCause.choices)
    city = serializers.CharField(required=False, max_length=8, help_text="Code; a visit brings its own.")
    on = serializers.DateField(required=False, help_text="Today by default; a visit brings its own.")
    engineer = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    visit = serializers.CharField(required=False, max_length=20, help_text="Reference.")
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=MOST_MINUTES)


class ChangeAnswer(serializers.Serializer[Any]):
    visit = serializers.CharField(source="visit.reference")
    from_engineer = serializers.CharField(source="from_name", help_text="Empty: nobody.")
    to_engineer = serializers.CharField(source="to_name")
    from_start_at = serializers.DateTimeField(allow_null=True)
    to_start_at = serializers.DateTimeField(allow_null=True)
    told = serializers.BooleanField(source="is_told", help_text="Whether the customer is told.")


class LostAnswer(serializers.Serializer[Any]):
    visit = serializers.CharField(source="visit.reference")
    from_engineer = serializers.CharField(source="from_name", help_text="Empty: nobody.")
    why = serializers.CharField()
    told = serializers.BooleanField(source="is_told", help_text="Whether the customer is told.")


class LateAnswer(serializers.Serializer[Any]):
    visit = serializers.CharField(source="visit.reference")
    minutes = serializers.IntegerField()


class DifferenceAnswer(serializers.Serializer[Difference]):
    moved = ChangeAnswer(many=True)
    retimed = ChangeAnswer(many=True)
    lost = LostAnswer(many=True, help_text="Visits that no route keeps.")
    late = LateAnswer(many=True)
    kept = serializers.IntegerField(help_text="Visits that keep their engineer.")
    told = serializers.IntegerField(help_text="Customers who are told.")
    saved_minutes = serializers.IntegerField(help_text="Driving; below 0 where it takes more.")


class PlanRunAnswer(serializers.Serializer[PlanRun]):
    reference = serializers.CharField()
    city = serializers.CharField(source="city.code")
    on = serializers.DateField()
    cause = serializers.ChoiceField(choices=PlanCause.choices)
    status = serializers.ChoiceField(choices=PlanRunStatus.choices)
    progress_percent = serializers.IntegerField()
    asked_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    followed_by = serializers.SerializerMethodField(
        help_text="The run asked for in place of an outdated one."
    )
    difference = serializers.SerializerMethodField()

    def get_followed_by(self, run: PlanRun) -> str:
        """Its reference, empty where there is none."""
        anew = getattr(run, "followed_by", None)
        return anew.reference if anew is not None else ""

    @extend_schema_field(DifferenceAnswer(allow_null=True))
    def get_difference(self, run: PlanRun) -> dict[str, Any] | None:
        """What it changes, once it is computed."""
        difference = difference_of(run)
        return None if difference is None else dict(DifferenceAnswer(difference).data)


class SeesTheBoard(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        """Dispatchers and managers."""
        return bool(sees_dispatch_board(request.user))


class DeskAPI(APIView):
    """Base of the desk's endpoints: a signed-in session, with its token against forged requests."""

    permission_classes = [IsAuthenticated, SeesTheBoard]
    parser_classes = [FlatJSONParser]
    refusals: tuple[int, ...] = (403, 404, 409, 422)

    def once(self, request: Request, action: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
        """The answer of the action, or the stored one of this person's earlier call with the same key."""
        return run_once(
            scope=f"{request.method}:{request.path}:{request.user.pk}",
            key=request.headers.get(KEY_HEADER, ""),
            body=request.data,
            at=timezone.now(),
            action=action,
        )


@method_decorator(never_cache, "dispatch")
class PlanRuns(DeskAPI):
    @extend_schema(request=PlanQuestion, responses={201: PlanRunAnswer}, parameters=[KEY])
    def post(self, request: Request) -> Response:
        """Asks for a plan; the run that is still open for the same question is answered as it stands."""
        fields = PlanQuestion(data=request.data)
        fields.is_valid(raise_exception=True)
        at = timezone.now()
        user: Any = request.user

        def action() -> tuple[int, Any]:
            today = {city.pk: city_today(city, at) for city in cities_of(user)}
            question = AskPlan(fields.validated_data).question(user, today)
            run = ask_for_plan(**question, by=user, at=at)
            return status.HTTP_201_CREATED, _answer(run)

        code, answer = self.once(request, action)
        return Response(answer, status=code)


@method_decorator(never_cache, "dispatch")
class PlanRunDetail(DeskAPI):
    refusals = (403, 404)

    @extend_schema(responses=PlanRunAnswer)
    def get(self, request: Request, reference: str) -> Response:
        """How far it is, and the difference once there is one."""
        return Response(_answer(_run(request, reference)))


@method_decorator(never_cache, "dispatch")
class ApplyPlanRun(DeskAPI):
    @extend_schema(request=None, responses=PlanRunAnswer, parameters=[KEY])
    def post(self, request: Request, reference: str) -> Response:
        """Applies what was shown. On a changed day 409: `details.followed_by` is the run asked for anew."""

        def action() -> tuple[int, Any]:
            run = _run(request, reference)
            outcome = apply_run(run=run, by=request.user, at=timezone.now())
            if outcome.run.status != PlanRunStatus.APPLIED:
                # outdated, and that is kept: only the answer is a refusal
                return status.HTTP_409_CONFLICT, _outdated(outcome)
            return status.HTTP_200_OK, _answer(outcome.run)

        code, answer = self.once(request, action)
        if code == status.HTTP_409_CONFLICT:
            raise Conflict(
                _("The day has changed since this was computed, so it can no longer be applied."),
                code="stale",
                next_step=answer["next_step"] or _("Look at the new difference."),
                details={"followed_by": answer["followed_by"]},
            )
        return Response(answer, status=code)


@method_decorator(never_cache, "dispatch")
class CancelPlanRun(DeskAPI):
    @extend_schema(request=None, responses=PlanRunAnswer, parameters=[KEY])
    def post(self, request: Request, reference: str) -> Response:
        """Ends the search, or discards what it found."""

        def action() -> tuple[int, Any]:
            run = _run(request, reference)
            return status.HTTP_200_OK, _answer(cancel_run(run=run, by=request.user, at=timezone.now()))

        code, answer = self.once(request, action)
        return Response(answer, status=code)


def _run(request: Request, reference: str) -> PlanRun:
    mine = PlanRun.objects.for_dispatcher(request.user).with_page_data()
    run = mine.filter(reference=reference.upper()).first()
    if run is None:
        raise NotFoundError(
            _("There is no plan %(reference)s in your cities.") % {"reference": reference},
            next_step=_("Ask for a new plan from the board."),
        )
    return run


def _answer(run: PlanRun) -> Any:
    return PlanRunAnswer(PlanRun.objects.with_page_data().get(pk=run.pk)).data


def _outdated(outcome: Outcome) -> dict[str, str]:
    return {
        "followed_by": outcome.anew.reference if outcome.anew else "",
        "next_step": str(outcome.refusal) if outcome.refusal else "",
    }
