from django.urls import path

from . import views

app_name = "customers"

urlpatterns = [
    path("me/", views.profile, name="profile"),
    path("me/addresses/<int:pk>/default/", views.set_default_address, name="set-default-address"),
    path("search/", views.search, name="search"),
]
