"""Django REST framework's classes by name, whether or not the package can be read.

The tables say what the classes derive from and what they define, so that hierarchies can be followed through
them in projects whose packages are not at hand. A test compares them with the framework itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import (
    Binding,
    ClassInfo,
    Code,
    ImportedModule,
    ImportedName,
    Module,
    Value,
)
from djguide_analyzers.project.resolve import HARMLESS, External, ModuleRef, Resolver, Symbol, ValueRef
from djguide_analyzers.project.rest_framework_packages import framework_base

PACKAGE = "rest_framework"
_MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Library:
    """A class of the framework, by its bare name: ``ModelViewSet``, ``CharField``."""

    name: str

    @property
    def dotted(self) -> str:
        return f"{PACKAGE}.{self.name}"


Ancestor = ClassInfo | External | Library

_API_VIEW = (
    "renderer_classes parser_classes authentication_classes throttle_classes permission_classes "
    "content_negotiation_class metadata_class versioning_class settings schema as_view allowed_methods "
    "default_response_headers http_method_not_allowed permission_denied throttled get_authenticate_header "
    "get_parser_context get_renderer_context get_exception_handler_context get_view_name get_view_description "
    "get_format_suffix get_renderers get_parsers get_authenticators get_permissions get_throttles "
    "get_content_negotiator get_exception_handler perform_content_negotiation perform_authentication "
    "check_permissions check_object_permissions check_throttles determine_version initialize_request initial "
    "finalize_response handle_exception raise_uncaught_exception dispatch options"
)
_GENERIC_VIEW = (
    "queryset serializer_class lookup_field lookup_url_kwarg filter_backends pagination_class get_queryset "
    "get_object get_serializer get_serializer_class get_serializer_context filter_queryset paginator "
    "paginate_queryset get_paginated_response"
)

VIEWS: dict[str, tuple[tuple[str, ...], str]] = {
    "APIView": ((), _API_VIEW),
    "GenericAPIView": (("APIView",), _GENERIC_VIEW),
    "CreateModelMixin": ((), "create perform_create get_success_headers"),
    "ListModelMixin": ((), "list"),
    "RetrieveModelMixin": ((), "retrieve"),
    "UpdateModelMixin": ((), "update perform_update partial_update"),
    "DestroyModelMixin": ((), "destroy perform_destroy"),
    "CreateAPIView": (("CreateModelMixin", "GenericAPIView"), "post"),
    "ListAPIView": (("ListModelMixin", "GenericAPIView"), "get"),
    "RetrieveAPIView": (("RetrieveModelMixin", "GenericAPIView"), "get"),
    "DestroyAPIView": (("DestroyModelMixin", "GenericAPIView"), "delete"),
    "UpdateAPIView": (("UpdateModelMixin", "GenericAPIView"), "put patch"),
    "ListCreateAPIView": (("ListModelMixin", "CreateModelMixin", "GenericAPIView"), "get post"),
    "RetrieveUpdateAPIView": (("RetrieveModelMixin", "UpdateModelMixin", "GenericAPIView"), "get put patch"),
    "RetrieveDestroyAPIView": (("RetrieveModelMixin", "DestroyModelMixin", "GenericAPIView"), "get delete"),
    "RetrieveUpdateDestroyAPIView": (
        ("RetrieveModelMixin", "UpdateModelMixin", "DestroyModelMixin", "GenericAPIView"),
        "get put patch delete",
    ),
    "ViewSetMixin": (
        (),
        "as_view initialize_request reverse_action get_extra_actions get_extra_action_url_map",
    ),
    "ViewSet": (("ViewSetMixin", "APIView"), ""),
    "GenericViewSet": (("ViewSetMixin", "GenericAPIView"), ""),
    "ReadOnlyModelViewSet": (("RetrieveModelMixin", "ListModelMixin", "GenericViewSet"), ""),
    "ModelViewSet": (
        (
            "CreateModelMixin",
            "RetrieveModelMixin",
            "UpdateModelMixin",
            "DestroyModelMixin",
            "ListModelMixin",
            "GenericViewSet",
        ),
        "",
    ),
    "ObtainAuthToken": (
        ("APIView",),
        "throttle_classes permission_classes parser_classes renderer_classes serializer_class "
        "get_serializer_context get_serializer post",
    ),
    "APIRootView": (("APIView",), "_ignore_model_permissions schema api_root_dict get"),
}
"""View classes: their bases within the framework, and the names they define."""

_FIELD_BASES: dict[str, str] = {
    "Field": "",
    **dict.fromkeys(
        [
            "BooleanField",
            "CharField",
            "UUIDField",
            "IntegerField",
            "FloatField",
            "DecimalField",
            "DateTimeField",
            "DateField",
            "TimeField",
            "DurationField",
            "ChoiceField",
            "FileField",
            "ListField",
            "DictField",
            "JSONField",
            "ReadOnlyField",
            "HiddenField",
            "SerializerMethodField",
            "ModelField",
            "RelatedField",
            "ManyRelatedField",
            "BaseSerializer",
        ],
        "Field",
    ),
    **dict.fromkeys(["EmailField", "RegexField", "SlugField", "URLField", "IPAddressField"], "CharField"),
    **dict.fromkeys(["MultipleChoiceField", "FilePathField"], "ChoiceField"),
    **dict.fromkeys(
        ["StringRelatedField", "PrimaryKeyRelatedField", "HyperlinkedRelatedField", "SlugRelatedField"],
        "RelatedField",
    ),
    "BigIntegerField": "IntegerField",
    "ImageField": "FileField",
    "HStoreField": "DictField",
    "HyperlinkedIdentityField": "HyperlinkedRelatedField",
    "NullBooleanField": "BooleanField",
    "Serializer": "BaseSerializer",
    "ListSerializer": "BaseSerializer",
    "ModelSerializer": "Serializer",
    "HyperlinkedModelSerializer": "ModelSerializer",
}
_OTHER_BASES: dict[str, str] = {
    "BasePermission": "",
    **dict.fromkeys(
        ["AllowAny", "IsAuthenticated", "IsAdminUser", "IsAuthenticatedOrReadOnly", "DjangoModelPermissions"],
        "BasePermission",
    ),
    "DjangoModelPermissionsOrAnonReadOnly": "DjangoModelPermissions",
    "DjangoObjectPermissions": "DjangoModelPermissions",
    "BasePagination": "",
    **dict.fromkeys(["PageNumberPagination", "LimitOffsetPagination", "CursorPagination"], "BasePagination"),
    "BaseFilterBackend": "",
    "SearchFilter": "BaseFilterBackend",
    "OrderingFilter": "BaseFilterBackend",
    "UnaccentedSearchFilter": "SearchFilter",
    "BaseRouter": "",
    "SimpleRouter": "BaseRouter",
    "DefaultRouter": "SimpleRouter",
}
SINGLE_BASES: dict[str, str] = _FIELD_BASES | _OTHER_BASES
"""Fields, serializers, permissions, paginations, filters and routers: the one base each has here."""


def library_name(dotted: str | None) -> str | None:
    """Bare name of something of the framework: ``CharField`` for ``rest_framework.serializers.CharField``."""
    if dotted is None or not dotted.startswith(f"{PACKAGE}."):
        return None
    return dotted.rpartition(".")[2]


def library_bases(name: str) -> tuple[str, ...]:
    """All classes of the framework that the one called `name` derives from, itself first, in order."""
    if name in VIEWS:
        merged: list[str] = []
        for base in VIEWS[name][0]:
            merged += library_bases(base)
        return (name, *_last_ones(merged))
    line = [name]
    while (base := SINGLE_BASES.get(line[-1])) is not None and base:
        line.append(base)
    return tuple(line)


def _last_ones(names: list[str]) -> list[str]:
    """`names` with only the last of equal ones, which linearises hierarchies without contradictions."""
    return [name for number, name in enumerate(names) if name not in names[number + 1 :]]


# --- names -----------------------------------------------------------------------------------------------


def meaning(
    resolver: Resolver, scope: Code | Module, node: ir.Expr, owner: ClassInfo | None = None, depth: int = 0
) -> Symbol | None:
    """What a name, dotted name or parametrised class means, aliases followed.

    What comes from a package that cannot be read is an `External` with its dotted name, also where only a part of
    the package is known.
    """
    if depth > _MAX_DEPTH:
        return None
    module = scope.module if isinstance(scope, Code) else scope
    symbol = resolver.expr(scope, node, owner)
    if isinstance(symbol, ValueRef) and isinstance(symbol.value.expr, (ir.Name, ir.Attr)):
        return meaning(resolver, symbol.value.code, symbol.value.expr, symbol.owner, depth + 1) or symbol
    if symbol is not None:
        return symbol
    match node:
        case ir.Name(id=name):
            return _imported(resolver, module, name, depth)
        case ir.Attr(value=value, name=name):
            base = meaning(resolver, scope, value, owner, depth + 1)
            return External(f"{base.dotted}.{name}") if isinstance(base, External) else None
        case ir.Subscript(value=value):
            return meaning(resolver, scope, value, owner, depth + 1)
    return None


def _imported(resolver: Resolver, module: Module, name: str, depth: int) -> External | None:
    """A name that is imported from somewhere that the resolver cannot look into."""
    for binding in reversed(module.symbols.names.get(name, ())):
        if isinstance(binding, ImportedName):
            source = resolver.module(binding.module)
            if source is None or source.origin == "bundled":
                return External(f"{binding.module}.{binding.name}")
            if depth < _MAX_DEPTH and source is not module:
                return _imported(resolver, source, binding.name, depth + 1)
        elif isinstance(binding, ImportedModule):
            return External(binding.dotted)
    return None


def dotted_name(
    resolver: Resolver, scope: Code | Module, node: ir.Expr, owner: ClassInfo | None = None
) -> str | None:
    """Dotted name of what `node` means; None when it is not known."""
    symbol = meaning(resolver, scope, node, owner)
    return None if symbol is None else symbol.dotted


# --- hierarchies -----------------------------------------------------------------------------------------


def lineage(resolver: Resolver, cls: ClassInfo) -> tuple[Ancestor, ...]:
    """The class hierarchy of `cls`, itself first; classes of the framework as `Library`, whether read or not."""
    expanded: list[Ancestor] = []
    for base in resolver.mro(cls):
        name = library_name(base.dotted)
        if name is not None and (name in VIEWS or name in SINGLE_BASES):
            expanded += [Library(each) for each in library_bases(name)]
        elif isinstance(base, External) and (behind := framework_base(base.dotted)) is not None:
            expanded += [Library(each) for each in library_bases(behind)] if behind else []
        elif base.dotted == "django.views.generic.base.View" or base.dotted in HARMLESS:
            continue
        else:
            expanded.append(base)
    return tuple(base for number, base in enumerate(expanded) if base not in expanded[number + 1 :])


def lineage_of(
    resolver: Resolver, code: Code, node: ir.Expr, owner: ClassInfo | None = None
) -> tuple[Ancestor, ...]:
    """The hierarchy of the class that `node` names; empty when it names no class that is known."""
    symbol = meaning(resolver, code, node, owner)
    name = library_name(symbol.dotted) if symbol is not None else None
    if name is not None and (name in VIEWS or name in SINGLE_BASES):
        return tuple(Library(each) for each in library_bases(name))
    return lineage(resolver, symbol) if isinstance(symbol, ClassInfo) else ()


def derives_from(line: tuple[Ancestor, ...], *names: str) -> bool:
    """Whether one of the framework's classes called `names` is in a hierarchy."""
    return any(isinstance(base, Library) and base.name in names for base in line)


