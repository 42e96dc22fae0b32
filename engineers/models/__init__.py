from .people import Absence, BrandAuthorisation, Engineer, EngineerCertificate, Skill, WeeklyShift
from .visits import CityDay, Visit, VisitEvent
from .weather import DayWeather

__all__ = [
    "Absence",
    "BrandAuthorisation",
    "CityDay",
    "DayWeather",
    "Engineer",
    "EngineerCertificate",
    "Skill",
    "Visit",
    "VisitEvent",
    "WeeklyShift",
]
