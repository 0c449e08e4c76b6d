from django.db import models


class ProductQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)

    def in_stock(self):
        return self.filter(stock__gt=0)

    def for_listing(self):
        return self.active().select_related("category").prefetch_related("notes")

    def running_low(self, threshold=10):
        return self.active().filter(stock__lt=threshold).order_by("stock", "name")
