"""How a person begins: the demo, a first configuration, a service of their own."""
