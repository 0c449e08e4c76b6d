from django.db import models

class BaseHierarkeyStoreModel(models.Model):
    key = models.CharField(max_length=255)
    value = models.TextField()

    class Meta:
        abstract = True

class Hierarkey:
    def __init__(self, attribute_name):
        self.attribute_name = attribute_name

    def _store(self, owner, unique, fields):
        name = "%s_%sStore" % (owner.__name__, self.attribute_name.title())
        meta = type("Meta", (), {"unique_together": unique})
        attrs = {"Meta": meta, "__module__": owner.__module__}
        attrs.update(fields)
        return models.base.ModelBase(name, (BaseHierarkeyStoreModel,), attrs)

    def set_global(self, cache_namespace=None):
        def wrapper(owner):
            self._store(owner, (("key",),), {})
            return owner

        return wrapper

    def add(self, cache_namespace=None, parent_field=None):
        def wrapper(model):
            related_name = "_%s_objects" % self.attribute_name
            to_model = models.ForeignKey(model, related_name=related_name, on_delete=models.CASCADE)
            self._store(model, (("object", "key"),), {"object": to_model})
            return model

        return wrapper

class GlobalSettingsBase: ...
