from django.contrib import admin

from .models import Address, Customer


class AddressInline(admin.TabularInline):
    model = Address
    extra = 0


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ["name", "email", "phone", "wants_newsletter", "created_at"]
    list_filter = ["wants_newsletter"]
    search_fields = ["name", "email"]
    raw_id_fields = ["user"]
    inlines = [AddressInline]
