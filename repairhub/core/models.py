from django.db import models


class IdempotentRequest(models.Model):
    """What a request with this key was answered: the same key and body get the same answer."""

    scope = models.CharField(max_length=120)
    key = models.CharField(max_length=120)
    request_digest = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField()
    response_body = models.TextField(help_text="JSON as it was sent: a repetition is answered byte for byte.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotent_request_once")]

    def __str__(self) -> str:
        return self.key


class Tick(models.Model):
    """One row per job and minute: whoever inserts it runs the job, any number of beats may ask."""

    job = models.CharField(max_length=60)
    minute = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "minute"], name="tick_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.minute:%Y-%m-%d %H:%M}"
