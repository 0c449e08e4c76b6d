from django.db import models
from treebeard.models import Node

class NS_NodeQuerySet(models.query.QuerySet): ...
class NS_NodeManager(models.Manager): ...

class NS_Node(Node):
    lft = models.PositiveIntegerField(db_index=True)
    rgt = models.PositiveIntegerField(db_index=True)
    tree_id = models.PositiveIntegerField(db_index=True)
    depth = models.PositiveIntegerField(db_index=True)

    objects = NS_NodeManager()

    class Meta:
        abstract = True
