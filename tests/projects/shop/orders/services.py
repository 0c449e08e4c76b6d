"""Everything that changes an order."""

from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.services import return_to_stock, take_from_stock

from .emails import send_confirmation, send_refund_notice
from .models import Order, OrderLine, Payment


class EmptyOrder(Exception):
    pass


class NotPossible(Exception):
    """The order is in a state that does not allow this."""


def open_orders():
    """Orders the warehouse still has to deal with, oldest first."""
    return Order.objects.open().order_by("placed_at", "pk")


def shipping_cost_for(goods_total):
    if goods_total >= Decimal(settings.SHOP_FREE_SHIPPING_FROM):
        return 0
    return settings.SHOP_SHIPPING_COST


@transaction.atomic
def place_order(customer, items, shipping_address=None):
    """Create an order for (product, quantity) pairs and take them from stock."""
    if not items:
        raise EmptyOrder
    goods_total = sum(product.price * quantity for product, quantity in items)
    order = Order.objects.create(
        customer=customer, shipping_address=shipping_address, shipping_cost=shipping_cost_for(goods_total)
    )
    for product, quantity in items:
        take_from_stock(product, quantity)
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product, quantity=quantity, unit_price=product.price)
        for product, quantity in items
    )
    transaction.on_commit(partial(send_confirmation, order.pk))
    return order


@transaction.atomic
def register_payment(order_id, amount):
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.status != Order.Status.PLACED:
        raise NotPossible(f"{order} is {order.get_status_display().lower()}")
    payment = Payment.objects.create(order=order, amount=amount)
    order.status = Order.Status.PAID
    order.save(update_fields=["status"])
    return payment


@transaction.atomic
def refund_payment(payment_id):
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if payment.refunded_at is not None:
        raise NotPossible(f"{payment.bank_reference} is refunded already")
    payment.refunded_at = timezone.now()
    payment.save(update_fields=["refunded_at"])
    transaction.on_commit(send_refund_notice(payment))
    return payment


@transaction.atomic
def ship_order(order_id):
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.lines.count() == 0:
        raise EmptyOrder
    if order.status != Order.Status.PAID:
        raise NotPossible(f"{order} is not paid")
    order.status = Order.Status.SHIPPED
    order.shipped_at = timezone.now()
    order.save(update_fields=["status", "shipped_at"])
    return order


@transaction.atomic
def cancel_order(order_id):
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.status != Order.Status.PLACED:
        raise NotPossible(f"{order} cannot be cancelled any more")
    for line in order.lines.all():
        return_to_stock(line.product_id, line.quantity)
    order.status = Order.Status.CANCELLED
    order.save(update_fields=["status"])
    return order


def loyalty_level(customer):
    shipped = len(Order.objects.filter(customer=customer, status=Order.Status.SHIPPED))
    if shipped >= 20:
        return "gold"
    return "silver" if shipped >= 5 else "none"
