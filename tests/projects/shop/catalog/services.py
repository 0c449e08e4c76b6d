"""What the shop front shows, and how stock moves."""

from django.db.models import F

from .models import Category, Product


class OutOfStock(Exception):
    def __init__(self, product):
        super().__init__(f"{product.name} is sold out")
        self.product = product


def storefront_products(category=None, include_sold_out=False):
    products = Product.objects.for_listing()
    if category is not None:
        products = products.filter(category=category)
    if not include_sold_out:
        products.exclude(stock=0)
    return products.order_by("category__position", "name", "pk")


def visible_categories():
    return Category.objects.filter(is_visible=True)


def take_from_stock(product, quantity):
    """Reserve `quantity` pieces, or raise OutOfStock without changing anything."""
    taken = Product.objects.filter(pk=product.pk, stock__gte=quantity).update(stock=F("stock") - quantity)
    if not taken:
        raise OutOfStock(product)


def return_to_stock(product_id, quantity):
    Product.objects.filter(pk=product_id).update(stock=F("stock") + quantity)


def price_list():
    """Rows of the wholesale price list: category, SKU, name, price."""
    rows = []
    for category in visible_categories():
        for product in category.products.all():
            if product.is_active:
                rows.append((category.name, product.sku, product.name, product.price))
    return rows
