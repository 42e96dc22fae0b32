from .access import AccessNote
from .people import Absence, BrandAuthorisation, Engineer, EngineerCertificate, HeldUp, Skill, WeeklyShift
from .plan_runs import PlanRun
from .qualification import Assessment, QualificationPolicy, SkillSuspension
from .requests import EngineerRequest
from .visits import CityDay, Visit, VisitEvent
from .weather import DayWeather

__all__ = [
    "Absence",
    "AccessNote",
    "Assessment",
    "BrandAuthorisation",
    "CityDay",
    "DayWeather",
    "Engineer",
    "EngineerCertificate",
    "EngineerRequest",
    "HeldUp",
    "PlanRun",
    "QualificationPolicy",
    "Skill",
    "SkillSuspension",
    "Visit",
    "VisitEvent",
    "WeeklyShift",
]
