from django.db import models
from treebeard.models import Node

class MP_NodeQuerySet(models.query.QuerySet): ...
class MP_NodeManager(models.Manager): ...

class MP_Node(Node):
    path = models.CharField(max_length=255, unique=True)
    depth = models.PositiveIntegerField()
    numchild = models.PositiveIntegerField(default=0)

    objects = MP_NodeManager()

    class Meta:
        abstract = True
