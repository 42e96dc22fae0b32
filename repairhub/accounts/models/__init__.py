from .codes import AddressProof, OneTimeCode
from .users import User

__all__ = ["AddressProof", "OneTimeCode", "User"]
