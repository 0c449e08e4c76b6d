from django.db import models

class TreeManager(models.Manager): ...

class TreeQuerySet(models.QuerySet):
    @classmethod
    def as_manager(cls, *, with_tree_fields=False):
        return TreeManager.from_queryset(cls)()
