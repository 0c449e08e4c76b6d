from django.urls import path

from . import views

app_name = "orders"

urlpatterns = [
    path("", views.OrderListView.as_view(), name="list"),
    path("place/", views.place_order, name="place"),
    path("<int:pk>/", views.OrderDetailView.as_view(), name="detail"),
    path("<int:pk>/cancel/", views.cancel_order, name="cancel"),
    path("<int:pk>/ship/", views.ship_order, name="ship"),
    path("warehouse/", views.warehouse, name="warehouse"),
    path("warehouse/picking.json", views.picking_list, name="picking-list"),
]
