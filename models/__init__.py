"""What exists and what is allowed: rules, views, notices and tables. Imports nothing from the floors above."""
