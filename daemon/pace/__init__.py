"""How long predictions take: what is learnt of each model, and when to ask for a prediction next."""
