from django.contrib.auth import get_user_model
from django.test import TestCase
from django.urls import reverse

from .models import Address, Customer
from .services import customer_of, make_default, newsletter_recipients, search_customers


class CustomerTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = get_user_model().objects.create_user("ingrid", "ingrid@example.com", "secret-Kaffe-1")
        cls.customer = Customer.objects.create(user=cls.user, name="Ingrid Dahl", email="ingrid@example.com")
        cls.home = Address.objects.create(
            customer=cls.customer, street="Storgata 1", postcode="0155", city="Oslo", is_default=True
        )
        cls.cabin = Address.objects.create(customer=cls.customer, street="Fjellveien 8", postcode="3580", city="Geilo")

    def test_search_by_name(self):
        self.assertEqual([customer.name for customer in search_customers("dahl")], ["Ingrid Dahl"])
        self.assertEqual(list(search_customers("hansen")), [])

    def test_default_address_moves(self):
        make_default(self.cabin)
        self.assertEqual(Address.objects.get(customer=self.customer, is_default=True), self.cabin)

    def test_login_keeps_its_customer(self):
        self.assertEqual(customer_of(self.user), self.customer)

    def test_newsletter_is_opt_in(self):
        self.assertEqual(list(newsletter_recipients()), [])

    def test_profile_shows_addresses(self):
        self.client.force_login(self.user)
        response = self.client.get(reverse("customers:profile"))
        self.assertContains(response, "Storgata 1, 0155 Oslo")
