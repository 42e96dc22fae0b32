from .people import Absence, BrandAuthorisation, Engineer, EngineerCertificate, Skill, WeeklyShift
from .plan_runs import PlanRun
from .visits import CityDay, Visit, VisitEvent

__all__ = [
    "Absence",
    "BrandAuthorisation",
    "CityDay",
    "Engineer",
    "EngineerCertificate",
    "PlanRun",
    "Skill",
    "Visit",
    "VisitEvent",
    "WeeklyShift",
]
