from django.db import models
from treebeard.models import Node

class AL_NodeManager(models.Manager): ...

class AL_Node(Node):
    objects = AL_NodeManager()

    class Meta:
        abstract = True
