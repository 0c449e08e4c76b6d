from django.db import models
from django.db.models import DecimalField, ExpressionWrapper, F, Sum


class OrderQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status__in=[self.model.Status.PLACED, self.model.Status.PAID])

    def unpaid_since(self, moment):
        return self.filter(status=self.model.Status.PLACED, placed_at__lt=moment)

    def shipped_between(self, start, end):
        return self.filter(status=self.model.Status.SHIPPED, shipped_at__gte=start, shipped_at__lt=end)

    def with_goods_total(self):
        line_total = ExpressionWrapper(
            F("lines__unit_price") * F("lines__quantity"), output_field=DecimalField(max_digits=10, decimal_places=2)
        )
        return self.annotate(goods_total_in_list=Sum(line_total))

    def for_detail(self):
        return self.select_related("customer", "shipping_address").prefetch_related("lines__product")


class OrderManager(models.Manager.from_queryset(OrderQuerySet)):
    def deliveries(self, start, end):
        """What left the warehouse between two moments, oldest first."""
        return self.shipped_between(start, end).order_by("shipped_at", "pk")
