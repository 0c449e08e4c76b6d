from datetime import timedelta
from decimal import Decimal
from io import StringIO

from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from catalog.models import Category, Product
from catalog.services import OutOfStock
from customers.models import Address, Customer

from . import reports, services
from .models import Order, OrderLine


class OrderTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        users = get_user_model().objects
        cls.user = users.create_user("ingrid", "ingrid@example.com", "secret-Kaffe-1")
        cls.staff = users.create_user("olav", "olav@example.com", "secret-Kaffe-2", is_staff=True)
        cls.customer = Customer.objects.create(user=cls.user, name="Ingrid Dahl", email=cls.user.email)
        cls.address = Address.objects.create(
            customer=cls.customer, street="Storgata 1", postcode="0155", city="Oslo", is_default=True
        )
        category = Category.objects.create(name="Espresso", slug="espresso")
        cls.coffee = Product.objects.create(
            category=category, sku="BRA-01", name="Santos", slug="santos", price=Decimal("12.00"), stock=5
        )

    def place(self, quantity=2):
        return services.place_order(self.customer, [(self.coffee, quantity)], self.address)

    def test_placing_takes_stock_and_confirms(self):
        with self.captureOnCommitCallbacks(execute=True):
            order = self.place()
        self.coffee.refresh_from_db()
        self.assertEqual(self.coffee.stock, 3)
        self.assertEqual(order.total, Decimal("28.90"))
        self.assertIn("2 x Santos: 24.00 €", mail.outbox[0].body)

    def test_sold_out_leaves_nothing_behind(self):
        with self.assertRaises(OutOfStock):
            self.place(quantity=6)
        self.assertFalse(Order.objects.exists())

    def test_empty_order_is_refused(self):
        with self.assertRaises(services.EmptyOrder):
            services.place_order(self.customer, [])

    def test_paid_orders_are_shipped_and_reported(self):
        order = self.place()
        with self.assertRaises(services.NotPossible):
            services.ship_order(order.pk)
        payment = services.register_payment(order.pk, order.total)
        self.assertTrue(payment.bank_reference.startswith("FC-0"))
        services.ship_order(order.pk)
        now = timezone.now()
        self.assertEqual(
            reports.delivery_list(now - timedelta(hours=1), now + timedelta(hours=1)), [(order.pk, "Oslo", 500)]
        )
        self.assertEqual([row["revenue"] for row in reports.revenue_by_month()], [Decimal("24.00")])
        self.assertEqual(list(reports.best_sellers()), [{"product__name": "Santos", "sold": 2}])
        self.assertEqual(services.loyalty_level(self.customer), "none")

    def test_stale_orders_are_cancelled(self):
        order = self.place()
        Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - timedelta(days=30))
        output = StringIO()
        call_command("cancel_stale_orders", stdout=output)
        order.refresh_from_db()
        self.coffee.refresh_from_db()
        self.assertEqual(order.status, Order.Status.CANCELLED)
        self.assertEqual(self.coffee.stock, 5)
        self.assertIn("1 orders cancelled", output.getvalue())

    def test_ordering_through_the_shop(self):
        self.client.force_login(self.user)
        response = self.client.post(reverse("orders:place"), {"sku": "BRA-01", "quantity": "1"}, follow=True)
        self.assertContains(response, "Total with shipping")
        self.assertEqual(OrderLine.objects.get().quantity, 1)
        self.assertContains(self.client.get(reverse("orders:list")), "12.00 €")

    def test_warehouse_sees_open_orders(self):
        order = self.place()
        self.client.force_login(self.staff)
        response = self.client.get(reverse("orders:picking-list"))
        self.assertEqual(response.json()["orders"][0]["customer"], "Ingrid Dahl")
        self.assertContains(self.client.get(reverse("orders:warehouse")), str(order))

    def test_others_do_not_see_the_order(self):
        order = self.place()
        self.client.force_login(self.staff)
        self.assertEqual(self.client.get(order.get_absolute_url()).status_code, 404)
