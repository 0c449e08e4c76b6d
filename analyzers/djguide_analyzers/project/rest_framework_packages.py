"""Classes of well-known packages that build on Django REST framework, for projects whose packages are not at hand.

Only those that leave what the framework's class puts out and takes in as it is: what they add is told by name
elsewhere, or asked for by the client.
"""

from __future__ import annotations

_CLASSES: dict[str, dict[str, str]] = {
    "django_countries": {"CountryFieldMixin": ""},
    "drf_dynamic_fields": {"DynamicFieldsMixin": ""},
    "drf_queryfields": {"QueryFieldsMixin": ""},
    "i18nfield": {"I18nAwareModelSerializer": "ModelSerializer"},
    "parler_rest": {"TranslatableModelSerializer": "ModelSerializer", "TranslatableModelSerializerMixin": ""},
    "rest_flex_fields": {
        "FlexFieldsMixin": "",
        "FlexFieldsModelSerializer": "ModelSerializer",
        "FlexFieldsModelViewSet": "ModelViewSet",
        "FlexFieldsSerializerMixin": "",
    },
    "rest_framework_extensions": {"NestedViewSetMixin": ""},
    "rest_framework_gis": {
        "GeoFeatureModelSerializer": "ModelSerializer",
        "GeoModelSerializer": "ModelSerializer",
    },
    "rest_framework_nested": {
        "NestedHyperlinkedModelSerializer": "HyperlinkedModelSerializer",
        "NestedViewSetMixin": "",
    },
}
"""By package and bare name: the class of the framework that each derives from, nothing for mixins."""


def framework_base(dotted: str) -> str | None:
    """Bare name of the framework's class behind a class of a package.

    Empty for a mixin, and None for what is not known. The module does not count: packages hand their classes on.
    """
    package, name = dotted.partition(".")[0], dotted.rpartition(".")[2]
    return _CLASSES.get(package, {}).get(name)
