"""The only door to the database, the files and the mail."""
