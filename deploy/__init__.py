"""How the service is put where it runs; nothing of this is part of what runs."""
