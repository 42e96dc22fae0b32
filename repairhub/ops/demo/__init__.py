"""Pages that exist only where settings.DEMO is on: who can sign in, and every message that left."""
