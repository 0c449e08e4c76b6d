"""Run in the shop's folder: the number of queries of each page, with as many rows as the first argument says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.apps import apps

PAGES = {
    "product_list": "/?category=c0",
    "ProductDetailView": "/coffee/p0-0/",
    "price_list_csv": "/prices.csv",
    "edit_stock": "/coffee/p0-0/stock/",
    "search": "/customers/search/",
    "OrderListView": "/orders/",
    "OrderDetailView": "/orders/1/",
    "picking_list": "/orders/warehouse/picking.json",
    "warehouse": "/orders/warehouse/",
}
OF_MIDDLEWARE = ('FROM "django_session"', 'FROM "auth_user"')


def fill(rows: int) -> Any:
    """That many categories of so many products, customers and orders; a user who may see them all."""
    rows_of = {
        label: apps.get_model(label).objects  # type: ignore[attr-defined]
        for label in (
            "auth.User", "catalog.Category", "catalog.FlavourNote", "catalog.Product",
            "customers.Customer", "customers.Address", "orders.Order",
        )
    }  # fmt: skip
    user = rows_of["auth.User"].create_superuser("anna", "anna@example.com", "secret")
    notes = [rows_of["catalog.FlavourNote"].create(name=f"note {n}") for n in range(rows)]
    products = []
    for c in range(rows):
        category = rows_of["catalog.Category"].create(name=f"Category {c}", slug=f"c{c}")
        for p in range(rows):
            name = f"p{c}-{p}"
            values = {"sku": name, "name": name, "slug": name, "price": 5, "stock": 9}
            products.append(rows_of["catalog.Product"].create(category=category, **values))
            products[-1].notes.set(notes)
    for n in range(rows):
        customer = rows_of["customers.Customer"].create(
            name=f"Customer {n}", email=f"c{n}@example.com", user=None if n else user
        )
        address = rows_of["customers.Address"].create(
            customer=customer, street="Street", postcode="1", city="Oslo"
        )
        order = rows_of["orders.Order"].create(customer=customer, shipping_address=address)
        for product in products[:rows]:
            order.lines.create(product=product, unit_price=5)
    return user


def main() -> None:
    sys.path.insert(0, str(Path.cwd()))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "SHOP_DATABASE": ":memory:"}
    django.setup()

    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    call_command("migrate", verbosity=0)
    client: Any = Client(headers={"host": "localhost"})
    client.force_login(fill(int(sys.argv[1])))
    counts: dict[str, int] = {}
    for name, url in PAGES.items():
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url)
        assert response.status_code == 200, (name, response.status_code)
        told = [query["sql"] for query in queries]
        counts[name] = sum(not any(part in sql for part in OF_MIDDLEWARE) for sql in told)
    print(json.dumps(counts))


main()
