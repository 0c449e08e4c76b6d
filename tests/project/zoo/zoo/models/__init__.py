from .animals import *  # noqa: F403
from .animals import Animal as Beast
from .columns import Columns, ColumnsByPosition, CustomColumns, Ration
from .conditional import *  # noqa: F403
from .inheritance import *  # noqa: F403
from .made import *  # noqa: F403
from .many import *  # noqa: F403
from .packages import *  # noqa: F403
from .people import Keeper, Team
from .relations import *  # noqa: F403

__all__ = ["Beast", "Columns", "ColumnsByPosition", "CustomColumns", "Keeper", "Ration", "Team"]
