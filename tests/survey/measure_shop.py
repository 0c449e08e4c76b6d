"""Run in the shop's folder: how many queries each page runs for as many rows as the first argument says, as JSON."""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["SHOP_DATABASE"] = ":memory:"

import django

django.setup()

from catalog.models import Category, FlavourNote, Product
from customers.models import Address, Customer
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from orders.models import Order

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


def fill(rows: int) -> User:
    user = User.objects.create_superuser("anna", "anna@example.com", "secret")
    notes = [FlavourNote.objects.create(name=f"note {n}") for n in range(rows)]
    for c in range(rows):
        category = Category.objects.create(name=f"Category {c}", slug=f"c{c}")
        for p in range(rows):
            name = f"p{c}-{p}"
            product = Product.objects.create(category=category, sku=name, name=name, slug=name, price=5, stock=9)
            product.notes.set(notes)
    products = list(Product.objects.all()[:rows])
    for n in range(rows):
        customer = Customer.objects.create(name=f"Customer {n}", email=f"c{n}@example.com", user=None if n else user)
        address = Address.objects.create(customer=customer, street="Street", postcode="1", city="Oslo")
        owner = Customer.objects.get(user=user)
        order = Order.objects.create(customer=customer if n else owner, shipping_address=address)
        for product in products:
            order.lines.create(product=product, unit_price=5)
    return user


def main() -> None:
    call_command("migrate", verbosity=0)
    client = Client(headers={"host": "localhost"})
    client.force_login(fill(int(sys.argv[1])))
    counts = {}
    for name, url in PAGES.items():
        with CaptureQueriesContext(connection, ) as queries:
            response = client.get(url)
        assert response.status_code == 200, (name, response.status_code)
        told = [q["sql"] for q in queries if not any(part in q["sql"] for part in OF_MIDDLEWARE)]
        counts[name] = len(told)
    print(json.dumps(counts))


main()
