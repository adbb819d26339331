"""What commands tell about money: what was spent beside what was charged, and what a run would spend."""
