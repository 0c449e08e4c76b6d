from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from .models import Address
from .services import customer_of, make_default, search_customers


@login_required
def profile(request):
    customer = customer_of(request.user)
    return render(request, "customers/profile.html", {"customer": customer, "addresses": customer.addresses.all()})


@login_required
@require_POST
def set_default_address(request, pk):
    address = get_object_or_404(Address, pk=pk, customer__user=request.user)
    make_default(address)
    messages.success(request, "Default address changed.")
    return redirect("customers:profile")


@staff_member_required
def search(request):
    term = request.GET.get("q", "").strip()
    return render(request, "customers/search.html", {"term": term, "customers": search_customers(term)[:50]})
