from django.conf import settings
from django.db import models

class DeviceManager(models.Manager): ...

class Device(models.Model):
    user = models.ForeignKey(getattr(settings, "AUTH_USER_MODEL", "auth.User"), on_delete=models.CASCADE)
    name = models.CharField(max_length=64)
    confirmed = models.BooleanField(default=True)

    objects = DeviceManager()

    class Meta:
        abstract = True

class SideChannelDevice(Device):
    token = models.CharField(max_length=16, blank=True, null=True)
    valid_until = models.DateTimeField()

    class Meta:
        abstract = True

class CooldownMixin(models.Model):
    last_generated_timestamp = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

class ThrottlingMixin(models.Model):
    throttling_failure_timestamp = models.DateTimeField(null=True, blank=True, default=None)
    throttling_failure_count = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

class TimestampMixin(models.Model):
    created_at = models.DateTimeField(auto_now_add=True, null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
