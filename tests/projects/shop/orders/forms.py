from django import forms

from catalog.models import Product


class PlaceOrderForm(forms.Form):
    sku = forms.CharField(max_length=20)
    quantity = forms.IntegerField(min_value=1, max_value=100)

    def clean_sku(self):
        sku = self.cleaned_data["sku"]
        try:
            self.product = Product.objects.active().get(sku=sku)
        except Product.DoesNotExist:
            raise forms.ValidationError("We don't sell this any more.") from None
        return sku
