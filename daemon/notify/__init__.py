"""Messages to people: what they are about, how they are grouped, that they arrive. No job waits for any of it."""
