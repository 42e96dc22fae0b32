"""The simulated days: the same for every way of planning, kept promises where nothing goes wrong."""

from dataclasses import replace

from django.conf import settings

from bench import simulation
from bench.simulation import CHOSEN, WITHOUT_FACTORS, WITHOUT_SLACK, Outcome, lived_here, one_day
from engineers.dispatch import DEFAULT_SLACK, Pace


def test_a_day_is_fixed_by_its_number():
    assert one_day(CHOSEN, 7) == one_day(CHOSEN, 7) != one_day(CHOSEN, 8)


def test_every_way_of_planning_meets_the_same_customers():
    asked = {lived_here(way, range(5)).asked for way in (CHOSEN, WITHOUT_SLACK, WITHOUT_FACTORS)}
    assert len(asked) == 1


def test_in_a_world_that_keeps_to_the_plan_every_arrival_is_in_its_window(monkeypatch):
    for name in ("DAY_SIGMA", "DRIVE_SIGMA", "SERVICE_SIGMA", "HELD_UP", "DRAGS_ON"):
        monkeypatch.setattr(simulation, name, 0.0)
    monkeypatch.setattr(simulation, "TRUE", Pace())
    kept = lived_here(replace(WITHOUT_SLACK, pace=None), range(20))
    assert kept.inside == kept.served > 0
    # the control: the same plans in the rush hours that they know nothing of
    monkeypatch.setattr(simulation, "TRUE", simulation.KNOWN)
    broken = lived_here(replace(WITHOUT_SLACK, pace=None), range(20))
    assert broken.inside < broken.served == kept.served


def test_slack_keeps_more_windows_and_serves_fewer():
    chosen, bare = lived_here(CHOSEN, range(60)), lived_here(WITHOUT_SLACK, range(60))
    assert chosen.share > bare.share
    assert chosen.served <= bare.served


def test_outcomes_add_up():
    assert Outcome(3, 2, 1, 4) + Outcome(1, 1, 1, 0) == Outcome(4, 3, 2, 4)


def test_what_is_simulated_is_what_the_product_ships():
    assert settings.BOOKING_SLACK_MINUTES * 60 == DEFAULT_SLACK == CHOSEN.slack
