"""LINE: events in, messages and rich menus out, and the client that carries them."""
