from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models

class TextIDGenericRelation(GenericRelation): ...

class BaseIndexEntry(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.CharField(max_length=50)
    content_object = GenericForeignKey()
    title_norm = models.FloatField(default=1.0)

    class Meta:
        unique_together = ("content_type", "object_id")
        abstract = True

AbstractSQLiteFTSIndexEntry = None

if connection.vendor == "postgresql":
    from django.contrib.postgres.indexes import GinIndex
    from django.contrib.postgres.search import SearchVectorField

    class AbstractIndexEntry(BaseIndexEntry):
        autocomplete = SearchVectorField()
        title = SearchVectorField()
        body = SearchVectorField()
        title_text = models.TextField(default="")
        body_text = models.TextField(default="")

        class Meta(BaseIndexEntry.Meta):
            abstract = True
            indexes = [GinIndex(fields=["autocomplete"]), GinIndex(fields=["title"]), GinIndex(fields=["body"])]

else:
    class AbstractIndexEntry(BaseIndexEntry):
        autocomplete = models.TextField(null=True)
        title = models.TextField()
        body = models.TextField(null=True)

        class Meta(BaseIndexEntry.Meta):
            abstract = True

if connection.vendor == "sqlite":
    class AbstractSQLiteFTSIndexEntry(models.Model):
        autocomplete = models.TextField(null=True)
        title = models.TextField()
        body = models.TextField(null=True)

        class Meta:
            abstract = True
