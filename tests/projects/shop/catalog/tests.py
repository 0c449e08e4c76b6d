from decimal import Decimal

from django.test import TestCase
from django.urls import reverse

from .models import Category, FlavourNote, Product
from .services import OutOfStock, price_list, return_to_stock, take_from_stock


class CatalogTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.filter = Category.objects.create(name="Filter", slug="filter")
        cls.hidden = Category.objects.create(name="Samples", slug="samples", is_visible=False)
        cls.yirga = Product.objects.create(
            category=cls.filter, sku="ETH-01", name="Yirgacheffe", slug="yirgacheffe", price=Decimal("14.50"), stock=3
        )
        cls.yirga.notes.add(FlavourNote.objects.create(name="jasmine"))
        Product.objects.create(
            category=cls.hidden, sku="SMP-01", name="Sample", slug="sample", price=Decimal("1.00"), stock=1
        )

    def test_product_list_runs_few_queries(self):
        with self.assertNumQueries(4):
            response = self.client.get(reverse("catalog:product-list"), {"all": "1"})
        self.assertContains(response, "Yirgacheffe")
        self.assertContains(response, "jasmine")

    def test_product_detail(self):
        response = self.client.get(self.yirga.get_absolute_url())
        self.assertContains(response, "58.00 € per kilo")

    def test_stock_never_goes_below_zero(self):
        take_from_stock(self.yirga, 2)
        with self.assertRaises(OutOfStock):
            take_from_stock(self.yirga, 2)
        return_to_stock(self.yirga.pk, 1)
        self.yirga.refresh_from_db()
        self.assertEqual(self.yirga.stock, 2)

    def test_price_list_leaves_out_hidden_categories(self):
        self.assertEqual(price_list(), [("Filter", "ETH-01", "Yirgacheffe", Decimal("14.50"))])
