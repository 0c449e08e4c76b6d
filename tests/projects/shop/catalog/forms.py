from django import forms

from .models import Product


class StockForm(forms.ModelForm):
    class Meta:
        model = Product
        fields = ["stock", "is_active"]

    def clean(self):
        data = super().clean()
        if data.get("is_active") and data.get("stock") == 0 and self.instance.released_on is None:
            raise forms.ValidationError("A product without a release date cannot be active and sold out.")
        return data
