from django.db import models
from django.db.models.base import ModelBase
from mptt.managers import TreeManager

_COLUMNS = (("left_attr", "lft"), ("right_attr", "rght"), ("tree_id_attr", "tree_id"), ("level_attr", "level"))

class MPTTModelBase(ModelBase):
    def __new__(meta, name, bases, attrs, **kwargs):
        options = attrs.pop("MPTTMeta", None)
        cls = super().__new__(meta, name, bases, attrs, **kwargs)
        if options is not None:
            cls._mptt_names = options
        if cls._meta.abstract or name == "MPTTModel":
            return cls
        existing = [field.name for field in cls._meta.fields]
        options = getattr(cls, "_mptt_names", None)
        for option, default in _COLUMNS:
            column = getattr(options, option, default) if options is not None else default
            if column not in existing:
                indexed = option == "tree_id_attr"
                models.PositiveIntegerField(db_index=indexed, editable=False).contribute_to_class(cls, column)
        return cls

class MPTTModel(models.Model, metaclass=MPTTModelBase):
    objects = TreeManager()

    class Meta:
        abstract = True
