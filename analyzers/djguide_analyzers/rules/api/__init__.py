"""Rules about APIs built with Django REST framework."""
