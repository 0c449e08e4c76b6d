from django.contrib import admin

from .models import Category, FlavourNote, Product


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "position", "is_visible"]
    list_editable = ["position", "is_visible"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(FlavourNote)
class FlavourNoteAdmin(admin.ModelAdmin):
    search_fields = ["name"]


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["name", "sku", "category", "price", "stock", "is_active"]
    list_filter = ["category", "roast", "is_active"]
    list_select_related = ["category"]
    search_fields = ["name", "sku"]
    autocomplete_fields = ["notes"]
    prepopulated_fields = {"slug": ["name"]}
