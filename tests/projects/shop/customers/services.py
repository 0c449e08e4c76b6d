from django.db import transaction
from django.db.models import Count, Q

from .models import Address, Customer


def search_customers(term):
    """Customers whose name or e-mail address contains `term`."""
    customers = Customer.objects.annotate(order_count=Count("orders")).order_by("name", "pk")
    if not term:
        return customers
    return customers.filter(Q(name__icontains=term) or Q(email__icontains=term))


def newsletter_recipients():
    return Customer.objects.filter(wants_newsletter=True).exclude(email="").values_list("email", flat=True)


def customer_of(user):
    """The customer behind a login, created on first use."""
    customer, _ = Customer.objects.get_or_create(
        user=user, defaults={"email": user.email, "name": user.get_full_name() or user.get_username()}
    )
    return customer


@transaction.atomic
def make_default(address):
    Address.objects.filter(customer_id=address.customer_id, is_default=True).update(is_default=False)
    address.is_default = True
    address.save(update_fields=["is_default"])
