from django.db.models import CharField

class ColorField(CharField):
    def __init__(self, *args, **kwargs):
        kwargs.pop("samples", None)
        kwargs.pop("format", None)
        kwargs.pop("image_field", None)
        kwargs.setdefault("max_length", 25)
        super().__init__(*args, **kwargs)
