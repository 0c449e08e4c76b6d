from django.core.mail import send_mail
from django.template.loader import render_to_string

from .models import Order


def send_confirmation(order_id):
    order = Order.objects.for_detail().get(pk=order_id)
    body = render_to_string("orders/confirmation.txt", {"order": order})
    send_mail(f"Your order {order.pk}", body, None, [order.customer.email])


def send_refund_notice(payment):
    customer = payment.order.customer
    send_mail(
        f"Refund for order {payment.order_id}",
        f"Dear {customer.name},\n\nwe have sent {payment.amount} € back to your account.\n",
        None,
        [customer.email],
    )
