from django.db import models
from tree_queries.fields import TreeNodeForeignKey
from tree_queries.query import TreeQuerySet

class TreeNode(models.Model):
    parent = TreeNodeForeignKey("self", blank=True, null=True, on_delete=models.CASCADE, related_name="children")

    objects = TreeQuerySet.as_manager()

    class Meta:
        abstract = True
