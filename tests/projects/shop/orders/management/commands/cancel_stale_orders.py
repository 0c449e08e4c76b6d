from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.models import Order
from orders.services import NotPossible, cancel_order


class Command(BaseCommand):
    help = "Cancel orders that were not paid in time and put their goods back into stock."

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, default=settings.SHOP_UNPAID_ORDER_DAYS, help="Age in days from which an order is stale"
        )
        parser.add_argument("--dry-run", action="store_true", help="Only list the orders")

    def handle(self, *args, **options):
        limit = timezone.now() - timedelta(days=options["days"])
        cancelled = 0
        for order in Order.objects.unpaid_since(limit).order_by("pk").iterator():
            if options["dry_run"]:
                print(f"{order} would be cancelled")
                continue
            try:
                cancel_order(order.pk)
            except NotPossible as error:
                self.stderr.write(str(error))
            else:
                cancelled += 1
        self.stdout.write(self.style.SUCCESS(f"{cancelled} orders cancelled"))
