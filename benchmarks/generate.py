"""Projects of any number of applications that look alike, for how costs grow."""

from __future__ import annotations

from pathlib import Path

_MODELS = '''"""What a {name} is."""

from django.db import models


class Owner(models.Model):
    name = models.CharField(max_length=80)


class Item(models.Model):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="items")
    title = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title
'''
_VIEWS = """from django.shortcuts import get_object_or_404, redirect, render

from .forms import ItemForm
from .models import Item, Owner
from .services import cheapest, rename


def listing(request):
    items = Item.objects.select_related("owner")
    return render(request, "{name}/listing.html", {{"items": items, "first": cheapest()}})


def detail(request, pk):
    item = get_object_or_404(Item, pk=pk)
    if request.method == "POST":
        rename(item.owner, request.POST["name"])
        return redirect("{name}-listing")
    return render(request, "{name}/detail.html", {{"item": item, "form": ItemForm(instance=item)}})


def owners(request):
    found = []
    for owner in Owner.objects.prefetch_related("items"):
        found.append((owner.name, [item.title for item in owner.items.all()]))
    return render(request, "{name}/owners.html", {{"owners": found}})
"""
_SERVICES = """from django.db import transaction

from .models import Item{import_other}


def cheapest():
    return Item.objects.order_by("price").first()


def rename(owner, name):
    name = name.strip()
    with transaction.atomic():
        owner.name = name
        owner.save(update_fields=["name"])
        for item in owner.items.all():
            item.title = name
            item.save(update_fields=["title", "changed"])
{other}"""
_FORMS = """from django import forms

from .models import Item


class ItemForm(forms.ModelForm):
    class Meta:
        model = Item
        fields = ["owner", "title", "price"]
"""
_URLS = """from django.urls import path

from . import views

urlpatterns = [
    path("", views.listing, name="{name}-listing"),
    path("<int:pk>/", views.detail, name="{name}-detail"),
    path("owners/", views.owners, name="{name}-owners"),
]
"""
_LISTING = """{% for item in items %}
  <a href="{% url '{name}-detail' item.pk %}">{{ item.owner.name }}</a>
{% endfor %}
"""
_SETTINGS = """SECRET_KEY = "not one"
ROOT_URLCONF = "site_of_apps.urls"
USE_TZ = True
INSTALLED_APPS = {apps!r}
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3"}}}}
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}]
"""
_MANAGE = """import os

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_apps.settings")
execute_from_command_line()
"""


def generate(folder: Path, count: int) -> Path:
    """Write a project of `count` applications into `folder`, each using the one before; the file to type in."""
    names = [f"app{number:03}" for number in range(count)]
    for number, name in enumerate(names):
        _application(folder / name, name, names[number - 1] if number else None)
    site = folder / "site_of_apps"
    includes = "\n".join(f'    path("{name}/", include("{name}.urls")),' for name in names)
    _write(site / "__init__.py", "")
    _write(site / "settings.py", _SETTINGS.format(apps=names))
    _write(site / "urls.py", f"from django.urls import include, path\n\nurlpatterns = [\n{includes}\n]\n")
    _write(folder / "manage.py", _MANAGE)
    return folder / names[count // 2] / "services.py"


def _application(folder: Path, name: str, before: str | None) -> None:
    imported = f"\n\nfrom {before}.models import Item as OtherItem" if before else ""
    other = "\n\ndef copied(owner):\n    return [other.owner.name for other in OtherItem.objects.all()]\n"
    _write(folder / "__init__.py", "")
    _write(folder / "models.py", _MODELS.format(name=name))
    _write(folder / "views.py", _VIEWS.format(name=name))
    _write(folder / "services.py", _SERVICES.format(import_other=imported, other=other if before else ""))
    _write(folder / "forms.py", _FORMS)
    _write(folder / "urls.py", _URLS.format(name=name))
    _write(folder / "migrations" / "__init__.py", "")
    _write(folder / "templates" / name / "listing.html", _LISTING.replace("{name}", name))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