def is_certain(line: tuple[Ancestor, ...]) -> bool:
    """Whether every class of a hierarchy is known."""
    return not any(isinstance(base, External) for base in line)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A class attribute: where the hierarchy defines it.

    `owner` is a class that can be read, with the `binding`; or a `Library` class, which has its own default; or an
    `External`, which comes first and may define it.
    """

    owner: Ancestor
    binding: Binding | None

    @property
    def expr(self) -> tuple[ir.Expr, Code, ClassInfo] | None:
        """The expression assigned, with its table and the class it stands in."""
        if isinstance(self.binding, Value) and self.binding.expr is not None:
            assert isinstance(self.owner, ClassInfo)
            return self.binding.expr, self.binding.code, self.owner
        return None

    @property
    def is_known(self) -> bool:
        return not isinstance(self.owner, External)

    @property
    def is_own(self) -> bool:
        """Whether it is written in a class that can be read, and not the framework's default."""
        return isinstance(self.owner, ClassInfo)


def attribute(line: tuple[Ancestor, ...], name: str) -> Attribute | None:
    """Where a hierarchy defines the attribute `name`; None when no class of it does."""
    for base in line:
        if isinstance(base, ClassInfo):
            if (binding := base.member(name)) is not None:
                return Attribute(base, binding)
        elif isinstance(base, External) or name in VIEWS.get(base.name, ((), ""))[1].split():
            return Attribute(base, None)
    return None


def readable(line: tuple[Ancestor, ...]) -> Iterator[ClassInfo]:
    """The classes of a hierarchy that are not the framework's and can be read."""
    return (base for base in line if isinstance(base, ClassInfo))


def module_of(symbol: Symbol | None) -> Module | None:
    """The module that a symbol stands for."""
    return symbol.module if isinstance(symbol, ModuleRef) else None
