from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, ListView

from catalog.services import OutOfStock
from customers.services import customer_of

from . import services
from .forms import PlaceOrderForm
from .models import Order


class OrderListView(LoginRequiredMixin, ListView):
    template_name = "orders/order_list.html"
    paginate_by = 20

    def get_queryset(self):
        return Order.objects.filter(customer__user=self.request.user).with_goods_total().order_by("-placed_at", "-pk")


class OrderDetailView(LoginRequiredMixin, DetailView):
    template_name = "orders/order_detail.html"

    def get_queryset(self):
        return Order.objects.for_detail().filter(customer__user=self.request.user)


@login_required
@require_POST
def place_order(request):
    form = PlaceOrderForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That did not work. Please try again.")
        return redirect("catalog:product-list")
    customer = customer_of(request.user)
    address = customer.addresses.filter(is_default=True).first()
    try:
        order = services.place_order(customer, [(form.product, form.cleaned_data["quantity"])], address)
    except OutOfStock as error:
        messages.error(request, str(error))
        return redirect(form.product)
    return redirect(order)


@login_required
@require_POST
def cancel_order(request, pk):
    order = get_object_or_404(Order, pk=pk, customer__user=request.user)
    try:
        services.cancel_order(order.pk)
    except services.NotPossible as error:
        messages.error(request, str(error))
    return redirect("orders:list")


@staff_member_required
def picking_list(request):
    """What the warehouse screen polls: every open order with its recipient."""
    entries = []
    for order in services.open_orders():
        entries.append(
            {
                "order": order.pk,
                "customer": order.customer.name,
                "placed_at": order.placed_at.isoformat(),
                "paid": order.status == Order.Status.PAID,
            }
        )
    return JsonResponse({"orders": entries})


@staff_member_required
@require_POST
def ship_order(request, pk):
    order = get_object_or_404(Order, pk=pk)
    try:
        services.ship_order(order.pk)
    except (services.NotPossible, services.EmptyOrder) as error:
        messages.error(request, str(error) or "There is nothing to ship.")
    return redirect("orders:warehouse")


@staff_member_required
def warehouse(request):
    orders = services.open_orders().select_related("customer").prefetch_related("lines__product")
    return render(request, "orders/warehouse.html", {"orders": orders})
