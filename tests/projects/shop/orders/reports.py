"""Figures and lists for the back office."""

from django.db.models import Count, DecimalField, ExpressionWrapper, F, Sum
from django.db.models.functions import TruncMonth

from .models import Order, OrderLine


def revenue_by_month():
    """One row per month with the number of lines sold and their value."""
    value = ExpressionWrapper(
        F("unit_price") * F("quantity"), output_field=DecimalField(max_digits=12, decimal_places=2)
    )
    return (
        OrderLine.objects.filter(order__status=Order.Status.SHIPPED)
        .annotate(month=TruncMonth("order__shipped_at"))
        .values("month")
        .annotate(lines=Count("pk"), revenue=Sum(value))
        .order_by("month")
    )


def best_sellers(limit=10):
    return (
        OrderLine.objects.exclude(order__status=Order.Status.CANCELLED)
        .values("product__name")
        .annotate(sold=Sum("quantity"))
        .order_by("-sold", "product__name")[:limit]
    )


def delivery_list(start, end):
    """Lines for the carrier: order number, recipient city, parcel weight in grams."""
    deliveries = []
    for order in Order.objects.deliveries(start, end).prefetch_related("lines__product"):
        city = order.shipping_address.city if order.shipping_address_id else "collected"
        weight = sum(line.product.weight_grams * line.quantity for line in order.lines.all())
        deliveries.append((order.pk, city, weight))
    return deliveries
