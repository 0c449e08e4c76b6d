import copy

from django.conf import settings
from django.db import models
from django.db.models.fields.proxy import OrderWrt
from django.db.models.signals import class_prepared

class HistoricalChanges: ...

def _as_history(field, sender):
    field = copy.copy(field)
    if isinstance(field, models.ForeignKey):
        to = sender if field.remote_field.model == "self" else field.remote_field.model
        kind = models.ForeignKey if isinstance(field, models.OneToOneField) else type(field)
        made = kind(
            to, on_delete=models.DO_NOTHING, related_name="+", null=True, blank=True, db_index=True,
            db_constraint=False,
        )
        made.name = field.name
        return made
    if isinstance(field, OrderWrt):
        field.__class__ = models.IntegerField
    elif isinstance(field, models.BigAutoField):
        field.__class__ = models.BigIntegerField
    elif isinstance(field, models.AutoField):
        field.__class__ = models.IntegerField
    elif isinstance(field, models.FileField):
        as_text = getattr(settings, "SIMPLE_HISTORY_FILEFIELD_TO_CHARFIELD", False)
        field.__class__ = models.CharField if as_text else models.TextField
    if field.primary_key or field.unique:
        field.primary_key = False
        field._unique = False
        field.db_index = True
    return field

class HistoricalRecords:
    def __init__(
        self, verbose_name=None, verbose_name_plural=None, bases=(models.Model,), user_related_name="+",
        table_name=None, inherit=False, excluded_fields=None, history_id_field=None,
        history_change_reason_field=None, user_model=None, get_user=None, cascade_delete_history=False,
        custom_model_name=None, app=None, history_user_id_field=None, history_user_getter=None,
        history_user_setter=None, related_name=None, use_base_model_db=False, user_db_constraint=True,
        no_db_index=(), **more
    ):
        self.bases = bases
        self.user_related_name = user_related_name
        self.table_name = table_name
        self.inherit = inherit
        self.excluded_fields = excluded_fields or []
        self.history_id_field = history_id_field
        self.history_change_reason_field = history_change_reason_field
        self.user_model = user_model
        self.custom_model_name = custom_model_name
        self.app = app
        self.user_id_field = history_user_id_field
        self.related_name = related_name
        self.no_db_index = [no_db_index] if isinstance(no_db_index, str) else no_db_index

    def contribute_to_class(self, cls, name):
        self.cls = cls
        class_prepared.connect(self.finalize)

    def finalize(self, sender, **kwargs):
        if sender is not self.cls and not (self.inherit and issubclass(sender, self.cls)):
            return
        attrs = {"__module__": sender.__module__}
        for field in sender._meta.fields:
            if field.name not in self.excluded_fields:
                attrs[field.name] = _as_history(field, sender)
                if field.name in self.no_db_index:
                    attrs[field.name].db_index = False
        attrs.update(self.extra_fields(sender))
        meta = {"ordering": ("-history_date", "-history_id"), "get_latest_by": ("history_date", "history_id")}
        if self.table_name is not None:
            meta["db_table"] = self.table_name
        if self.app:
            meta["app_label"] = self.app
        attrs["Meta"] = type("Meta", (), meta)
        type(self.model_name(sender), (HistoricalChanges,) + tuple(self.bases), attrs)

    def model_name(self, sender):
        if not self.custom_model_name:
            return "Historical%s" % sender._meta.object_name
        if callable(self.custom_model_name):
            return self.custom_model_name(sender._meta.object_name)
        return self.custom_model_name

    def extra_fields(self, sender):
        fields = {}
        if self.related_name:
            fields["history_relation"] = models.ForeignKey(
                sender, on_delete=models.DO_NOTHING, related_name=self.related_name, db_constraint=False
            )
        if self.history_id_field:
            fields["history_id"] = copy.copy(self.history_id_field)
            fields["history_id"].primary_key = True
        elif getattr(settings, "SIMPLE_HISTORY_HISTORY_ID_USE_UUID", False):
            fields["history_id"] = models.UUIDField(primary_key=True, editable=False)
        else:
            fields["history_id"] = models.AutoField(primary_key=True)
        fields["history_date"] = models.DateTimeField(
            db_index=getattr(settings, "SIMPLE_HISTORY_DATE_INDEX", True) is True
        )
        if self.history_change_reason_field:
            fields["history_change_reason"] = self.history_change_reason_field
        elif getattr(settings, "SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD", False):
            fields["history_change_reason"] = models.TextField(null=True)
        else:
            fields["history_change_reason"] = models.CharField(max_length=100, null=True)
        fields["history_type"] = models.CharField(max_length=1)
        if self.user_id_field is not None:
            fields["history_user_id"] = self.user_id_field
        else:
            fields["history_user"] = models.ForeignKey(
                self.user_model or settings.AUTH_USER_MODEL, null=True, related_name=self.user_related_name,
                on_delete=models.SET_NULL,
            )
        return fields
