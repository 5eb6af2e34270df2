"""The conversation: knows LINE and Japanese, knows no database."""
