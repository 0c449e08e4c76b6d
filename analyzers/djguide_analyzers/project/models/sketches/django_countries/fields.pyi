from django.db.models.fields import CharField

class CountryField(CharField):
    def __init__(self, *args, **kwargs):
        kwargs.pop("countries", None)
        kwargs.pop("countries_flag_url", None)
        kwargs.pop("blank_label", None)
        self.multiple = kwargs.pop("multiple", False)
        kwargs.pop("multiple_unique", None)
        kwargs.pop("multiple_sort", None)
        if "max_length" not in kwargs:
            # 249 two-letter codes with commas between them
            kwargs["max_length"] = 249 * 3 - 1 if self.multiple else 2
        super().__init__(*args, **kwargs)
