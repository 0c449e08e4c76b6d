from django.contrib.contenttypes.fields import GenericRelation
from django.db.models.fields.related import ManyToManyRel, RelatedField, lazy_related_operation
from taggit.models import CommonGenericTaggedItemBase, TaggedItem

class TaggableManager(RelatedField):
    many_to_many = True

    def __init__(
        self, verbose_name=None, help_text="", through=None, blank=False, related_name=None, to=None, ordering=None,
        manager=None,
    ):
        self.through = through or TaggedItem
        rel = ManyToManyRel(self, to, related_name=related_name, through=self.through)
        super().__init__(verbose_name=verbose_name, blank=blank, null=True, serialize=False, rel=rel)

    def contribute_to_class(self, cls, name):
        self.name = name
        self.model = cls
        cls._meta.add_field(self)
        if cls._meta.abstract:
            return
        if isinstance(self.through, str):
            def through_found(cls, through, field):
                field.through = field.remote_field.through = through
                field.set_target(cls)

            lazy_related_operation(through_found, cls, self.through, field=self)
        else:
            self.set_target(cls)

    def set_target(self, cls):
        if not self.remote_field.model:
            self.remote_field.model = self.through._meta.get_field("tag").remote_field.model
        if issubclass(self.through, CommonGenericTaggedItemBase):
            GenericRelation(self.through).contribute_to_class(cls, "tagged_items")
