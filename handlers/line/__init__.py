"""LINE's side: the webhook that stores, the worker that answers."""
