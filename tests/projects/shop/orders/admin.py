from django.contrib import admin

from .models import Order, OrderLine, Payment


class OrderLineInline(admin.TabularInline):
    model = OrderLine
    extra = 0
    autocomplete_fields = ["product"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["pk", "customer", "status", "placed_at", "shipped_at"]
    list_filter = ["status"]
    list_select_related = ["customer"]
    date_hierarchy = "placed_at"
    search_fields = ["=pk", "customer__name", "customer__email"]
    autocomplete_fields = ["customer"]
    raw_id_fields = ["shipping_address"]
    inlines = [OrderLineInline]


@admin.register(Payment)
class PaymentAdmin(admin.ModelAdmin):
    list_display = ["pk", "order", "amount", "received_at", "refunded_at"]
    list_select_related = ["order"]
    raw_id_fields = ["order"]
