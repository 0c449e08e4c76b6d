from django.apps import apps
from django.conf import settings

_prefixes = {}

def set_app_prefix(app_label, prefix):
    _prefixes[app_label] = prefix

def swappable_setting(app_label, model):
    prefix = _prefixes.get(app_label, app_label)
    name = "%s_%s_MODEL" % (prefix.upper(), model.upper())
    if not hasattr(settings, name):
        setattr(settings, name, "%s.%s" % (app_label, model))
    return name

def get_model_name(app_label, model):
    return getattr(settings, swappable_setting(app_label, model))

def is_swapped(app_label, model):
    name = get_model_name(app_label, model)
    return name if name != "%s.%s" % (app_label, model) else False

def load_model(app_label, model, required=True, require_ready=True):
    return apps.get_model(get_model_name(app_label, model))
