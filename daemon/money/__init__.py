"""What jobs cost as far as that is known, what was spent on each day, and what may be spent."""
