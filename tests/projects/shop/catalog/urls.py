from django.urls import path

from . import views

app_name = "catalog"

urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("prices.csv", views.price_list_csv, name="price-list"),
    path("coffee/<slug:slug>/", views.ProductDetailView.as_view(), name="product-detail"),
    path("coffee/<slug:slug>/stock/", views.edit_stock, name="edit-stock"),
]
