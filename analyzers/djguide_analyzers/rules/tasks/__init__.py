"""Rules about Celery tasks."""
