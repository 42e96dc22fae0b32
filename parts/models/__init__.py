from .catalogue import Brand, Component, DeviceModel, Grade, Part, PartCertificate, Supplier
from .stock import Lot, StockLocation, StockMovement, StockUnit, UnitStatus

__all__ = [
    "Brand",
    "Component",
    "DeviceModel",
    "Grade",
    "Lot",
    "Part",
    "PartCertificate",
    "StockLocation",
    "StockMovement",
    "StockUnit",
    "Supplier",
    "UnitStatus",
]
