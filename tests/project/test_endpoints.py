"""What is said of API views: actions, permissions, serializers and models."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_project import SETTINGS, endpoint, project_of

from djguide_analyzers.project.endpoint_permissions import (
    api_setting,
    default_permissions,
    function_permissions,
    view_permissions,
)
from djguide_analyzers.project.endpoints import describe_function, view_model, view_serializers
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.project import Project

MODELS = """\
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=50)
"""
VIEWS = """\
from django.contrib.auth.mixins import LoginRequiredMixin
from rest_framework import generics, mixins, permissions, serializers, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.views import APIView

from elsewhere import Unknown

from .models import Item


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = ["id"]


class Owner(permissions.BasePermission):
    def has_permission(self, request, view):
        return True

    def has_object_permission(self, request, view, obj):
        return True


class Full(viewsets.ModelViewSet):
    queryset = Item.objects.filter(name="x").order_by("pk")
    serializer_class = ItemSerializer
    permission_classes = [IsAuthenticated & Owner]

    @action(detail=True, methods=["POST"], permission_classes=[AllowAny])
    def publish(self, request, pk=None):
        return None

    @action(detail=False)
    def newest(self, request):
        return None


class Less(Full):
    http_method_names = ["get"]
    permission_classes = (AllowAny | Owner,)


class Base(generics.GenericAPIView):
    queryset = Item.objects.all()
    permission_classes = []


class Listed(generics.ListAPIView, Base):
    pass


class Choosing(mixins.CreateModelMixin, viewsets.GenericViewSet):
    def get_queryset(self):
        return Item.objects.none()

    def get_serializer_class(self):
        return ItemSerializer

    def get_permissions(self):
        return []


class Plain(APIView):
    def post(self, request):
        return None


class Guarded(LoginRequiredMixin, APIView):
    pass


class Open(Unknown, viewsets.ModelViewSet):
    queryset = Item.objects.all()


@api_view(["GET", "DELETE"])
@permission_classes([AllowAny])
def function(request):
    return None
"""
FILES = {"shop/models.py": MODELS, "shop/views.py": VIEWS}


@pytest.fixture(params=[False, True], ids=["alone", "installed"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    return project_of(tmp_path, FILES, installed=request.param)


def test_actions(project: Project) -> None:
    actions = {action.name: (action.methods, action.detail) for action in endpoint(project, "Full").actions}
    assert actions == {
        "list": (("get",), False),
        "create": (("post",), False),
        "retrieve": (("get",), True),
        "update": (("put",), True),
        "partial_update": (("patch",), True),
        "destroy": (("delete",), True),
        "publish": (("post",), True),
        "newest": (("get",), False),
    }
    assert [action.name for action in endpoint(project, "Less").actions] == ["list", "retrieve", "newest"]
    assert [(a.name, a.detail) for a in endpoint(project, "Listed").actions] == [("get", False)]
    assert [(a.name, a.detail) for a in endpoint(project, "Plain").actions] == [("post", None)]


def test_attributes_come_from_the_real_hierarchy(project: Project) -> None:
    listed = endpoint(project, "Listed")
    written = listed.written("queryset")
    assert written is not None
    assert written.owner is not None
    assert written.owner.name == "Base"
    assert listed.certain
    assert not endpoint(project, "Open").certain
    assert endpoint(project, "Open").option("permission_classes") is not None
    assert not endpoint(project, "Open").is_default("permission_classes")


@pytest.mark.parametrize(
    ("name", "source", "anybody", "objects"),
    [
        ("Full", "view", False, True),
        ("Less", "view", True, True),
        ("Listed", "view", True, False),
        ("Choosing", "code", None, None),
        ("Plain", "default", True, False),
        ("Guarded", "code", None, None),
        ("Open", "code", None, None),
    ],
)
def test_permissions(
    project: Project, name: str, source: str, anybody: bool | None, objects: bool | None
) -> None:
    found = view_permissions(project, endpoint(project, name))
    assert (found.source, found.let_anybody_write(), found.look_at_objects()) == (source, anybody, objects)


def test_function_views(project: Project) -> None:
    info = project.resolver.dotted("shop.views.function")
    assert isinstance(info, FunctionInfo)
    view = describe_function(project, info)
    assert view is not None
    assert view.methods == ("get", "delete")
    assert function_permissions(project, view).let_anybody_write() is True


def test_models_and_serializers(project: Project) -> None:
    for name, certain in (("Full", True), ("Choosing", False)):
        found = endpoint(project, name)
        model = view_model(project, found)
        assert model is not None
        assert model.label == "shop.Item"
        used, known = view_serializers(project, found)
        assert [cls.name for cls in used] == ["ItemSerializer"]
        assert known is certain


@pytest.mark.parametrize(
    ("lines", "source", "anybody"),
    [
        ("", "default", True),
        ("REST_FRAMEWORK = {}", "default", True),
        (
            'REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}',
            "settings",
            False,
        ),
        ('REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["shop.views.Owner"]}', "settings", False),
        ('REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": []}', "settings", True),
        ("from elsewhere import REST_FRAMEWORK", "settings", None),
        ("from elsewhere import *", "settings", None),
    ],
)
def test_default_permissions(tmp_path: Path, lines: str, source: str, anybody: bool | None) -> None:
    made = project_of(tmp_path, FILES | {"project/settings.py": SETTINGS + lines + "\n"})
    found = default_permissions(made)
    assert (found.source, found.let_anybody_write()) == (source, anybody)


def test_settings_that_are_not_known(tmp_path: Path) -> None:
    lines = "from elsewhere import REST_FRAMEWORK\n"
    made = project_of(tmp_path, FILES | {"project/settings.py": SETTINGS + lines})
    assert api_setting(made, "DEFAULT_PAGINATION_CLASS") is None
