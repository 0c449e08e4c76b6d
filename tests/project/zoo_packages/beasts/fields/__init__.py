from .columns import ShortField, TokenField
from .relations import OwnerKey

__all__ = ["OwnerKey", "ShortField", "TokenField"]
