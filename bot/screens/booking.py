"""What stands in the way of a dispatch, in words: shown before it is asked for, and to the secretariat."""

from bot.text import t
from models.rules.booking import Problem


def reason(problem: Problem) -> str:
    """What is wrong."""
    return t(f"booking.{problem.code}", **problem.data)


def remedy(problem: Problem) -> str:
    """What to do about it."""
    return t(f"booking.{problem.code}_do", **problem.data)
