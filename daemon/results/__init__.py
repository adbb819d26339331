"""What a job leaves behind: results in the outbox, each with its record, and a source that is put away."""
