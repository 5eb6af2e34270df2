"""The forms: each reads like the talk it produces, with a flowchart beside it."""
