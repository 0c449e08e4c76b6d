"""What rendering a template does to the database."""
