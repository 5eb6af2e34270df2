"""Registration: consent, draft, submission, decisions (`domain.md` 2)."""
