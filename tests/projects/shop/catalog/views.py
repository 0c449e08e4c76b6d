import csv

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import DetailView

from .forms import StockForm
from .models import Category, Product
from .services import price_list, storefront_products, visible_categories


def product_list(request):
    category = None
    if slug := request.GET.get("category"):
        category = get_object_or_404(Category, slug=slug, is_visible=True)
    products = storefront_products(category, include_sold_out="all" in request.GET)
    page = Paginator(products, 24).get_page(request.GET.get("page"))
    context = {"page": page, "category": category, "categories": visible_categories()}
    return render(request, "catalog/product_list.html", context)


class ProductDetailView(DetailView):
    template_name = "catalog/product_detail.html"

    def get_queryset(self):
        return Product.objects.for_listing()


@staff_member_required
def price_list_csv(request):
    response = HttpResponse(content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="prices.csv"'
    writer = csv.writer(response)
    writer.writerow(["Category", "SKU", "Product", "Price"])
    writer.writerows(price_list())
    return response


@staff_member_required
def edit_stock(request, slug):
    product = get_object_or_404(Product, slug=slug)
    form = StockForm(request.POST or None, instance=product)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"Stock of {product.name} saved.")
        return redirect(product)
    return render(request, "catalog/edit_stock.html", {"product": product, "form": form})
